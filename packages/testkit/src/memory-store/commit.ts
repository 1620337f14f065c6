import type { Label, Message } from '@inlet/protocol/entities'
import { deriveThread } from '@inlet/sync/derive-thread'
import type { plan as realPlan, Stored, StoredLabel, Writes } from '@inlet/sync/plan'
import type { placeMessages } from '@inlet/sync/plan-places'
import { StaleLease } from '@inlet/sync/provider-errors'
import { rowId } from '@inlet/sync/row-id'
import { BATCH_MAX, type Batch, type BatchCommitted } from '@inlet/sync/store-port'
import { cursorAfter, foundIn } from '@inlet/sync/tally'
import { openListings } from './listings.ts'
import { forgetGone, readPlaces, writePlaces } from './places.ts'
import { keepReconciliation } from './reconciliations.ts'
import { refreshAccount } from './refresh-account.ts'
import { keepResources } from './resources.ts'
import {
  bury,
  byText,
  type LabelEntry,
  type MemoryState,
  type ResourceState,
  type UserState,
  userOf,
} from './state.ts'

export type Planners = { plan: typeof realPlan; place: typeof placeMessages }

/** Store.commit, in the order of things that the port lists. Whatever can be refused is refused before the first write. */
export function commit(state: MemoryState, { plan, place }: Planners, said: Batch): BatchCommitted {
  const size = said.upserts.length + said.patches.length + said.deletions.length + said.missing.length
  if (size > 4 * BATCH_MAX || said.upserts.length > BATCH_MAX)
    throw new RangeError(`A batch speaks of ${size} messages; split it into batches of at most ${BATCH_MAX}.`)
  const odd = said.upserts.find(message => !Number.isSafeInteger(message.sizeBytes))
  if (odd) throw new RangeError(`The size of message ${odd.id} is ${odd.sizeBytes}, which no column holds.`)
  const own = fence(state, said)
  const user = userOf(state, said.userId)
  const start = user.head
  const before = said.placed ? readPlaces(state, said) : null
  const concerned = [...(before?.places ?? []), ...(before ? (said.places?.put ?? []) : [])]
  const stored = readStored(
    user,
    said,
    concerned.map(place => place.messageId),
  )
  const placed = before && place(stored, before, said)
  const batch = placed?.batch ?? said
  const writes = plan(stored, batch)
  if (placed) {
    writes.healed.push(...placed.healed)
    writePlaces(state, said, placed.writes)
  }
  const places = before && placed ? { before: before.places, batch: said, writes: placed.writes } : undefined
  const found = foundIn(stored, writes, places)

  writeMessages(user, batch, writes)
  writeThreads(user, writes.threads, batch.now)
  writeLabels(user, batch, writes)
  writeItems(user, batch, writes)
  if (writes.failures.length > 0 && own.lane !== 'items')
    wakeItems(state, batch, Math.min(...writes.failures.map(failure => failure.retryAt)))
  const cursor = cursorAfter(batch, found)
  if (cursor !== undefined) {
    own.cursor = cursor
    own.cursorVersion += 1
  }
  if (writes.messages.length + writes.deletions.length > 0) own.run.changed = true
  keepListing(state, said, own)
  if (batch.resources) keepResources(state, batch, batch.resources)
  keepReconciliation(state, batch)
  refreshAccount(state, batch.accountId, batch.now)
  return {
    userId: batch.userId,
    head: user.head === start ? null : user.head,
    upserts: writes.messages.length,
    deletions: writes.deletions.length,
    cursorVersion: own.cursorVersion,
    found,
  }
}

function fence(state: MemoryState, batch: Batch): ResourceState {
  const own = state.resources.get(batch.lease.resourceId)
  if (
    !own ||
    own.leaseToken !== batch.lease.token ||
    own.cursorVersion !== batch.cursorVersion ||
    own.userId !== batch.userId ||
    own.accountId !== batch.accountId
  )
    throw new StaleLease(batch.lease.resourceId)
  return own
}

export function readStored(user: UserState, batch: Batch, concerned: string[]): Stored {
  const stored: Stored = {
    messages: new Map(),
    tombstones: new Map(),
    labels: new Map(),
    attempts: new Map(),
  }
  const read = (providerId: string) => {
    const id = rowId(batch.accountId, 'message', providerId)
    const message = user.messages.get(id)
    if (message) stored.messages.set(id, message)
    const tombstone = user.tombstones.get(`message ${id}`)
    if (tombstone) stored.tombstones.set(id, tombstone.version ?? 0n)
  }
  for (const said of [batch.upserts, batch.patches, batch.deletions]) for (const { id } of said) read(id)
  for (const said of [batch.missing, concerned]) for (const id of said) read(id)
  for (const providerId of batch.heals ? batch.heals.keys() : []) {
    const item = user.failedItems.get(rowId(batch.accountId, 'message', providerId))
    if (item) stored.attempts.set(providerId, item.attempts)
  }
  for (const [id, entry] of user.labels)
    if (entry.row.accountId === batch.accountId) stored.labels.set(id, asStored(entry))
  return stored
}

const known = new WeakMap<LabelEntry, StoredLabel>()
/** The planner's view of a label: made once, as entries are never changed in place and most commits change none. */
function asStored(entry: LabelEntry): StoredLabel {
  const old = known.get(entry)
  if (old) return old
  const { unread: _, ...label } = entry.row
  const stored = { ...label, providerId: entry.providerId }
  known.set(entry, stored)
  return stored
}

