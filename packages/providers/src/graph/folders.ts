import type { LabelRole } from '@inlet/protocol/entities'
import type { Connection, Priority, PulledLabel, ResourceSpec } from '@inlet/sync/provider-port'
import { oneLine } from '../mime.ts'
import { BATCH_MAX, type Part, type PartResult, segment, sendBatch } from './batch.ts'
import type { GraphClient } from './client.ts'
import { deltaRound, wholeRound } from './delta.ts'
import { record, text } from './errors.ts'

/** The resource that stands for the list of folders itself. */
export const FOLDERS = 'folders'
/** The one label that is no folder: a message's flag. */
export const STARRED = 'STARRED'

export type WellKnown = keyof typeof WELL_KNOWN
/** v1.0 does not say which folder is which; asking for each by its well-known name does. */
const WELL_KNOWN = {
  msgfolderroot: { role: null, hidden: false },
  inbox: { role: 'inbox', hidden: false },
  sentitems: { role: 'sent', hidden: false },
  drafts: { role: 'drafts', hidden: false },
  archive: { role: 'archive', hidden: false },
  deleteditems: { role: 'trash', hidden: false },
  junkemail: { role: 'spam', hidden: false },
  outbox: { role: null, hidden: true },
  conversationhistory: { role: null, hidden: true },
  scheduled: { role: null, hidden: true },
  syncissues: { role: null, hidden: true },
  conflicts: { role: null, hidden: true },
  localfailures: { role: null, hidden: true },
  serverfailures: { role: null, hidden: true },
} as const satisfies Record<string, { role: LabelRole | null; hidden: boolean }>
const NAMES = Object.keys(WELL_KNOWN) as WellKnown[]

export type Folder = {
  id: string
  /** Its name behind those of the folders around it. */
  path: string
  role: LabelRole | null
  hidden: boolean
  /** Deleted Items, or in there: calendar entries and people are thrown away there too, and are counted as items. */
  mixed: boolean
  total: number
  unread: number
}

