import { newId } from '@inlet/sync/row-id'
import type { Committed, ListingCursor } from '@inlet/sync/store-port'
import { changeAccount } from './account-change.ts'
import type { Pool } from './pool.ts'
import { openListing as openListingSql } from './sql/open-listing.ts'
import type { Tx } from './transaction.ts'

/** Opens the listing lanes beside these live ones; the caller holds them locked. What old listings saw is forgotten. */
export function openListings(tx: Tx, liveIds: string[], listing: ListingCursor, now: number): void {
  const fresh = liveIds.map(() => newId())
  tx.send(openListingSql, [liveIds, fresh, JSON.stringify(listing), now, 'schedule'])
}

export async function startListing(
  pool: Pool,
  accountId: string,
  listing: ListingCursor,
  now: number,
): Promise<Committed> {
  return await changeAccount(pool, accountId, now, async tx => {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM resource WHERE account_id = $1 AND lane = 'live'`,
      [accountId],
    )
    openListings(
      tx,
      rows.map(row => row.id),
      listing,
      now,
    )
    return {}
  })
}
