import type { Proof } from '@inlet/protocol/entities'
import type { AccountRecord, Committed, NewAccount } from '@inlet/sync/store-port'
import { writeThreads } from './commit.ts'
import { refreshAccount } from './refresh-account.ts'
import { addResources } from './resources.ts'
import { type AccountState, bury, byText, type MemoryState, resourcesOf, userOf } from './state.ts'

const nothing: Committed = { userId: '', head: null, upserts: 0, deletions: 0 }

/** A change of an account outside of a sync; `change` answering false means that there is nothing to do. */
export function changeAccount(
  state: MemoryState,
  accountId: string,
  now: number,
  change: (account: AccountState) => false | { force?: boolean; proof?: Omit<Proof, 'compared'> },
): Committed {
  const account = state.accounts.get(accountId)
  if (!account) return nothing
  const user = userOf(state, account.userId)
  const start = user.head
  const done = change(account)
  if (done !== false) refreshAccount(state, accountId, now, done)
  return { ...nothing, userId: account.userId, head: user.head === start ? null : user.head }
}

export function createAccount(
  state: MemoryState,
  newId: () => string,
  { userId, provider, grant, ...account }: NewAccount,
  now: number,
): { accountId: string; created: boolean; head: number } {
  const user = userOf(state, userId)
  const email = account.email.toLowerCase()
  const { displayName } = account
  const found = [...user.accounts.values()].find(
    ({ row }) => row.provider === provider && row.email === email,
  )
  const accountId = found?.row.id ?? newId()
  const known = state.accounts.get(accountId)
  if (known && found) {
    Object.assign(known, { enabled: true, reconnect: null, grant, grantVersion: known.grantVersion + 1 })
    user.accounts.set(accountId, { ...found, row: { ...found.row, displayName } })
  } else {
    state.accounts.set(accountId, {
      id: accountId,
      userId,
      enabled: true,
      reconnect: null,
      grant,
      grantVersion: 1,
    })
    const status = {
      state: 'degraded',
      reason: 'never_synced',
      since: now,
      retryAt: null,
      error: null,
    } as const
    const empty = {
      lastSyncAt: null,
      lastPushAt: null,
      watchExpiresAt: null,
      progress: null,
      proof: null,
      failedItems: 0,
    }
    const row = { id: accountId, provider, email, displayName, status, ...empty, createdAt: now }
    user.accounts.set(accountId, { row, seq: 0 })
  }
  addResources(state, { userId, accountId, now }, account.resources)
  wake(state, accountId, 'connect', now)
  refreshAccount(state, accountId, now, { force: true })
  return { accountId, created: !found, head: user.head }
}

/** Lets the account's lanes be claimed again, without old backoffs; its live lanes at once. */
function wake(state: MemoryState, accountId: string, trigger: 'connect' | 'person', now: number): void {
  for (const lane of resourcesOf(state, accountId)) {
    lane.paused = false
    lane.attempts = 0
    lane.nextAttemptAt = null
    lane.error = null
    if (lane.lane !== 'live') continue
    if (lane.dirtyAt === null) lane.trigger = trigger
    lane.marks += 1
    lane.dirtyAt ??= now
  }
}

export function setEnabled(state: MemoryState, accountId: string, enabled: boolean, now: number): Committed {
  return changeAccount(state, accountId, now, account => {
    if (account.enabled === enabled) return false
    account.enabled = enabled
    if (enabled && account.reconnect === null) wake(state, accountId, 'person', now)
    // What a person does to a stopped account's mail still reaches the provider.
    if (!enabled)
      for (const lane of resourcesOf(state, accountId)) if (lane.lane !== 'mutations') lane.paused = true
    return {}
  })
}

export function disconnect(
  state: MemoryState,
  accountId: string,
  version: number,
  reason: string,
  now: number,
): Committed {
  return changeAccount(state, accountId, now, account => {
    if (account.reconnect !== null || account.grantVersion !== version) return false
    account.reconnect = { at: now, error: reason.slice(0, 1_000) }
    for (const lane of resourcesOf(state, accountId)) lane.paused = true
    return {}
  })
}

export function readAccount(state: MemoryState, accountId: string): AccountRecord | null {
  const account = state.accounts.get(accountId)
  const row = account && userOf(state, account.userId).accounts.get(accountId)?.row
  if (!account || !row) return null
  const { userId, enabled, grantVersion } = account
  const { provider, email, displayName, status, proof, failedItems } = row
  const resources = resourcesOf(state, accountId)
    .map(({ id, key, lane, cursor, watch, dirtyAt, lastSyncedAt }) => ({
      id,
      key,
      lane,
      cursor,
      watchId: watch?.providerId ?? null,
      due: dirtyAt !== null,
      lastSyncedAt,
    }))
    .sort((a, b) => byText(a.key, b.key) || byText(a.lane, b.lane))
  const record = { id: accountId, userId, provider, email, displayName, enabled, status }
  return { ...record, proof, failedItems, grantVersion, resources }
}

export function accountsOf(state: MemoryState, userId: string): AccountRecord[] {
  const rows = [...userOf(state, userId).accounts.values()].map(entry => entry.row)
  rows.sort((a, b) => a.createdAt - b.createdAt || byText(a.id, b.id))
  return rows.map(row => readAccount(state, row.id)).filter(record => record !== null)
}

export function deleteAccount(state: MemoryState, accountId: string, now: number): Committed {
  const account = state.accounts.get(accountId)
  if (!account) return nothing
  const user = userOf(state, account.userId)
  for (const lane of resourcesOf(state, accountId)) {
    state.resources.delete(lane.id)
    for (const key of state.seen.keys()) if (key.startsWith(`${lane.id} `)) state.seen.delete(key)
  }
  for (const [key, mutation] of state.mutations)
    if (mutation.accountId === accountId) state.mutations.delete(key)
  for (const [id, item] of user.failedItems) if (item.accountId === accountId) user.failedItems.delete(id)
  for (const [key, place] of state.places) if (place.accountId === accountId) state.places.delete(key)
  state.reconciliations = state.reconciliations.filter(each => each.row.accountId !== accountId)
  state.accounts.delete(accountId)
  user.accounts.delete(accountId)
  bury(user, 'account', accountId, now)
  const threads = new Set<string>()
  let deletions = 0
  for (const [id, { row, version }] of user.messages) {
    if (row.accountId !== accountId) continue
    user.messages.delete(id)
    bury(user, 'message', id, now, version)
    threads.add(row.threadId)
    deletions += 1
  }
  writeThreads(user, [...threads], now)
  for (const [id, { row }] of user.labels) {
    if (row.accountId !== accountId) continue
    user.labels.delete(id)
    bury(user, 'label', id, now)
  }
  return { userId: user.userId, head: user.head, upserts: 0, deletions }
}
