import type { ResourceSpec } from '@inlet/sync/provider-port'
import type { Batch } from '@inlet/sync/store-port'
import { cleanText } from './clean-batch.ts'
import type { Queryable } from './pool.ts'
import { addResources as addResourcesSql } from './sql/add-resources.ts'

/** Lanes for resources that have none yet, due at once. */
export async function addResources(
  db: Queryable,
  { userId, accountId, now }: Pick<Batch, 'userId' | 'accountId' | 'now'>,
  resources: readonly ResourceSpec[],
): Promise<void> {
  await db.query(addResourcesSql, [
    userId,
    accountId,
    resources.map(resource => resource.key),
    resources.map(resource => cleanText(resource.name)),
    resources.map(resource => resource.watched),
    now,
  ])
}

/** Makes the account's lanes those of `resources`. The caller holds all of them locked: a worker at one loses its lease. */
export async function keepResources(
  db: Queryable,
  batch: Batch,
  resources: readonly ResourceSpec[],
): Promise<void> {
  const gone = `SELECT id FROM resource WHERE account_id = $1 AND lane IN ('live', 'listing') AND key <> ALL($2)`
  const known = [batch.accountId, resources.map(resource => resource.key)]
  await db.query(`DELETE FROM listing_seen WHERE resource_id IN (${gone})`, known)
  await db.query(`DELETE FROM resource WHERE id IN (${gone})`, known)
  // Its places were dropped before, each with what follows for its message; these stand for none.
  await db.query('DELETE FROM place WHERE account_id = $1 AND resource <> ALL($2) AND gone', known)
  await addResources(db, batch, resources)
}
