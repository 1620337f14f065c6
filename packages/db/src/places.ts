import type { Place, PlaceSum } from '@inlet/sync/places'
import type { PlacesBefore, PlaceWrites, StoredPlace } from '@inlet/sync/plan-places'
import type { Batch } from '@inlet/sync/store-port'
import type { Queryable } from './pool.ts'
import { disagreeing as disagreeingSql } from './sql/disagreeing.ts'
import { putPlaces } from './sql/put-places.ts'
import { readPlaces as readPlacesSql } from './sql/read-places.ts'
import type { Tx } from './transaction.ts'

type PlaceRow = {
  resource: string
  epoch: string
  uid: number
  message_id: string | null
  flags: string[]
  modseq: string | null
  gone: boolean
}

const COLUMNS = 'resource, epoch, uid, message_id, flags, modseq::text AS modseq, gone'

const toPlace = ({ message_id, modseq, ...row }: PlaceRow): StoredPlace => ({
  ...row,
  messageId: message_id ?? '',
  modseq: modseq === null ? null : BigInt(modseq),
})

/** Under the feed lock: what stands where the batch speaks of, and every place of the messages that it concerns. */
export async function readPlaces(tx: Tx, batch: Batch): Promise<PlacesBefore> {
  const { accountId, places, upserts, missing, again = [] } = batch
  const uids = places ? [...places.put.map(({ uid }) => uid), ...places.gone] : []
  const ids = [
    ...(places?.put ?? []).map(place => place.messageId),
    ...upserts.map(({ id }) => id),
    ...missing,
    ...again,
  ]
  const [{ rows }, listing] = await Promise.all([
    tx.query<PlaceRow>(readPlacesSql, [accountId, places?.resource ?? '', places?.epoch ?? '', uids, ids]),
    places ? isListed(tx, accountId, places.resource) : false,
  ])
  return { places: rows.map(toPlace), listing }
}

async function isListed(db: Queryable, accountId: string, resource: string): Promise<boolean> {
  const { rows } = await db.query<{ listed: boolean }>(
    `SELECT EXISTS (SELECT FROM resource
                     WHERE account_id = $1 AND key = $2 AND lane = 'listing' AND cursor IS NOT NULL) AS listed`,
    [accountId, resource],
  )
  return rows[0]?.listed ?? false
}

export function writePlaces(tx: Tx, batch: Batch, { put, removed, gone }: PlaceWrites): void {
  const { userId, accountId, places } = batch
  if (!places) return
  const where = [accountId, places.resource, places.epoch]
  const rows = [...put, ...gone.map(uid => ({ uid, messageId: null, flags: [], modseq: null }))]
  if (rows.length > 0)
    tx.send(putPlaces, [
      userId,
      ...where,
      rows.map(({ uid }) => uid),
      rows.map(({ messageId }) => messageId),
      rows.map(({ flags }) => flags.join(' ')),
      rows.map(({ modseq }) => modseq?.toString() ?? null),
    ])
  if (removed.length > 0)
    tx.send('DELETE FROM place WHERE account_id = $1 AND resource = $2 AND epoch = $3 AND uid = ANY($4)', [
      ...where,
      removed,
    ])
}

/** The folder has been listed: nothing that vanished meanwhile can come back. */
export function forgetGone(tx: Tx, { accountId, lease }: Batch): void {
  tx.send(
    'DELETE FROM place WHERE account_id = $1 AND resource = (SELECT key FROM resource WHERE id = $2) AND gone',
    [accountId, lease.resourceId],
  )
}

export async function placesOf(
  db: Queryable,
  accountId: string,
  messageIds: string[],
): Promise<Map<string, Place[]>> {
  const found = new Map<string, Place[]>()
  if (messageIds.length === 0) return found
  const { rows } = await db.query<PlaceRow>(
    `SELECT ${COLUMNS} FROM unnest($2::text[]) AS u (id)
      CROSS JOIN LATERAL (SELECT * FROM place WHERE account_id = $1 AND message_id = u.id OFFSET 0) AS p
      ORDER BY resource, epoch, uid`,
    [accountId, [...new Set(messageIds)]],
  )
  for (const { gone: _, ...place } of rows.map(toPlace)) {
    const others = found.get(place.messageId)
    if (others) others.push(place)
    else found.set(place.messageId, [place])
  }
  return found
}

export async function countPlaces(
  db: Queryable,
  accountId: string,
  resource: string,
  epoch: string,
  below: number,
): Promise<number | null> {
  if (await isListed(db, accountId, resource)) return null
  const { rows } = await db.query<{ n: number }>(
    `SELECT count(*) AS n FROM place
      WHERE account_id = $1 AND resource = $2 AND epoch = $3 AND uid < $4 AND NOT gone`,
    [accountId, resource, epoch, below],
  )
  return rows[0]?.n ?? 0
}

export async function placesIn(
  db: Queryable,
  accountId: string,
  resource: string,
  epoch: string,
  { first, last }: { first: number; last: number },
  limit: number,
): Promise<Place[]> {
  const { rows } = await db.query<PlaceRow>(
    `SELECT ${COLUMNS} FROM place
      WHERE account_id = $1 AND resource = $2 AND epoch = $3 AND uid BETWEEN $4 AND $5 AND NOT gone
      ORDER BY uid LIMIT $6`,
    [accountId, resource, epoch, first, last, limit],
  )
  return rows.map(toPlace).map(({ gone: _, ...place }) => place)
}

export async function placeEpochs(
  db: Queryable,
  accountId: string,
): Promise<{ resource: string; epoch: string }[]> {
  const { rows } = await db.query<{ resource: string; epoch: string }>(
    `SELECT DISTINCT resource, epoch FROM place WHERE account_id = $1 AND NOT gone ORDER BY resource, epoch`,
    [accountId],
  )
  return rows
}

export async function placeSums(db: Queryable, accountId: string): Promise<PlaceSum[]> {
  const { rows } = await db.query<PlaceSum>(
    `SELECT resource, epoch, count(*) AS places, count(*) FILTER (WHERE NOT flags @> $2) AS unseen
       FROM place WHERE account_id = $1 AND NOT gone GROUP BY resource, epoch ORDER BY resource, epoch`,
    [accountId, ['\\Seen']],
  )
  return rows
}

export async function disagreeing(
  db: Queryable,
  accountId: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ provider_id: string }>(disagreeingSql, [accountId, after, limit])
  return rows.map(row => row.provider_id)
}
