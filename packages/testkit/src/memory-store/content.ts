import type { Version } from '@inlet/sync/provider-port'
import { rowId } from '@inlet/sync/row-id'
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
): number {
  if (of === 'places') return countAllPlaces(state, accountId)
  return [...messagesOf(state, accountId)].length
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
