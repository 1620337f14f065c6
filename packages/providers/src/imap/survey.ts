import type { PlaceSum } from '@inlet/sync/places'
import type { Connection, Look } from '@inlet/sync/provider-port'
import type { World } from '@inlet/sync/world'
import type { ImapAccount } from './account.ts'
import { codeOf } from './errors.ts'
import type { MailFolder } from './folders.ts'
import { type At, onceMore } from './in-folder.ts'
import { COUNTED, type FolderStatus, statusOf } from './locate.ts'
import { readCursor, sweepDue } from './pull.ts'
import type { Tree } from './tree.ts'

/** Folders asked about one by one in a survey, where there is no LIST-STATUS; the others wait for another. */
const ASKED_MAX = 100

type Status = Partial<FolderStatus>

/**
 * What to do about each of these folders, by its counters beside the cursor and what is stored (decision 013): of all in
 * one LIST (RFC 5819), else by a STATUS for each. The tree has been listed by whoever asks.
 */
export async function surveyFolders(
  { tree, world }: { tree: Tree; world: World },
  at: At & ImapAccount,
  conn: Connection,
  cursors: ReadonlyMap<string, string>,
): Promise<Map<string, Look>> {
  const folders = (await tree.recent(at)).filter(({ key }) => cursors.has(key))
  // What is stored is read before the server is asked: a place that comes in between only shows as a difference.
  const sums = new Map((await conn.places.sums()).map(sum => [`${sum.epoch} ${sum.resource}`, sum]))
  const all = await listed(at)
  const some = all ?? (await oneByOne(at, someOf(folders, world.random())))
  const looks = new Map<string, Look>()
  for (const { key, path, role } of folders) {
    const status = some.get(path) ?? (all ? {} : null)
    const cursor = cursorOf(cursors.get(key))
    if (!cursor || sweepDue(cursor, world)) continue
    const stored = sums.get(`${cursor.uidValidity} ${key}`) ?? { places: 0, unseen: 0 }
    const look = status === null ? 'unsure' : lookAt(status, cursor, stored)
    // What has a role is where a person's mail moves: it does not wait for its turn.
    looks.set(key, look === 'unsure' && status !== null && role !== null ? 'pull' : look)
  }
  return looks
}

/**
 * A pull begins with these very counters (pull-folder.ts): with all of them equal it would find nothing. Without a MODSEQ
 * that holds for expunges, and for flags as far as they are \Seen.
 */
export function lookAt(
  status: Status,
  cursor: { uidNext: number; uidValidity: string; highestModseq: string | null },
  stored: Pick<PlaceSum, 'places' | 'unseen'>,
): Look {
  const { messages, unseen, uidNext, uidValidity, highestModseq } = status
  if (messages === undefined || uidNext === undefined || uidValidity === undefined) return 'pull'
  const same =
    `${uidValidity}` === cursor.uidValidity && uidNext === cursor.uidNext && messages === stored.places
  if (!same) return 'pull'
  // Zero where the folder keeps none (RFC 7162 §3.1.2.2).
  const modseq = highestModseq ? `${highestModseq}` : null
  if (modseq !== cursor.highestModseq) return 'pull'
  if (modseq !== null) return 'same'
  return unseen === stored.unseen ? 'unsure' : 'pull'
}

function cursorOf(said: string | undefined) {
  try {
    return said === undefined ? null : readCursor(said)
  } catch {
    return null
  }
}

/** Those with a role, and of the others as many as are asked, round from a random one on. */
function someOf(folders: readonly MailFolder[], random: number): MailFolder[] {
  const others = folders.filter(({ role }) => role === null)
  const first = Math.floor(random * others.length)
  const round = [...others.slice(first), ...others.slice(0, first)]
  return [...folders.filter(({ role }) => role !== null), ...round].slice(0, ASKED_MAX)
}

/** null: the server cannot tell of all at once. */
async function listed({ pool, purpose, signal }: At): Promise<Map<string, Status> | null> {
  return await onceMore(() =>
    pool.use(purpose, signal, undefined, session =>
      session.run('count the folders', signal, async client => {
        if (!client.capabilities.has('LIST-STATUS')) return null
        // Of a folder that it has selected a connection tells what it knew last.
        if (client.mailbox) await client.noop()
        const before = session.unreadable()
        const entries = await client.list({ statusQuery: COUNTED })
        const garbled = session.unreadable() > before
        return new Map(garbled ? [] : entries.flatMap(({ path, status }) => (status ? [[path, status]] : [])))
      }),
    ),
  )
}

/** A folder that the server refuses to count is pulled, and that tells why. */
async function oneByOne(at: At, folders: readonly MailFolder[]): Promise<Map<string, Status>> {
  const statuses = new Map<string, Status>()
  for (const { path } of folders) {
    const refused = (error: unknown): Status => {
      if (codeOf(error) === 'garbled' || codeOf(error) === 'folder_missing') return {}
      throw error
    }
    statuses.set(path, await statusOf(at, path).catch(refused))
  }
  return statuses
}
