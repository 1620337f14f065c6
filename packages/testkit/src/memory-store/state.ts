import type { Account, Label, Thread } from '@inlet/protocol/entities'
import type { MutationBody } from '@inlet/protocol/mutations'
import type { Reconciliation } from '@inlet/protocol/sync-api'
import type { MutationState } from '@inlet/sync/mutation-store'
import type { StoredMessage } from '@inlet/sync/plan'
import type { StoredPlace } from '@inlet/sync/plan-places'
import type { PulledBody } from '@inlet/sync/provider-port'
import type { StatusFacts } from '@inlet/sync/status'
import type { Grant, Lane, Trigger } from '@inlet/sync/store-port'

export type MessageEntry = StoredMessage & { seq: number; storedAt: number; body: PulledBody | null }
export type ThreadEntry = { row: Thread; seq: number }
export type LabelEntry = { row: Label; providerId: string; seq: number }
/** What of an account is mirrored. */
export type AccountEntry = { row: Account; seq: number }
export type Kind = 'account' | 'label' | 'message' | 'thread'
/** `seq` null: of something that was never stored, so no reader is told. */
export type TombstoneEntry = {
  kind: Kind
  id: string
  seq: number | null
  version: bigint | null
  at: number
}

export type FailedItem = {
  accountId: string
  id: string
  providerId: string
  code: string
  message: string
  nextAttemptAt: number
  attempts: number
}

/** Everything of one user, keyed by row id. */
export type UserState = {
  userId: string
  head: number
  floor: number
  messages: Map<string, MessageEntry>
  threads: Map<string, ThreadEntry>
  labels: Map<string, LabelEntry>
  accounts: Map<string, AccountEntry>
  /** Keyed by `${kind} ${id}`. */
  tombstones: Map<string, TombstoneEntry>
  failedItems: Map<string, FailedItem>
}

export type ResourceState = {
  id: string
  userId: string
  accountId: string
  key: string
  lane: Lane
  cursor: string | null
  cursorVersion: number
  dirtyAt: number | null
  trigger: Trigger
  marks: number
  claimedMarks: number
  attempts: number
  nextAttemptAt: number | null
  leaseUntil: number | null
  leaseToken: string | null
  runId: string | null
  paused: boolean
  lastSyncedAt: number | null
  /** When the last run that ended well began. */
  passedAt: number | null
  lastPushAt: number | null
  missedPushAt: number | null
  /** Since the claim: when it began, and whether it has changed anything. */
  run: { startedAt: number; changed: boolean }
  error: { kind: string; message: string } | null
  watch: WatchState | null
}

export type WatchState = {
  providerId: string | null
  secret: string | null
  expiresAt: number | null
  createdAt: number | null
  error: string | null
  retryAt: number
}

export type AccountState = {
  id: string
  userId: string
  enabled: boolean
  reconnect: StatusFacts['reconnect']
  grant: Grant
  grantVersion: number
}

export type MutationEntry = {
  n: number
  clientId: string
  userId: string
  accountId: string
  body: MutationBody
  state: MutationState
  error: { code: string; message: string } | null
  attempts: number
}

export type ReconciliationEntry = { row: Reconciliation; pending: string[] }

/** What a whole database holds. Rows are never changed in place: whoever was given one keeps what it was. */
export type MemoryState = {
  users: Map<string, UserState>
  accounts: Map<string, AccountState>
  resources: Map<string, ResourceState>
  /** By `${userId} ${clientId}`. */
  mutations: Map<string, MutationEntry>
  /** When a push id was last seen. */
  pushes: Map<string, number>
  /** By `${resourceId} ${listing}`: ids met. */
  seen: Map<string, Set<string>>
  places: Map<string, StoredPlace & { accountId: string }>
  /** Until when each counts as alive. */
  workers: Map<string, number>
  attendance: Map<string, { workerId: string; since: number; leaseUntil: number }>
  reconciliations: ReconciliationEntry[]
}

export function emptyState(): MemoryState {
  return {
    users: new Map(),
    accounts: new Map(),
    resources: new Map(),
    mutations: new Map(),
    pushes: new Map(),
    seen: new Map(),
    places: new Map(),
    workers: new Map(),
    attendance: new Map(),
    reconciliations: [],
  }
}

export function userOf(state: MemoryState, userId: string): UserState {
  let user = state.users.get(userId)
  if (!user) {
    user = {
      userId,
      head: 0,
      floor: 0,
      messages: new Map(),
      threads: new Map(),
      labels: new Map(),
      accounts: new Map(),
      tombstones: new Map(),
      failedItems: new Map(),
    }
    state.users.set(userId, user)
  }
  return user
}

/** Code units, as Postgres compares under the collation C. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export function bury(
  user: UserState,
  kind: Kind,
  id: string,
  now: number,
  version: bigint | null = null,
): void {
  user.tombstones.set(`${kind} ${id}`, { kind, id, seq: ++user.head, version, at: now })
}

export function resourcesOf(state: MemoryState, accountId: string): ResourceState[] {
  return [...state.resources.values()].filter(resource => resource.accountId === accountId)
}
