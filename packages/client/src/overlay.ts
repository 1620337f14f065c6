import type { Message, Thread } from '@inlet/protocol/entities'
import type { MessagePatch, OutboxRow } from './tables.ts'

/** All unconfirmed patches by message id, in the order they were made. */
export type Overlay = ReadonlyMap<string, readonly MessagePatch[]>

/** Failed and unknown mutations are not laid over rows: what they wanted did not happen. */
const hasEnded = ({ state }: OutboxRow) => state === 'failed' || state === 'unknown'

/** Whether any row may look other than it is stored. */
export const isOverlaid = (outbox: readonly OutboxRow[]) =>
  outbox.some(row => !hasEnded(row) && Object.keys(row.patches).length > 0)

export function overlayOf(outbox: readonly OutboxRow[]): Overlay {
  const overlay = new Map<string, MessagePatch[]>()
  for (const row of outbox) {
    if (hasEnded(row)) continue
    for (const [id, patch] of Object.entries(row.patches)) {
      const patches = overlay.get(id)
      if (patches) patches.push(patch)
      else overlay.set(id, [patch])
    }
  }
  return overlay
}

/** The message under the overlay; the same object if the overlay changes nothing (any more). */
export function patchMessage<M extends Message>(message: M, overlay: Overlay): M {
  return (overlay.get(message.id) ?? []).reduce(applyPatch, message)
}

export function applyPatch<M extends Message>(message: M, patch: MessagePatch): M {
  if (isSatisfied(message, patch)) return message
  const removed = new Set(patch.removeLabels)
  const labelIds = message.labelIds.filter(id => !removed.has(id))
  for (const id of patch.addLabels ?? []) if (!labelIds.includes(id)) labelIds.push(id)
  return {
    ...message,
    unread: patch.unread ?? message.unread,
    starred: patch.starred ?? message.starred,
    labelIds,
  }
}

/** Whether the row already is what the patch makes of it. */
export function isSatisfied(message: Message, patch: MessagePatch): boolean {
  return (
    (patch.unread ?? message.unread) === message.unread &&
    (patch.starred ?? message.starred) === message.starred &&
    (patch.addLabels ?? []).every(id => message.labelIds.includes(id)) &&
    !(patch.removeLabels ?? []).some(id => message.labelIds.includes(id))
  )
}

/**
 * The thread under the overlay, from those of its messages that are here (not all of them need be: a thread
 * arrives with its newest message). What messages beyond the mirror contribute is kept: the unread ones
 * that are not among ours, and the labels that none of ours explains. The same object if nothing changes.
 */
export function patchThread<T extends Thread>(thread: T, messages: readonly Message[], overlay: Overlay): T {
  const patched = messages.map(message => patchMessage(message, overlay))
  if (patched.every((message, i) => message === messages[i])) return thread
  const had = labelsOf(messages)
  const has = labelsOf(patched)
  const labelIds = thread.labelIds.filter(id => !had.has(id) || has.has(id))
  for (const id of has) if (!labelIds.includes(id)) labelIds.push(id)
  const unreadCount = Math.max(0, thread.unreadCount + countUnread(patched) - countUnread(messages))
  const explained = messages.some(message => message.starred) || !thread.starred
  const starred = patched.some(message => message.starred) || (thread.starred && !explained)
  return { ...thread, labelIds, unreadCount, starred }
}

const labelsOf = (messages: readonly Message[]) => new Set(messages.flatMap(message => message.labelIds))
const countUnread = (messages: readonly Message[]) => messages.filter(message => message.unread).length
