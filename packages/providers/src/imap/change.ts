import type { LabelRole } from '@inlet/protocol/entities'
import type { ImapFlow, MailboxObject } from 'imapflow'
import { atom, command, quoted, sequence } from './command.ts'
import { mailError } from './errors.ts'
import type { MailFolder } from './folders.ts'
import { identityOf } from './identity.ts'
import { type At, type FolderRef, inFolder } from './in-folder.ts'
import { openFolder } from './session.ts'
import { inSets, packUids, searchUids } from './uids.ts'

/** Where a repeated move looks for what an earlier attempt has copied already. */
const COPIES_LOOKED_AT = 500
/** Names of folders that are made when a mailbox has none for the purpose. */
const NAMES = { trash: 'Trash', archive: 'Archive' } as const

/**
 * Sets and removes flags (RFC 3501 STORE). States, not steps: doing it twice is doing it once, and UIDs that are gone
 * are passed over.
 */
export async function changeFlags(
  at: At,
  folder: FolderRef,
  uids: readonly number[],
  { add = [], remove = [] }: { add?: string[]; remove?: string[] },
): Promise<void> {
  if (uids.length === 0) return
  const action = `change flags in ${folder.path}`
  await inFolder(at, folder, { action, write: true }, async (client, mailbox) => {
    for (const flag of add) if (!storable(mailbox, flag)) throw notKept(folder.path, flag, action)
    for (const set of inSets(uids)) {
      if (add.length > 0) await store(client, set, '+FLAGS.SILENT', add)
      if (remove.length > 0) await store(client, set, '-FLAGS.SILENT', remove)
    }
  })
}

export const markRead = (at: At, folder: FolderRef, uids: readonly number[], read: boolean): Promise<void> =>
  changeFlags(at, folder, uids, read ? { add: ['\\Seen'] } : { remove: ['\\Seen'] })

export const markStarred = (
  at: At,
  folder: FolderRef,
  uids: readonly number[],
  starred: boolean,
): Promise<void> =>
  changeFlags(at, folder, uids, starred ? { add: ['\\Flagged'] } : { remove: ['\\Flagged'] })

/**
 * Moves messages (RFC 6851 MOVE; without it COPY, then \Deleted and EXPUNGE of these alone). Safe to repeat after a lost
 * answer: what is gone from `from` is passed over, and a copy that an earlier attempt made is not made twice. `again`
 * false: certainly the first attempt, so nothing is looked for.
 */
export async function moveMessages(
  at: At,
  from: FolderRef,
  uids: readonly number[],
  to: string,
  { again = true }: { again?: boolean } = {},
): Promise<void> {
  if (uids.length === 0 || from.path === to) return
  const action = `move messages from ${from.path} to ${to}`
  await inFolder(at, from, { action, write: true }, async client => {
    if (client.capabilities.has('MOVE')) {
      for (const set of inSets(uids))
        await command(client, 'UID MOVE', [sequence(packUids(set)), mailboxToken(client, to)])
      return
    }
    for (const set of inSets(uids)) {
      const pending = again ? await notCopied(client, set, from.path, to) : set
      if (pending.length > 0)
        await command(client, 'UID COPY', [sequence(packUids(pending)), mailboxToken(client, to)])
      await removeForGood(client, set)
    }
  })
}

/** Copies messages; again makes other copies, which are one message in two places. */
export async function copyMessages(
  at: At,
  from: FolderRef,
  uids: readonly number[],
  to: string,
): Promise<void> {
  if (uids.length === 0 || from.path === to) return
  await inFolder(at, from, { action: `copy messages from ${from.path} to ${to}` }, async client => {
    for (const set of inSets(uids))
      await command(client, 'UID COPY', [sequence(packUids(set)), mailboxToken(client, to)])
  })
}

/**
 * Moves messages to the folder of this role, which is made where there is none; returns its path. Where they come from
 * is not noted anywhere: to undo it, move them back.
 */
