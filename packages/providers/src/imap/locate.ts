import type { Place as StoredPlace } from '@inlet/sync/places'
import type { Connection } from '@inlet/sync/provider-port'
import { codeOf } from './errors.ts'
import type { MailFolder } from './folders.ts'
import { identitiesOf } from './identities.ts'
import { type At, type FolderRef, inFolder, onceMore } from './in-folder.ts'
import { readCursor } from './pull.ts'
import type { Session } from './session.ts'

/** Messages in one folder. */
export type Group = { folder: MailFolder; ref: FolderRef; members: { id: string; uid: number }[] }

/** Newest messages of a folder among which one that was moved a moment ago is looked for. */
const LOOKED_AT = 300

/** Stored places by folder and epoch; those of folders that are not listed any more are left out. */
export function grouped(places: Iterable<StoredPlace>, folders: readonly MailFolder[]): Group[] {
  const groups = new Map<string, Group>()
  const byKey = new Map(folders.map(folder => [folder.key, folder]))
  for (const { resource, epoch, uid, messageId } of places) {
    const folder = byKey.get(resource)
    if (!folder) continue
    const key = `${epoch} ${resource}`
    const group = groups.get(key) ?? {
      folder,
      ref: { path: folder.path, uidValidity: BigInt(epoch) },
      members: [],
    }
    groups.set(key, group)
    group.members.push({ id: messageId, uid })
  }
  return [...groups.values()]
}

/** A folder that is gone or numbered anew holds nothing at the places that we know. */
export const isOver = (error: unknown): boolean =>
  codeOf(error) === 'folder_missing' || codeOf(error) === 'folder_renumbered'

/**
 * Where these messages are on the server now: at their stored places, as far as they still lie there; the others among
 * the newest of the folders with a role, where we or somebody else has moved them before we heard of it.
 */
export async function locate(
  conn: Connection,
  at: At,
  folders: readonly MailFolder[],
  ids: readonly string[],
): Promise<Group[]> {
  const stored = await conn.places.of([...ids])
  const found: Group[] = []
  const lacking = new Set(ids)
  for (const group of grouped([...stored.values()].flat(), folders)) {
    const uids = group.members.map(({ uid }) => uid)
    const there = await identitiesOf(at, group.ref, uids).catch((error: unknown) => {
      if (isOver(error)) return new Map<number, string>()
      throw error
    })
    const members = group.members.filter(({ id, uid }) => there.get(uid) === id)
    if (members.length > 0) found.push({ ...group, members })
    for (const { id } of members) lacking.delete(id)
  }
  for (const folder of folders) {
    if (lacking.size === 0) break
    if (folder.role === null) continue
    const group = await among(at, folder, lacking)
    if (group.members.length > 0) found.push(group)
    for (const { id } of group.members) lacking.delete(id)
  }
  return found
}

async function among(at: At, folder: MailFolder, ids: ReadonlySet<string>): Promise<Group> {
  const options = { action: `look into ${folder.path}`, view: new WeakSet() }
  const { ref, uids } = await inFolder(
    at,
    { path: folder.path, uidValidity: null },
    options,
    async (client, mailbox) => {
      const first = Math.max(1, mailbox.exists - LOOKED_AT + 1)
      const rows = mailbox.exists === 0 ? [] : await client.fetchAll(`${first}:*`, { uid: true })
      return {
        ref: { path: folder.path, uidValidity: mailbox.uidValidity },
        uids: rows.map(({ uid }) => uid),
      }
    },
  )
  const there = await identitiesOf(at, ref, uids)
  const members = [...there].filter(([, id]) => ids.has(id)).map(([uid, id]) => ({ id, uid }))
  return { folder, ref, members }
}

/**
 * Whether what lies nowhere is gone for good: a message can only reappear in a folder that has grown past our cursor.
 * False while some folder has, is being listed, or is not followed yet.
 */
export async function nothingUnseen(
  conn: Connection,
  at: At,
  folders: readonly MailFolder[],
): Promise<boolean> {
  for (const { key, path } of folders) {
    const said = await conn.places.cursor(key)
    if (said === null) return false
    const cursor = readCursor(said)
    if ((await conn.places.count(key, cursor.uidValidity, cursor.uidNext)) === null) return false
    const { uidNext, uidValidity } = await statusOf(at, path)
    if (`${uidValidity}` !== cursor.uidValidity || uidNext > cursor.uidNext) return false
  }
  return true
}

export type FolderStatus = {
  messages: number
  unseen: number
  uidNext: number
  uidValidity: bigint
  /** Where the server numbers changes (RFC 7162). */
  highestModseq?: bigint
}

export const COUNTED = { messages: true, unseen: true, uidNext: true, uidValidity: true, highestModseq: true }

/** The server's counters, without selecting the folder (RFC 3501 STATUS). */
export async function statusOf({ pool, purpose, signal }: At, path: string): Promise<FolderStatus> {
  const count = (session: Session) =>
    session.run(`count ${path}`, signal, async client => {
      // Of a folder that it has selected a connection tells what it knew last.
      if (client.mailbox && client.mailbox.path === path) await client.noop()
      const status = await client.status(path, COUNTED)
      const { messages, unseen = 0, uidNext, uidValidity, highestModseq } = status || {}
      if (messages === undefined || uidNext === undefined || uidValidity === undefined)
        throw Object.assign(new Error('a folder was not counted'), {
          code: client.usable ? 'garbled' : 'NoConnection',
        })
      return { messages, unseen, uidNext, uidValidity, ...(highestModseq !== undefined && { highestModseq }) }
    })
  return await onceMore(() => pool.use(purpose, signal, undefined, count))
}
