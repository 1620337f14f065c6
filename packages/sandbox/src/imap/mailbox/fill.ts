import { readCorpusFile } from '../../corpus/files.ts'
import { corpusMailbox } from '../../corpus/fill.ts'
import { headerText } from '../../generate/charsets.ts'
import { generateMessage } from '../../generate/generate.ts'
import { textEntity, writeEntity } from '../../generate/mime-builder.ts'
import { person } from '../../generate/people.ts'
import { indexHeaders } from '../../mailbox/header-index.ts'
import type { RawRef } from '../../mailbox/types.ts'
import { seeded } from '../../random.ts'
import { withCrlf } from './crlf.ts'
import type { NewPlace, SpecialUse, StoredFolder, StoredPlace } from './types.ts'

const STANDARD: readonly (readonly [path: string, use?: SpecialUse])[] = [
  ['INBOX'],
  ['Archive', '\\Archive'],
  ['Drafts', '\\Drafts'],
  ['Junk', '\\Junk'],
  ['Sent', '\\Sent'],
  ['Trash', '\\Trash'],
]
const OWN = ['Receipts', 'Travel']
const TRAVEL = /Lisbon|Rotterdam|Invitation/
/** Made-up mail among the corpus, so that the folders of one's own hold something, and unfinished drafts. */
const GENERATED = 24
const DRAFTS = 2
const FEWEST_FOR_BOTH = 50
const HOUR_MS = 3_600_000

export interface Filled {
  folders: StoredFolder[]
  places: { folder: number; place: StoredPlace }[]
}

/** Folders, the middle of the corpus, and from 50 messages on some made-up mail. UIDs go by date in each folder. */
export function filledMailbox(options: {
  count: number
  now: number
  seed: number
  owner: { email: string; name: string }
  firstUidValidity: number
  /** Keeps the bytes of a message. */
  keep: (raw: Buffer) => RawRef
}): Filled {
  const { count, now, seed } = options
  const byPath = new Map<string, { use: SpecialUse | null; mail: NewPlace[] }>()
  const folderAt = (path: string, use: SpecialUse | null = null): { mail: NewPlace[] } => {
    const folder = byPath.get(path) ?? { use, mail: [] }
    byPath.set(path, folder)
    return folder
  }
  for (const [path, use] of STANDARD) folderAt(path, use)
  const both = count >= FEWEST_FOR_BOTH
  const wanted = both ? count - GENERATED - DRAFTS : count
  const corpus =
    wanted > 0 ? corpusMailbox({ count: wanted, now, seed, firstHistory: 0, part: 'middle' }) : null
  const names = new Map(corpus?.labels.map(({ id, name }) => [id, name]))
  for (const name of names.values()) for (const path of ancestry(name)) folderAt(path)
  for (const { raw, labels, date } of corpus?.messages ?? []) {
    const size = 'corpus' in raw ? withCrlf(readCorpusFile(raw.corpus)).length : 0
    folderAt(pathOf(labels, names)).mail.push({ raw, flags: flagsOf(labels), date, size })
  }
  if (both) {
    for (const path of OWN) folderAt(path)
    for (const { path, raw, flags, date } of [...madeUpMail(options), ...drafts(options)]) {
      const bytes = withCrlf(raw)
      folderAt(path).mail.push({ raw: options.keep(bytes), flags, date, size: bytes.length })
    }
  }
  return numbered(byPath, options.firstUidValidity)
}

function numbered(
  byPath: ReadonlyMap<string, { use: SpecialUse | null; mail: NewPlace[] }>,
  firstUidValidity: number,
): Filled {
  const filled: Filled = { folders: [], places: [] }
  for (const [path, { use, mail }] of byPath) {
    const id = filled.folders.length + 1
    const uidValidity = firstUidValidity + id - 1
    filled.folders.push({
      id,
      path,
      specialUse: use,
      uidValidity,
      uidNext: mail.length + 1,
      highestModseq: 1,
    })
    mail.sort((a, b) => a.date - b.date)
    for (const [i, place] of mail.entries())
      filled.places.push({
        folder: id,
        place: { ...place, uid: i + 1, modseq: 1, flags: [...place.flags].sort() },
      })
  }
  return filled
}

function ancestry(path: string): string[] {
  const words = path.split('/')
  return words.map((_, i) => words.slice(0, i + 1).join('/'))
}

function pathOf(labels: readonly string[], names: ReadonlyMap<string, string>): string {
  if (labels.includes('spam')) return 'Junk'
  if (labels.includes('trash')) return 'Trash'
  if (labels.includes('sent')) return 'Sent'
  if (labels.includes('inbox')) return 'INBOX'
  const own = labels.find(label => names.has(label))
  return names.get(own ?? '') ?? 'Archive'
}

/** The sandbox's labels as flags. */
export function flagsOf(labels: readonly string[]): string[] {
  return [
    ...(labels.includes('unread') ? [] : ['\\Seen']),
    ...(labels.includes('starred') ? ['\\Flagged'] : []),
  ]
}

interface MadeUp {
  path: string
  raw: Buffer
  flags: string[]
  date: number
}

interface For {
  now: number
  seed: number
  owner: { email: string; name: string }
}

function madeUpMail({ now, seed, owner }: For): MadeUp[] {
  return Array.from({ length: GENERATED }, (_, index) => {
    const date = now - (GENERATED - index) * 5 * HOUR_MS
    const { raw, labels } = generateMessage({ seed, index, to: owner, now: date })
    const { subject } = indexHeaders(raw).index
    const own = /receipt|invoice/i.test(subject) ? 'Receipts' : TRAVEL.test(subject) ? 'Travel' : null
    return { path: own ?? 'INBOX', raw, flags: own ? ['\\Seen'] : flagsOf(labels), date }
  })
}

function drafts({ now, seed, owner }: For): MadeUp[] {
  const random = seeded(`drafts:${seed}`)
  return Array.from({ length: DRAFTS }, (_, index) => {
    const { name, email } = person(random)
    const date = now - (index * 20 + 1) * HOUR_MS
    const raw = writeEntity(textEntity('Before I forget: '), [
      ['From', `"${owner.name}" <${owner.email}>`],
      ['To', email],
      ['Subject', headerText(`A question for ${name.split(' ')[0]}`)],
      ['Date', new Date(date).toUTCString().replace('GMT', '+0000')],
      ['Message-ID', `<${random.hex(24)}@${owner.email.split('@')[1]}>`],
      ['MIME-Version', '1.0'],
    ])
    return { path: 'Drafts', raw, flags: ['\\Draft', '\\Seen'], date }
  })
}
