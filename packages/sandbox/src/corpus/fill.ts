import { type IndexedHeaders, indexHeaders } from '../mailbox/header-index.ts'
import { messageIdAt } from '../mailbox/ids.ts'
import { Threads } from '../mailbox/threading.ts'
import type { StoredLabel, StoredMessage } from '../mailbox/types.ts'
import { type Random, seeded } from '../random.ts'
import { type CorpusSet, corpusFiles, readWithEnvelopeDate } from './files.ts'
import { foldersOf, labelsFor } from './labels.ts'

const DAY = 24 * 3600_000
/** The corpus has months with few messages; no silence in the shifted mailbox lasts longer than this. */
const LONGEST_GAP_MS = 2 * 3600_000
const NEWEST_AGE_MS = 4 * 60_000

interface Candidate {
  file: number
  set: CorpusSet
  size: number
  headers: IndexedHeaders
  date: number
}

type CorpusPart = 'newest' | 'middle' | 'oldest'

let cache: Candidate[] | null = null

/**
 * A believable mailbox out of the corpus: order kept, moved in time so that the newest is a few
 * minutes old, threaded, labelled. The same seed, time and count give the same ids. Each kind of account takes another
 * part of the corpus: then the mailboxes of one person do not show the same mail at the same time.
 */
export function corpusMailbox(options: {
  count: number
  now: number
  seed: number
  firstHistory: number
  part?: CorpusPart
}): {
  messages: StoredMessage[]
  labels: StoredLabel[]
  history: number
} {
  const random = seeded(options.seed)
  const chosen = choose(candidates(), options.count, options.part ?? 'newest')
  shiftDates(chosen, options.now)
  const folders = foldersOf(chosen.map(c => c.headers))
  const threading = new Threads()
  const used = new Set<string>()
  const messages: StoredMessage[] = []
  let history = options.firstHistory
  chosen.forEach((candidate, i) => {
    const { headers, date, size, file } = candidate
    let id = messageIdAt(date, random.int(0x100000))
    while (used.has(id)) id = messageIdAt(date, random.int(0x100000))
    used.add(id)
    history += 1 + random.int(5)
    const age = chosen.length - 1 - i
    const labels = labelsFor({ set: candidate.set, headers, recency: age / chosen.length, folders }, random)
    const threadId = threading.find(headers, date) ?? id
    const message: StoredMessage = {
      id,
      threadId,
      labels,
      date,
      history,
      size,
      raw: { corpus: file },
      index: headers.index,
    }
    threading.add(message)
    messages.push(message)
  })
  return { messages, labels: folders.labels, history: history + 1 }
}

/** Reads every header once per process, oldest first. */
function candidates(): Candidate[] {
  if (cache) return cache.map(c => ({ ...c }))
  const random = seeded('dates')
  cache = corpusFiles().map((file, index) => {
    const { raw, envelopeDate } = readWithEnvelopeDate(index)
    const headers = indexHeaders(raw)
    return {
      file: index,
      set: file.set,
      size: raw.length,
      headers,
      date: saneDate(headers.date, envelopeDate, random),
    }
  })
  cache.sort((a, b) => a.date - b.date || a.file - b.file)
  return cache.map(c => ({ ...c }))
}

const EARLIEST = Date.UTC(2001, 1, 1)
const LATEST = Date.UTC(2002, 11, 31)

/** The Date header lies at times (1980, 2028, two-digit years): the envelope's date decides then. */
function saneDate(header: number, envelope: number, random: Random): number {
  if (!Number.isNaN(envelope)) return Math.abs(header - envelope) < 2 * DAY ? header : envelope
  if (header >= EARLIEST && header <= LATEST) return header
  return Date.UTC(2002, 7, 1) + random.int(60 * DAY)
}

/** `count` of that part, with ham, hard ham and spam in the proportion of a lived-in mailbox. */
function choose(all: Candidate[], count: number, part: CorpusPart): Candidate[] {
  if (count >= all.length) return all
  const hard = Math.round(count * 0.06)
  const spam = Math.round(count * 0.14)
  const some = (keep: number, is: (set: CorpusSet) => boolean): Candidate[] => {
    const found = all.filter(c => is(c.set))
    const spare = Math.max(0, found.length - keep)
    const from = part === 'newest' ? spare : part === 'middle' ? spare >> 1 : 0
    return found.slice(from, from + keep)
  }
  const chosen = [
    ...some(count - hard - spam, set => set.startsWith('easy')),
    ...some(hard, set => set.startsWith('hard')),
    ...some(spam, set => set.startsWith('spam')),
  ]
  return chosen.sort((a, b) => a.date - b.date || a.file - b.file)
}

function shiftDates(sorted: Candidate[], now: number): void {
  let at = now - NEWEST_AGE_MS
  let previous = sorted.at(-1)?.date ?? 0
  for (let i = sorted.length - 1; i >= 0; i--) {
    const candidate = sorted[i]
    if (!candidate) continue
    const original = candidate.date
    at -= Math.min(LONGEST_GAP_MS, previous - original)
    previous = original
    candidate.date = at
  }
}
