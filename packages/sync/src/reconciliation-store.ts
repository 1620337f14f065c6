import type { Reconciliation } from '@inlet/protocol/sync-api'
import type { PulledMessage } from './provider-port.ts'
import type { Committed, ListingCursor } from './store-port.ts'
import type { Tally } from './tally.ts'

/** What the store keeps of comparisons with the provider: the last RECONCILIATIONS_KEPT of each account. */
export interface ReconciliationStore {
  /**
   * Opens a listing beside every live lane of the account, and the record of the comparison. Not (`started` false) before
   * every live lane has a cursor, while anything of the account is being listed, where it is stopped or disconnected, or
   * where one was started after `notSince`.
   */
  startReconciliation(
    accountId: string,
    start: ReconciliationStart,
    now: number,
  ): Promise<Committed & { started: boolean }>
  /**
   * Accounts to compare: not compared since `before`, longest ago first, while less than `atOnce` are being compared. One
   * that was started before `stuck` takes nobody's place.
   */
  reconciliationsDue(before: number, stuck: number, atOnce: number): Promise<string[]>
  /** The last ones, newest first. */
  reconciliations(accountId: string, limit: number): Promise<Reconciliation[]>
  /** When the last run of a live lane that ended well began. null: never. */
  livePassed(accountId: string, key: string): Promise<number | null>
  /** Ids met in a listing that are not stored (with `labelId`: that are, and do not carry it), `after` on, sorted. */
  unstored(
    resourceId: string,
    listing: string,
    labelId: string | null,
    after: string,
    limit: number,
  ): Promise<string[]>
  /** Ids met in a listing, sorted, `after` on. */
  seenIds(resourceId: string, listing: string, after: string, limit: number): Promise<string[]>
  /** Ids of those whose row would be another, were they committed now. Writes nothing. */
  differing(userId: string, accountId: string, messages: PulledMessage[]): Promise<string[]>
  /** Stored messages that carry what is no label of the account, `after` on, sorted. */
  mislabelled(accountId: string, after: string, limit: number): Promise<string[]>
  /** Stored messages that lie nowhere (see plan-places.ts) and about which nobody is being asked. */
  unplaced(accountId: string, limit: number): Promise<string[]>
}

export const RECONCILIATIONS_KEPT = 30

export type ReconciliationStart = {
  listing: ListingCursor
  trigger: Reconciliation['trigger']
  notSince?: number
}

export type Comparing = {
  /** The record's. */
  id: string
  tally: Tally
  /** When something was seen to differ and live sync was asked to pass; null: nothing was, in this set. */
  waiting: number | null
  /** Pages of places that differed, and the UIDs that each is about. */
  pages: { position: string | null; first: number; top: number }[]
  /** The highest UID of the next page. */
  top: number
}
