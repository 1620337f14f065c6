import type { AccountStatus, Progress, Proof, Provider } from '@inlet/protocol/entities'
import type { AttendanceStore } from './attendance-store.ts'
import type { MutationStore } from './mutation-store.ts'
import type { PlaceChange, PlaceStore } from './places.ts'
import type { LabelPatch, PulledLabel, PulledMessage, ResourceSpec, Version } from './provider-port.ts'
import type { PushEvent, PushOutcome } from './push-event.ts'
import type { Comparing, ReconciliationStore } from './reconciliation-store.ts'
import type { Found, Tally } from './tally.ts'

/**
 * What the engine keeps. Implemented by @inlet/db on Postgres; every implementation passes one contract suite.
 *
 * Order of things inside `commit`, which the invariants rest on:
 *   1. fence: the lease's token and the cursor's version still match, else StaleLease and nothing is written (I8)
 *   2. lock the user's feed row; from here to commit nobody else writes this user's feed (I2)
 *   3. read the stored state of everything the batch speaks of, tombstones included
 *   4. plan(stored, batch) → writes; pure, see plan.ts, and before it plan-places.ts where messages have places
 *   5. write rows, derived threads, label counts, tombstones, failed items, each with a new seq
 *   6. move the cursor and its version, if the batch carries one (I1)
 *   7. derive the account's status and write its row, if it changed
 * All provider I/O has happened before. A batch speaks of at most BATCH_MAX messages.
 */
export interface Store extends PlaceStore, MutationStore, AttendanceStore, ReconciliationStore {
  // -- scheduling: a sync that is due is a fact about a resource (DESIGN §5) --
  /**
   * Takes up to `limit` resources that are due (dirty, no live lease, next attempt reached), oldest mark first, with
   * SKIP LOCKED, opens a sync run for each, and leases them until now + leaseMs.
   */
  claimDue(options: {
    now: number
    leaseMs: number
    limit: number
    accountId?: string
    lanes?: Lane[]
    /** Accounts that have enough under way. */
    except?: readonly string[]
  }): Promise<Claim[]>
  /** False when the lease was lost: the worker must stop. */
  renewLease(lease: Lease, until: number): Promise<boolean>
  /** Marks lanes dirty now; what is leased will run once more. Returns how many rows were marked. */
  mark(target: MarkTarget, trigger: Trigger, now: number): Promise<number>
  /** Ends a claim: releases the lease, closes the run, keeps dirty_at if someone marked since the claim. */
  finish(claim: Claim, end: RunEnd, now: number): Promise<Committed>
  /** The earliest moment at which something will be due, or null. */
  nextDueAt(): Promise<number | null>

  // -- content --
  commit(batch: Batch): Promise<BatchCommitted>
  /**
   * Version stored for each of these provider ids; absent ones are not stored. With `labelId` (the provider's),
   * only those that carry the label.
   */
  storedVersions(accountId: string, messageIds: string[], labelId?: string): Promise<Map<string, Version>>
  /** The account's labels by provider id. */
  labelIds(accountId: string): Promise<Set<string>>
  /**
   * After a listing has been walked with `Batch.seen`: provider ids that are stored (and, with `labelId`, carry that
   * label) but were not listed, and were stored before the listing began. Suspects, to be fetched; never deleted by this alone (I7).
   */
  unlisted(
    resourceId: string,
    listing: string,
    labelId: string | null,
    storedBefore: number,
    limit: number,
  ): Promise<string[]>
  /** Failed items of this account due for another attempt. */
  dueItems(accountId: string, now: number, limit: number): Promise<{ id: string; attempts: number }[]>
  /** When the next failed item of this account is due, or null. */
  nextItemAt(accountId: string): Promise<number | null>
  /** What is stored, to set beside the provider's counts; `within` a folder, by the provider's id. */
  storedCount(accountId: string, of?: 'messages' | 'places', within?: string): Promise<number>
  saveProof(accountId: string, proof: Omit<Proof, 'compared'>): Promise<Committed>

