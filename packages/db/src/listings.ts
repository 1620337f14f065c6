import { newId } from '@inlet/sync/row-id'
import type { ListingCursor } from '@inlet/sync/store-port'
import { openListing as openListingSql } from './sql/open-listing.ts'
import type { Tx } from './transaction.ts'

/** Opens the listing lanes beside these live ones; the caller holds them locked. What old listings saw is forgotten. */
export function openListings(tx: Tx, liveIds: string[], listing: ListingCursor, now: number): void {
  const fresh = liveIds.map(() => newId())
  tx.send(openListingSql, [liveIds, fresh, JSON.stringify(listing), now, 'schedule'])
}