export async function moveToRole(
  at: At,
  from: FolderRef,
  uids: readonly number[],
  role: keyof typeof NAMES,
  folders: readonly MailFolder[],
  options: { again?: boolean } = {},
): Promise<string> {
  const path = pathOfRole(folders, role) ?? (await makeFolder(at, NAMES[role]))
  await moveMessages(at, from, uids, path, options)
  return path
}

export const pathOfRole = (folders: readonly MailFolder[], role: LabelRole): string | null =>
  folders.find(folder => folder.role === role)?.path ?? null

/** In the personal namespace; one that exists is as good as made. */
export async function makeFolder({ pool, purpose, signal }: At, name: string): Promise<string> {
  return await pool.use(purpose, signal, undefined, session =>
    session.run(`make the folder ${name}`, signal, async client => {
      const made = await client.mailboxCreate(name)
      return made.path
    }),
  )
}

async function store(
  client: ImapFlow,
  uids: readonly number[],
  operation: string,
  flags: readonly string[],
): Promise<void> {
  await command(client, 'UID STORE', [sequence(packUids(uids)), atom(operation), flags.map(atom)])
}

/**
 * Removes these for good. Without UIDPLUS (RFC 4315) EXPUNGE takes all that are marked: then marks that others set are
 * lifted meanwhile. If we die in between, messages stay that somebody wanted gone; never the other way round.
 */
export async function removeForGood(client: ImapFlow, uids: readonly number[]): Promise<void> {
  if (client.capabilities.has('UIDPLUS')) {
    await store(client, uids, '+FLAGS.SILENT', ['\\Deleted'])
    return await command(client, 'UID EXPUNGE', [sequence(packUids(uids))])
  }
  const marked = await searchUids(client, [atom('DELETED')])
  const others = marked.filter(uid => !uids.includes(uid))
  for (const set of inSets(others)) await store(client, set, '-FLAGS.SILENT', ['\\Deleted'])
  await store(client, uids, '+FLAGS.SILENT', ['\\Deleted'])
  await command(client, 'EXPUNGE', [])
  for (const set of inSets(others)) await store(client, set, '+FLAGS.SILENT', ['\\Deleted'])
}

/** Those of which no copy lies among the newest of the other folder. The connection has `from` selected again after. */
async function notCopied(client: ImapFlow, uids: readonly number[], from: string, to: string) {
  const query = { uid: true, envelope: true, internalDate: true, size: true }
  const rows = await client.fetchAll(packUids(uids), query, { uid: true })
  if (rows.length === 0) return []
  const target = await openFolder(client, to, true)
  const first = Math.max(1, target.exists - COPIES_LOOKED_AT - uids.length + 1)
  const there = target.exists === 0 ? [] : await client.fetchAll(`${first}:*`, query)
  await openFolder(client, from, false)
  const copied = new Set(there.map(row => identityOf(row)))
  return rows.filter(row => !copied.has(identityOf(row))).map(({ uid }) => uid)
}

function storable({ permanentFlags }: MailboxObject, flag: string): boolean {
  if (!permanentFlags) return true
  const all = [...permanentFlags].map(each => each.toLowerCase())
  return all.includes(flag.toLowerCase()) || (!flag.startsWith('\\') && all.includes('\\*'))
}

const notKept = (path: string, flag: string, action: string) =>
  mailError(
    {
      code: 'not_permitted',
      kind: 'permanent',
      sentence: `The server does not keep ${flag} in the folder ${path}.`,
    },
    action,
  )

/** A folder's name as this connection writes it: modified UTF-7, or UTF-8 where that was agreed (RFC 6855). */
function mailboxToken(client: ImapFlow, path: string) {
  return quoted(encodeMailbox(path, client.enabled.has('UTF8=ACCEPT')))
}

/** Modified UTF-7 of RFC 3501 §5.1.3: `&` begins UTF-16 in base64 with `,` for `/`. */
export function encodeMailbox(path: string, utf8: boolean): string {
  if (utf8) return path
  return path.replace(/&|[^\x20-\x7e]+/g, run => {
    if (run === '&') return '&-'
    const wide = Buffer.from(run, 'utf16le').swap16().toString('base64')
    return `&${wide.replace(/=+$/, '').replaceAll('/', ',')}-`
  })
}