  // -- doorbells --
  /** Records the event and marks the mailbox's live lane dirty, and answers once both are committed (I6). */
  recordPush(event: PushEvent, now: number): Promise<PushOutcome>
  /** Watches that are missing or end within `withinMs`, and that nobody has claimed. Paged by account id. */
  watchesDue(now: number, withinMs: number, limit: number): Promise<WatchDue[]>
  /**
   * Until `until` nobody else registers this watch. null: somebody does or did, or it is not due any more. What changes
   * the watch meanwhile (a person, a push, a stop) ends the claim.
   */
  claimWatch(due: WatchDue, now: number, until: number): Promise<WatchClaim | null>
  /** Ends the claim. null: it had ended before, nothing is written, and what was registered is nobody's. */
  saveWatch(
    claim: WatchClaim,
    /** `secret` null: the watch goes on with its own. */
    watch: { providerId: string; secret: string | null; expiresAt: number },
    now: number,
  ): Promise<Committed | null>
  /** A registration that failed: ends the claim, is kept for the status, and tried again at `retryAt`. */
  failWatch(claim: WatchClaim, error: string, retryAt: number, now: number): Promise<Committed | null>
  removeWatch(resourceId: string): Promise<Committed>
  /**
   * Marks live lanes whose doorbell cannot be trusted: no watch, watch expired, or no push for `silentMs`,
   * and that were not synced for `everyMs`; of these users only, if they are named. Where a tree surveys the account's
   * other lanes, and has not failed COOL_DOWN_AFTER times in a row, those wait for SURVEYED_MS. Returns how many.
   */
  markSilent(options: {
    now: number
    silentMs: number
    everyMs: number
    userIds?: readonly string[]
    surveyed?: readonly Surveyed[]
  }): Promise<number>

  // -- accounts --
  createAccount(
    account: NewAccount,
    now: number,
  ): Promise<{ accountId: string; created: boolean; head: number }>
  account(accountId: string): Promise<AccountRecord | null>
  accountsOf(userId: string): Promise<AccountRecord[]>
  /** Realtime off stops syncing; stored mail stays. */
  setEnabled(accountId: string, enabled: boolean, now: number): Promise<Committed>
  /** The grant is gone: Disconnected, until createAccount connects it again. No-op if the grant's version has moved on. */
  disconnect(accountId: string, grantVersion: number, reason: string, now: number): Promise<Committed>
  deleteAccount(accountId: string, now: number): Promise<Committed>

  // -- grants: encrypted at rest, never in a feed, a log or an error (I12) --
  readGrant(accountId: string): Promise<{ grant: Grant; version: number } | null>
  /**
   * Runs `refresh` under the account's grant lock with what is stored then, and stores what it returns, if the version
   * is still the one read: a failing old token never harms a newer grant.
   */
  refreshGrant(
    accountId: string,
    refresh: (grant: Grant, version: number) => Promise<Grant>,
  ): Promise<{ grant: Grant; version: number }>
}

/**
 * live: follows the cursor. listing: backfill, resync and reconcile, walks listings beside live. items: retries of failed items.
 * mutations: a person's changes on their way to the provider. Each lane of a resource has its own lease and backoff.
 */
export type Lane = 'live' | 'listing' | 'items' | 'mutations'
export type Trigger = 'push' | 'poll' | 'person' | 'schedule' | 'retry' | 'connect' | 'mutation'

/** Of accounts of this provider the resource `tree` tells which others have news. */
export type Surveyed = { provider: Provider; tree: string }

export type MarkTarget =
  | { accountId: string; lanes: Lane[] }
  | { userId: string; lanes: Lane[] }
  | { resourceId: string }

export type Lease = { resourceId: string; token: string }

export type Claim = {
  lease: Lease
  userId: string
  accountId: string
  email: string
  provider: Provider
  /** The provider's key of the resource; Gmail: 'mailbox'. */
  key: string
  lane: Lane
  cursor: string | null
  cursorVersion: number
  trigger: Trigger
  /** Consecutive failures before this claim, and the kind of the last of them. */
  attempts: number
  failedWith: string | null
  runId: string
}

export type RunEnd =
  | { ok: true; again?: { at: number } }
  | {
      ok: false
      kind: string
      message: string
      nextAttemptAt: number
      /** A stale worker closes its run and touches nothing else. */
      stale?: boolean
    }

