import type { LabelRole } from '@inlet/protocol/entities'
import type { ImapFlow, ListResponse } from 'imapflow'
import { clean } from '../mime.ts'
import { atom, command, quoted, wordOf } from './command.ts'
import { type FolderRole, roleOfFlags, roleOfName } from './folder-names.ts'
import type { Session } from './session.ts'

export type MailFolder = {
  /** Stays through a rename where the server numbers folders (OBJECTID); otherwise it is the path's. */
  key: string
  /** As IMAP commands take it, decoded. */
  path: string
  /** For people: the path with `/` between its names, without the namespace's prefix INBOX. */
  name: string
  role: LabelRole | null
  /** Shows what lies in other folders too: not synced, not offered. */
  hidden: boolean
}

/** The server's own id; null where it gives none. */
export const mailboxIdOf = ({ key }: MailFolder): string | null => (key.startsWith('M') ? key.slice(1) : null)

/** More folders than this are left out (I13): no person made them. */
export const FOLDERS_MAX = 10_000
const PATH_MAX = 1_000

/** All folders that can be opened, INBOX first, then those with a role, then the others by path. */
export async function listFolders(
  session: Session,
  signal: AbortSignal,
): Promise<{ folders: MailFolder[]; truncated: boolean }> {
  return await session.run('list the folders', signal, async client => {
    const before = session.unreadable()
    const entries = await client.list()
    // A folder whose line could not be read must not pass for one that was removed (I7).
    if (session.unreadable() > before)
      throw Object.assign(new Error('a folder could not be read'), { code: 'garbled' })
    if (entries.length === 0) throw Object.assign(new Error('not even INBOX was listed'), { code: 'garbled' })
    return toFolders(entries, await mailboxIds(client))
  })
}

/** What LIST says as folders of ours. `ids` are the server's own, by the path as it was listed. Pure. */
export function toFolders(
  entries: readonly Pick<ListResponse, 'path' | 'pathAsListed' | 'delimiter' | 'flags'>[],
  ids: ReadonlyMap<string, string> = new Map(),
): { folders: MailFolder[]; truncated: boolean } {
  const seen = new Set<string>()
  const usable = entries.filter(({ path, flags }) => {
    const bad = path === '' || path.length > PATH_MAX || seen.has(path) || unselectable(flags)
    seen.add(path)
    return !bad
  })
  const roles = assignRoles(usable)
  const archive = [...roles.values()].includes('archive')
  const folders = usable.map((entry): MailFolder => {
    const all = hasFlag(entry.flags, '\\All', '\\AllMail')
    const id = ids.get(entry.pathAsListed)
    return {
      key: id === undefined ? `P${entry.path}` : `M${id}`,
      path: entry.path,
      name: displayName(entry),
      // Gmail keeps what was archived in All Mail alone; where there is an archive of its own, All only repeats.
      role: roles.get(entry.path) ?? (all && !archive ? 'archive' : null),
      hidden: (all && archive) || hasFlag(entry.flags, '\\Flagged', '\\Starred', '\\Important'),
    }
  })
  const rank = ({ role }: MailFolder) => (role === 'inbox' ? 0 : role !== null ? 1 : 2)
  folders.sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1))
  return { folders: folders.slice(0, FOLDERS_MAX), truncated: folders.length > FOLDERS_MAX }
}

type Entry = Pick<ListResponse, 'path' | 'delimiter' | 'flags'>

/**
 * One folder a role. What the server says counts; names only decide where it says nothing, and only near the root: a
 * person's folder `Clients/Sent` is not where sent mail goes.
 */
function assignRoles(entries: readonly Entry[]): Map<string, FolderRole> {
  const best = new Map<FolderRole, { path: string; rank: number }>()
  for (const entry of entries) {
    const told = roleOfFlags(entry.flags)
    const guessed = isInbox(entry) ? 'inbox' : nearRoot(entry) ? roleOfName(ownName(entry)) : null
    const role = told ?? guessed
    if (!role) continue
    const rank = (told ? 0 : 1_000) + namesOf(entry).length
    const other = best.get(role)
    if (!other || rank < other.rank || (rank === other.rank && entry.path < other.path))
      best.set(role, { path: entry.path, rank })
  }
  return new Map([...best].map(([role, { path }]) => [path, role]))
}

const namesOf = ({ path, delimiter }: Entry): string[] => (delimiter ? path.split(delimiter) : [path])
const ownName = (entry: Entry): string => namesOf(entry).at(-1) ?? ''
const isInbox = ({ path }: Entry): boolean => path.toUpperCase() === 'INBOX'

/** At the top, below INBOX (Courier, Cyrus), or below a bracketed root such as `[Gmail]`. */
function nearRoot(entry: Entry): boolean {
  const [root = '', ...rest] = namesOf(entry)
  return rest.length === 0 || (rest.length === 1 && /^(inbox|\[.*\])$/i.test(root))
}

function displayName(entry: Entry): string {
  const names = namesOf(entry)
  const [root = '', ...rest] = names
  const shown = rest.length > 0 && root.toUpperCase() === 'INBOX' ? rest : names
  return clean(isInbox(entry) ? 'Inbox' : shown.join('/'), 300)
}

function hasFlag(flags: ReadonlySet<string>, ...wanted: string[]): boolean {
  return [...flags].some(flag => wanted.some(each => each.toLowerCase() === flag.toLowerCase()))
}

const unselectable = (flags: ReadonlySet<string>): boolean => hasFlag(flags, '\\Noselect', '\\NonExistent')

/** MAILBOXID of all folders in one round trip (RFC 8474 with LIST-STATUS). imapflow asks for it only when selecting. */
async function mailboxIds(client: ImapFlow): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  if (!client.capabilities.has('OBJECTID') || !client.capabilities.has('LIST-STATUS')) return ids
  const status = [atom('STATUS'), [atom('MAILBOXID')]]
  await command(client, 'LIST', [quoted(''), quoted('*'), atom('RETURN'), status], {
    LIST: () => {},
    STATUS: ({ attributes: [path, items] }) => {
      const id = Array.isArray(items) && Array.isArray(items[1]) ? wordOf(items[1][0]) : ''
      if (id) ids.set(wordOf(path), id)
    },
  })
  return ids
}