export type Folders = {
  /** Asks for all folders that are part of the mailbox, the most important first. */
  list(conn: Connection, priority: Priority, signal: AbortSignal): Promise<Folder[]>
  /** Is a message in this folder part of the mailbox? What a person can no longer see is not. */
  holds(conn: Connection, folderId: string, priority: Priority, signal: AbortSignal): Promise<boolean>
  /** Ids of the folders that every mailbox has; the archive may be missing. */
  wellKnown(
    conn: Connection,
    priority: Priority,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<WellKnown, string>>
}

type Known = { named: Map<WellKnown, string>; ids: Set<string>; held: Set<string> }
type Given = { id: string; parent: string; name: string; hidden: boolean; total: number; unread: number }

const ACCOUNTS_MAX = 10_000
const PAGE_SIZE = 500
const DEPTH_MAX = 300
const IMPORTANCE: (LabelRole | null)[] = ['inbox', 'sent', 'drafts', 'archive', null, 'trash', 'spam']

export function createFolders(client: GraphClient): Folders {
  const known = new Map<string, Known>()

  /** Asked once an account, and again when there is a folder that nobody had seen: it may be one of these. */
  async function namedIds(conn: Connection, priority: Priority, signal: AbortSignal) {
    const call = { action: 'find the usual folders', priority, signal }
    const parts = NAMES.map(name => ({ method: 'GET' as const, path: `/me/mailFolders/${name}?$select=id` }))
    const results = await sendBatch(client, conn, call, parts)
    const named = new Map<WellKnown, string>()
    results.forEach((result, at) => {
      const name = NAMES[at]
      if (!name) return
      if (result.ok) named.set(name, text(record(result.body).id))
      // Not every mailbox has every one; Graph says so with 404 or, of names it does not know, with 400.
      else if (name === 'inbox' || ![400, 404].includes(result.failure.status ?? 0)) throw result.error
    })
    return named
  }

  async function list(conn: Connection, priority: Priority, signal: AbortSignal): Promise<Folder[]> {
    const given = await wholeRound(() => allFolders(client, conn, priority, signal))
    const before = known.get(conn.accountId)
    const named =
      before && [...given.keys()].every(id => before.ids.has(id))
        ? before.named
        : await namedIds(conn, priority, signal)
    const folders = arrange(given, named)
    known.delete(conn.accountId)
    known.set(conn.accountId, {
      named,
      ids: new Set(given.keys()),
      held: new Set(folders.map(folder => folder.id)),
    })
    const [oldest] = known.keys()
    if (known.size > ACCOUNTS_MAX && oldest !== undefined) known.delete(oldest)
    return folders
  }

  return {
    list,
    async holds(conn, folderId, priority, signal) {
      if (known.get(conn.accountId)?.held.has(folderId)) return true
      return (await list(conn, priority, signal)).some(folder => folder.id === folderId)
    },
    async wellKnown(conn, priority, signal) {
      const named = known.get(conn.accountId)?.named
      if (named) return named
      await list(conn, priority, signal)
      return known.get(conn.accountId)?.named ?? new Map()
    },
  }
}

/** The whole tree in one walk; `mailFolders` itself would tell one level at a time. */
async function allFolders(
  client: GraphClient,
  conn: Connection,
  priority: Priority,
  signal: AbortSignal,
): Promise<Map<string, Given>> {
  const path =
    '/me/mailFolders/delta?$select=displayName,parentFolderId,totalItemCount,unreadItemCount,isHidden'
  const found = new Map<string, Given>()
  const call = { action: 'list the folders', priority, signal }
  for await (const { items } of deltaRound(client, conn, call, path, PAGE_SIZE))
    for (const item of items) {
      const id = text(item.id)
      if (item['@removed'] !== undefined) found.delete(id)
      else if (id)
        found.set(id, {
          id,
          parent: text(item.parentFolderId),
          name: oneLine(text(item.displayName), 200) || 'Unnamed',
          hidden: item.isHidden === true,
          total: count(item.totalItemCount),
          unread: count(item.unreadItemCount),
        })
    }
  return found
}

/** Those below the visible root, none of them hidden, in order of importance. Pure. */
export function arrange(given: ReadonlyMap<string, Given>, named: ReadonlyMap<WellKnown, string>): Folder[] {
  const nameOf = new Map([...named].map(([name, id]) => [id, name]))
  const root = named.get('msgfolderroot')
  const folders: Folder[] = []
  for (const folder of given.values()) {
    const line = ancestry(folder, given, root)
    if (!line || line.some(each => each.hidden)) continue
    const own = nameOf.get(folder.id)
    folders.push({
      id: folder.id,
      path: oneLine(line.map(each => each.name).join('/'), 225),
      role: own ? WELL_KNOWN[own].role : null,
      hidden: line.some(each => WELL_KNOWN[nameOf.get(each.id) ?? 'inbox'].hidden),
      mixed: line.some(each => nameOf.get(each.id) === 'deleteditems'),
      total: folder.total,
      unread: folder.unread,
    })
  }
  const rank = ({ hidden, role }: Folder) => (hidden ? IMPORTANCE.length : IMPORTANCE.indexOf(role))
  return folders.sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/** From below the root down to the folder; null where it does not hang on the root. */
function ancestry(
  folder: Given,
  given: ReadonlyMap<string, Given>,
  root: string | undefined,
): Given[] | null {
  const line: Given[] = []
  let at: Given | undefined = folder
  for (let depth = 0; depth < DEPTH_MAX && at; depth++) {
    if (at.id === root) return null
    line.unshift(at)
    if (at.parent === root) return line
    at = given.get(at.parent)
  }
  return null
}

export function toLabels(folders: Folder[]): PulledLabel[] {
  const places = folders.map(({ id, path, role, hidden }) => ({ id, name: path, role, color: null, hidden }))
  return [...places, { id: STARRED, name: 'Starred', role: 'starred', color: null, hidden: false }]
}

/** Each folder beyond the hundredth is polled: a mailbox takes 1,000 subscriptions, and other apps want some too. */
const WATCHED_MAX = 100

export function toResources(folders: Folder[]): ResourceSpec[] {
  return [
    ...folders.map(({ id, path, hidden }, at) => ({
      key: id,
      name: path,
      watched: at < WATCHED_MAX && !hidden,
    })),
    { key: FOLDERS, name: 'Folders', watched: false },
  ]
}

export type Totals = { messages: number; unread: number }

/** A folder's own totals. Throws `not_found` when it is gone. */
export async function readTotals(
  client: GraphClient,
  conn: Connection,
  id: string,
  priority: Priority,
  signal: AbortSignal,
): Promise<Totals> {
  const call = { action: 'count the messages of a folder', priority, signal }
  const path = `/me/mailFolders/${segment(id)}?$select=unreadItemCount`
  const [folder, messages] = await sendBatch(client, conn, call, [{ method: 'GET', path }, counting(id)])
  if (folder?.ok !== true) throw folder?.error
  return { messages: counted(messages), unread: count(record(folder.body).unreadItemCount) }
}

/** The totals of all that is part of the mailbox. */
export async function readAllTotals(
  client: GraphClient,
  folders: Folders,
  conn: Connection,
  priority: Priority,
  signal: AbortSignal,
): Promise<Totals> {
  const call = { action: 'count the messages', priority, signal }
  const all = await folders.list(conn, priority, signal)
  const mixed = all.filter(folder => folder.mixed)
  const add = (some: Folder[], of: 'total' | 'unread') => some.reduce((sum, each) => sum + each[of], 0)
  let messages = add(all, 'total') - add(mixed, 'total')
  for (let from = 0; from < mixed.length; from += BATCH_MAX) {
    const parts = mixed.slice(from, from + BATCH_MAX).map(folder => counting(folder.id))
    for (const result of await sendBatch(client, conn, call, parts)) messages += counted(result)
  }
  return { messages, unread: add(all, 'unread') }
}

const counting = (id: string): Part => ({
  method: 'GET',
  path: `/me/mailFolders/${segment(id)}/messages?$count=true&$top=1&$select=id`,
})

function counted(result: PartResult | undefined): number {
  if (result?.ok) return count(record(result.body)['@odata.count'])
  // Gone since it was listed, and what was in it with it.
  if (result?.error.kind === 'not_found') return 0
  throw result?.error
}

const count = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
