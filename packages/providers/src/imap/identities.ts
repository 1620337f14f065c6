import type { PulledPlace } from '@inlet/sync/places'
import { fetchRows } from './fetch-rows.ts'
import { identityOf } from './identity.ts'
import { type At, type FolderRef, inFolder, type View } from './in-folder.ts'
import type { Place } from './places.ts'
import { inSets } from './uids.ts'

const AT_ONCE = 250

/** Which messages lie at these UIDs, as far as they exist: now, or at the time of the view. */
export async function identitiesOf(
  at: At,
  folder: FolderRef,
  uids: readonly number[],
  view: View = new WeakSet(),
): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  for (const set of inSets(uids, AT_ONCE)) {
    const rows = await inFolder(at, folder, { action: `read ${folder.path}`, view }, client =>
      fetchRows(client, set, { facts: true }),
    )
    // Others' changes of flags come between as rows that say nothing of the message.
    for (const [uid, row] of rows) if (row.size !== undefined) found.set(uid, identityOf(row))
  }
  return found
}

/** Places with their messages. `known`: ids that need not be asked for. What has vanished meanwhile is left out. */
export async function withIdentities(
  at: At,
  folder: FolderRef,
  places: readonly Place[],
  view: View,
  known: ReadonlyMap<number, string> = new Map(),
): Promise<PulledPlace[]> {
  const lacking = places.filter(({ uid }) => !known.has(uid)).map(({ uid }) => uid)
  const ids = new Map([...known, ...(await identitiesOf(at, folder, lacking, view))])
  return places.flatMap(place => {
    const messageId = ids.get(place.uid)
    return messageId === undefined ? [] : [{ ...place, messageId }]
  })
}
