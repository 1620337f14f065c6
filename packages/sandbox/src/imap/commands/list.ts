import type { ImapMailbox } from '../mailbox/imap-mailbox.ts'
import { normalPath } from '../mailbox/imap-mailbox.ts'
import type { Session } from '../session.ts'
import type { Args } from '../wire/args.ts'
import { bad } from '../wire/refusal.ts'
import type { Token } from '../wire/tokens.ts'
import { decodeName } from '../wire/utf7.ts'
import { type Commands, folderAt, mailboxOf } from './command.ts'
import { nameOf, statusItems, statusLine } from './status.ts'

const DELIMITER = Buffer.from('/')

/** Names that match any of the patterns: `*` is anything, `%` anything within one level. */
function matcher(reference: string, patterns: readonly string[]): (path: string) => boolean {
  const sources = patterns.map(pattern =>
    normalPath(decodeName(reference + pattern))
      .replace(/[*%]{2,}/g, run => (run.includes('*') ? '*' : '%'))
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/%/g, '[^/]*'),
  )
  const patternsOfPaths = sources.map(source => new RegExp(`^(?:${source})$`, 's'))
  return path => patternsOfPaths.some(pattern => pattern.test(path))
}

function patternsOf(args: Args): string[] {
  const several = args.optionalList()
  if (!several) return [args.bytes().toString('latin1')]
  const out: string[] = []
  while (several.more) out.push(several.bytes().toString('latin1'))
  return out
}

interface Options {
  selection: readonly string[]
  returned: readonly string[]
  status: readonly string[]
}

function words(list: Args | undefined, known: readonly string[]): string[] {
  const out: string[] = []
  while (list?.more) {
    const word = list.word()
    out.push(known.includes(word) ? word : bad(`LIST has no ${word.slice(0, 40)}`))
  }
  return out
}

function returnOptions(session: Session, list: Args): Pick<Options, 'returned' | 'status'> {
  const returned: string[] = []
  let status: string[] = []
  while (list.more) {
    const word = list.word()
    if (word === 'STATUS') status = statusItems(session, list.list())
    else if (['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE'].includes(word)) returned.push(word)
    else bad(`LIST returns no ${word.slice(0, 40)}`)
  }
  return { returned, status }
}

function list(session: Session, args: Args): string {
  const selection = words(args.optionalList(), ['SUBSCRIBED', 'SPECIAL-USE', 'REMOTE'])
  const reference = args.bytes().toString('latin1')
  const patterns = patternsOf(args)
  const returns = args.skip('RETURN') ? returnOptions(session, args.list()) : { returned: [], status: [] }
  args.end()
  if (patterns.length === 1 && patterns[0] === '') {
    session.out.line(['*', 'LIST', ['\\Noselect'], DELIMITER, Buffer.from('')])
    return 'Done'
  }
  const mailbox = mailboxOf(session)
  const matches = matcher(reference, patterns)
  const { subscriptions } = mailbox.account
  for (const path of pathsWithParents(mailbox)) {
    const folder = mailbox.find(path)
    const subscribed = subscriptions.includes(path)
    if (!matches(path)) continue
    if (selection.includes('SUBSCRIBED') && !subscribed) continue
    if (selection.includes('SPECIAL-USE') && !folder?.specialUse) continue
    const marked = subscribed && [...selection, ...returns.returned].includes('SUBSCRIBED')
    session.out.line([
      '*',
      'LIST',
      [...attributes(mailbox, path), ...(marked ? ['\\Subscribed'] : [])],
      DELIMITER,
      nameOf(path),
    ])
    if (folder && returns.status.length > 0) session.out.line(statusLine(mailbox, folder, returns.status))
  }
  return 'Done'
}

/** Every folder, and the names above them that are none. */
function pathsWithParents(mailbox: ImapMailbox): string[] {
  const paths = new Set<string>()
  for (const { path } of mailbox.folders()) {
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1))
      paths.add(path.slice(0, cut))
    paths.add(path)
  }
  return [...paths]
}

function attributes(mailbox: ImapMailbox, path: string): string[] {
  const folder = mailbox.find(path)
  const hasChildren = mailbox.folders().some(other => other.path.startsWith(`${path}/`))
  return [
    ...(folder ? [] : ['\\Noselect']),
    hasChildren ? '\\HasChildren' : '\\HasNoChildren',
    ...(folder?.specialUse ? [folder.specialUse] : []),
  ]
}

/** Subscribed names. With `%`, a name above a subscribed one stands for it (RFC 3501 §6.3.9). */
function lsub(session: Session, args: Args): string {
  const matches = matcher(args.bytes().toString('latin1'), patternsOf(args))
  args.end()
  const { subscriptions } = mailboxOf(session).account
  const lines = new Map<string, Token>()
  for (const path of subscriptions) {
    if (matches(path)) lines.set(path, [])
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      const parent = path.slice(0, cut)
      if (!matches(path) && matches(parent) && !subscriptions.includes(parent))
        lines.set(parent, ['\\Noselect'])
    }
  }
  for (const [path, flags] of lines) session.out.line(['*', 'LSUB', flags, DELIMITER, nameOf(path)])
  return 'Done'
}

export const LIST: Commands = {
  LIST: { needs: 'login', run: list },
  LSUB: { needs: 'login', run: lsub },
  STATUS: {
    needs: 'login',
    run: (session, args) => {
      const path = args.path()
      const items = statusItems(session, args.list())
      args.end()
      session.out.line(statusLine(mailboxOf(session), folderAt(session, path), items))
      return 'Done'
    },
  },
}