function writeMessages(user: UserState, batch: Batch, writes: Writes): void {
  for (const { attachments: _, ...write } of writes.messages) {
    const old = user.messages.get(write.row.id)
    user.messages.set(write.row.id, {
      ...write,
      body: write.body ?? old?.body ?? null,
      hasBody: write.hasBody || (old?.hasBody ?? false),
      seq: ++user.head,
      storedAt: old?.storedAt ?? batch.now,
    })
  }
  for (const { row, body } of writes.bodies) {
    const old = user.messages.get(row.id)
    if (old) user.messages.set(row.id, { ...old, body, hasBody: true })
  }
  for (const { id, version } of writes.versions) {
    const old = user.messages.get(id)
    if (old && old.version < version) user.messages.set(id, { ...old, version })
  }
  for (const { id, version } of writes.deletions) {
    user.messages.delete(id)
    bury(user, 'message', id, batch.now, version)
  }
  for (const { id, version } of writes.tombstones) {
    const old = user.tombstones.get(`message ${id}`)
    const newest = old?.version != null && old.version > version ? old.version : version
    user.tombstones.set(`message ${id}`, {
      kind: 'message',
      id,
      seq: old?.seq ?? null,
      version: newest,
      at: batch.now,
    })
  }
  for (const id of writes.revived) user.tombstones.delete(`message ${id}`)
}

/** After the messages: threads are what their messages say. Those that changed take seqs in order of their time. */
export function writeThreads(user: UserState, ids: string[], now: number): void {
  if (ids.length === 0) return
  const members = new Map<string, Message[]>(ids.map(id => [id, []]))
  for (const { row } of user.messages.values()) members.get(row.threadId)?.push(row)
  const derived = [...members]
    .filter(([, messages]) => messages.length > 0)
    .map(([id, messages]) => deriveThread(id, messages))
  derived.sort((a, b) => a.lastMessageAt - b.lastMessageAt || byText(a.id, b.id))
  for (const row of derived) {
    const old = user.threads.get(row.id)
    if (old && JSON.stringify(old.row) === JSON.stringify(row)) continue
    user.threads.set(row.id, { row, seq: ++user.head })
    if (!old) user.tombstones.delete(`thread ${row.id}`)
  }
  for (const [id, messages] of members)
    if (messages.length === 0 && user.threads.delete(id)) bury(user, 'thread', id, now)
}

function writeLabels(user: UserState, batch: Batch, writes: Writes): void {
  const gone = new Set(writes.deletedLabels)
  const changed = new Map<string, { row: Omit<Label, 'total' | 'unread'>; providerId: string }>()
  for (const { providerId, ...row } of writes.labels) changed.set(row.id, { row, providerId })
  for (const id of writes.labelCounts.keys()) {
    const entry = user.labels.get(id)
    if (entry && !changed.has(id)) changed.set(id, entry)
  }
  for (const [id, { row, providerId }] of changed) {
    if (gone.has(id)) continue
    const before = user.labels.get(id)?.row
    const delta = writes.labelCounts.get(id) ?? { total: 0, unread: 0 }
    // A label that is new here counts what carried it before it was listed.
    const counts = before
      ? { total: before.total + delta.total, unread: before.unread + delta.unread }
      : countLabel(user, id)
    user.labels.set(id, { row: { ...row, ...counts }, providerId, seq: ++user.head })
    user.tombstones.delete(`label ${id}`)
  }
  for (const id of gone) if (user.labels.delete(id)) bury(user, 'label', id, batch.now)
}

function countLabel(user: UserState, id: string): { total: number; unread: number } {
  const counts = { total: 0, unread: 0 }
  for (const { row } of user.messages.values()) {
    if (!row.labelIds.includes(id)) continue
    counts.total += 1
    if (row.unread) counts.unread += 1
  }
  return counts
}

function writeItems(user: UserState, batch: Batch, writes: Writes): void {
  const { accountId } = batch
  for (const { providerId, attempts } of writes.healed) {
    const id = rowId(accountId, 'message', providerId)
    if (attempts === null || user.failedItems.get(id)?.attempts === attempts) user.failedItems.delete(id)
  }
  const failures = new Map(writes.failures.map(failure => [failure.providerId, failure]))
  for (const { providerId, code, message, retryAt } of failures.values()) {
    const id = rowId(accountId, 'message', providerId)
    const attempts = (user.failedItems.get(id)?.attempts ?? 0) + 1
    user.failedItems.set(id, { accountId, id, providerId, code, message, nextAttemptAt: retryAt, attempts })
  }
}

/** Due at `at` unless it is due sooner; during a run it counts as a mark, so that one more run follows. */
function wakeItems(state: MemoryState, batch: Batch, at: number): void {
  for (const lane of state.resources.values()) {
    if (lane.accountId !== batch.accountId || lane.lane !== 'items') continue
    const unmarked = lane.dirtyAt === null || (lane.leaseToken !== null && lane.marks === lane.claimedMarks)
    if (unmarked) lane.nextAttemptAt = at
    else if (lane.attempts === 0 && lane.nextAttemptAt !== null)
      lane.nextAttemptAt = Math.min(lane.nextAttemptAt, at)
    if (unmarked) {
      lane.trigger = 'retry'
      lane.dirtyAt = batch.now
    }
    lane.marks += 1
  }
}

function keepListing(state: MemoryState, batch: Batch, own: ResourceState): void {
  if (batch.seen && batch.seen.ids.length > 0) {
    const key = `${own.id} ${batch.seen.listing}`
    const seen = state.seen.get(key) ?? new Set()
    for (const id of batch.seen.ids) seen.add(id)
    state.seen.set(key, seen)
  }
  if (batch.forgetSeen) {
    for (const key of state.seen.keys()) if (key.startsWith(`${own.id} `)) state.seen.delete(key)
    if (batch.placed) forgetGone(state, batch.accountId, { resource: own.key })
  }
  if (batch.startListing) openListings(state, [own], batch.startListing, batch.now)
}
