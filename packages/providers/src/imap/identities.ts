import type { PulledPlace } from '@inlet/sync/places'
import type { FetchMessageObject } from 'imapflow'
import { identityOf } from './identity.ts'
import { type At, type FolderRef, inFolder, type View } from './in-folder.ts'
import type { Place } from './places.ts'
import { inSets, packUids } from './uids.ts'

const AT_ONCE = 250

/** Which messages lie at these UIDs, as far as they exist: now, or at the time of the view. */
export async function identitiesOf(
  at: At,
  folder: FolderRef,
  uids: readonly number[],
  view: View = new WeakSet(),
): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  const query = { uid: true, envelope: true, internalDate: true, size: true }
  for (const set of inSets(uids, AT_ONCE)) {
    const rows = await inFolder(at, folder, { action: `read ${folder.path}`, view }, client =>
      client.fetchAll(packUids(set), query, { uid: true }),
    )
    const joined = new Map<number, FetchMessageObject>()
    for (const row of rows) joined.set(row.uid, { ...joined.get(row.uid), ...row })
    // Others' changes of flags come between as rows that say nothing of the message.
    for (const [uid, row] of joined)
      if (row.size !== undefined && set.includes(uid)) found.set(uid, identityOf(row))
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
