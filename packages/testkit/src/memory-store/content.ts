import type { plan as realPlan } from '@inlet/sync/plan'
import type { PulledMessage, Version } from '@inlet/sync/provider-port'
import { rowId } from '@inlet/sync/row-id'
import { readStored } from './commit.ts'
import { countAllPlaces } from './places.ts'
import { byText, type FailedItem, type MemoryState, type MessageEntry, userOf } from './state.ts'

function ownerOf(state: MemoryState, accountId: string) {
  const account = state.accounts.get(accountId)
  return account ? userOf(state, account.userId) : null
}

function* messagesOf(state: MemoryState, accountId: string): Generator<MessageEntry> {
  for (const message of ownerOf(state, accountId)?.messages.values() ?? [])
    if (message.row.accountId === accountId) yield message
}

export function storedVersions(
  state: MemoryState,
  accountId: string,
  messageIds: string[],
  labelId?: string,
): Map<string, Version> {
  const label = labelId === undefined ? null : rowId(accountId, 'label', labelId)
  const versions = new Map<string, Version>()
  const user = ownerOf(state, accountId)
  for (const providerId of messageIds) {
    const message = user?.messages.get(rowId(accountId, 'message', providerId))
    if (message && (label === null || message.row.labelIds.includes(label)))
      versions.set(providerId, message.version)
  }
  return versions
}

export function labelIds(state: MemoryState, accountId: string): Set<string> {
  const labels = [...(ownerOf(state, accountId)?.labels.values() ?? [])]
  return new Set(labels.filter(label => label.row.accountId === accountId).map(label => label.providerId))
}

export function unlisted(
  state: MemoryState,
  resourceId: string,
  listing: string,
  labelId: string | null,
  storedBefore: number,
  limit: number,
): string[] {
  const accountId = state.resources.get(resourceId)?.accountId
  if (accountId === undefined) return []
  const label = labelId === null ? null : rowId(accountId, 'label', labelId)
  const seen = state.seen.get(`${resourceId} ${listing}`)
  const suspects: string[] = []
  for (const { row, providerId, storedAt } of messagesOf(state, accountId)) {
    if (suspects.length >= limit) break
    if (storedAt >= storedBefore || (label !== null && !row.labelIds.includes(label))) continue
    if (!seen?.has(providerId)) suspects.push(providerId)
  }
  return suspects
}

export function storedCount(
  state: MemoryState,
  accountId: string,
  of: 'messages' | 'places' = 'messages',
  within?: string,
): number {
  if (of === 'places') return countAllPlaces(state, accountId, within)
  const label = within === undefined ? null : rowId(accountId, 'label', within)
  const all = [...messagesOf(state, accountId)]
  return all.filter(({ row }) => label === null || row.labelIds.includes(label)).length
}

export function unstored(
  state: MemoryState,
  resourceId: string,
  listing: string,
  labelId: string | null,
  after: string,
  limit: number,
): string[] {
  const accountId = state.resources.get(resourceId)?.accountId
  if (accountId === undefined) return []
  const label = labelId === null ? null : rowId(accountId, 'label', labelId)
  const user = ownerOf(state, accountId)
  const all = seenIds(state, resourceId, listing, after, Number.POSITIVE_INFINITY)
  const suspects = all.filter(id => {
    const message = user?.messages.get(rowId(accountId, 'message', id))
    return label === null ? !message : message && !message.row.labelIds.includes(label)
  })
  return suspects.slice(0, limit)
}

export function seenIds(
  state: MemoryState,
  resourceId: string,
  listing: string,
  after: string,
  limit: number,
): string[] {
  const seen = [...(state.seen.get(`${resourceId} ${listing}`) ?? [])]
  return seen
    .filter(id => id > after)
    .sort(byText)
    .slice(0, limit)
}

export function differing(
  state: MemoryState,
  plan: typeof realPlan,
  userId: string,
  accountId: string,
  messages: PulledMessage[],
): string[] {
  const batch = {
    ...{ lease: { resourceId: '', token: '' }, cursorVersion: 0, userId, accountId, now: 0 },
    ...{ upserts: messages, patches: [], deletions: [], missing: [], labels: null, failures: [] },
  }
  return plan(readStored(userOf(state, userId), batch, []), batch).messages.map(each => each.providerId)
}

export function mislabelled(state: MemoryState, accountId: string, after: string, limit: number): string[] {
  const { userId = '' } = state.accounts.get(accountId) ?? {}
  const { labels } = userOf(state, userId)
  const isLabel = (id: string) => labels.get(id)?.row.accountId === accountId
  return [...messagesOf(state, accountId)]
    .filter(({ providerId, row }) => providerId > after && !row.labelIds.every(isLabel))
    .map(message => message.providerId)
    .sort(byText)
    .slice(0, limit)
}

export function unplaced(state: MemoryState, accountId: string, limit: number): string[] {
  const placed = new Set(
    [...state.places.values()]
      .filter(place => place.accountId === accountId && !place.gone)
      .map(place => place.messageId),
  )
  const failing = new Set(itemsOf(state, accountId).map(item => item.providerId))
  return [...messagesOf(state, accountId)]
    .map(message => message.providerId)
    .filter(id => !placed.has(id) && !failing.has(id))
    .sort(byText)
    .slice(0, limit)
}

function itemsOf(state: MemoryState, accountId: string): FailedItem[] {
  const items = [...(ownerOf(state, accountId)?.failedItems.values() ?? [])]
  return items.filter(item => item.accountId === accountId)
}

export function dueItems(
  state: MemoryState,
  accountId: string,
  now: number,
  limit: number,
): { id: string; attempts: number }[] {
  return itemsOf(state, accountId)
    .filter(item => item.nextAttemptAt <= now)
    .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt || byText(a.id, b.id))
    .slice(0, limit)
    .map(({ providerId, attempts }) => ({ id: providerId, attempts }))
}

export function nextItemAt(state: MemoryState, accountId: string): number | null {
  const times = itemsOf(state, accountId).map(item => item.nextAttemptAt)
  return times.length === 0 ? null : Math.min(...times)
}