export const BATCH_MAX = 500

export type Batch = {
  lease: Lease
  /** The cursor version this worker read; the commit compares it. */
  cursorVersion: number
  userId: string
  accountId: string
  now: number
  upserts: PulledMessage[]
  patches: LabelPatch[]
  deletions: { id: string; version: Version }[]
  /** Messages have their state from their places. */
  placed?: boolean
  places?: PlaceChange
  /** Messages that are derived from their places anew. */
  again?: string[]
  /** Confirmed not-found by the provider: deleted here if stored, and no longer a failed item. */
  missing: string[]
  /** The complete list of labels, when it was fetched. */
  labels: PulledLabel[] | null
  /**
   * All that has a cursor of its own, when it was fetched: what is new gets lanes that are due at once, the lanes of what
   * is gone end. Left out or null: as before.
   */
  resources?: ResourceSpec[] | null
  /** Kept as failed items (I10). Writing one marks the account's items lane due at `retryAt`, in this transaction. */
  failures: { id: string; code: string; message: string; retryAt: number }[]
  /**
   * Which failed items these upserts end; left out: all of theirs. Live sync may fail to fetch a newer state while
   * another lane's fetch is under way, and only the failed item remembers that one. So a listing ends none (false), and
   * a retry those that have failed as often as they had when it set out.
   */
  heals?: false | ReadonlyMap<string, number>
  /** Moves the cursor in this transaction. undefined: stays. null: a listing that has ended. */
  cursor?: string | null
  /** Ids met by a listing, remembered until the listing's end. */
  seen?: { listing: string; ids: string[] }
  /** Forget what this resource's listing has seen, and what it was told to be gone. */
  forgetSeen?: boolean
  /** Opens or replaces the listing lane of the same resource, in this transaction (I9: the gap is durable with the cursor). */
  startListing?: ListingCursor
  /** What this batch finds is added to the tally in its `cursor`. */
  tallied?: boolean
  /** A resource has been compared; with the last of them the comparison has ended. */
  reconciled?: Tally & { id: string }
}

/** The cursor of a listing lane, as JSON. */
export type ListingCursor = {
  kind: Progress['kind']
  startedAt: number
  /** Listings still to walk; the first is being walked. null until asked for. */
  listings: { name: string; labelId: string | null; counted: boolean }[] | null
  position: string | null
  /** Walking is over and what was not listed is being looked up. */
  checking: boolean
  /** Messages dealt with so far, shown as progress, and what that was when the page at `position` began. */
  done: number
  base: number
  total: number | null
  /** The epoch of the places that are listed. */
  epoch?: string
  /** Of a comparison only. */
  compare?: Comparing
}

/** `head` is the user's feed head after the transaction; rung on the bus afterwards. null: nothing changed. */
export type Committed = { userId: string; head: number | null; upserts: number; deletions: number }
export type BatchCommitted = Committed & { cursorVersion: number; found: Found }

export type WatchDue = {
  resourceId: string
  accountId: string
  userId: string
  email: string
  provider: Provider
  key: string
  providerId: string | null
  expiresAt: number | null
}

/** `until` is later with each claim of what is registered as `providerId`, so that the two tell claims apart. */
export type WatchClaim = { resourceId: string; providerId: string | null; until: number }

export type NewAccount = {
  userId: string
  provider: Provider
  email: string
  displayName: string
  grant: Grant
  resources: ResourceSpec[]
}

/** What the provider gave us. `data` is the provider's own (refresh token, access token, scopes, expiry). */
export type Grant = { data: Record<string, string | number | null> }

export type AccountRecord = {
  id: string
  userId: string
  provider: Provider
  email: string
  displayName: string
  enabled: boolean
  status: AccountStatus
  grantVersion: number
  proof: Proof | null
  failedItems: number
  /** `watchId`: the provider's id of the doorbell that is registered. */
  resources: {
    id: string
    key: string
    lane: Lane
    cursor: string | null
    watchId: string | null
    /** Marked, and not yet run to its end since. */
    due: boolean
    lastSyncedAt: number | null
  }[]
}
