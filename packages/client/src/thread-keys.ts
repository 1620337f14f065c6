import type { Thread } from '@inlet/protocol/entities'

// IndexedDB sorts strings by code unit: equal width makes that the order of time.
// Entries of equal time sort by primary key, so a page is stable without the id in the key.
const pad = (at: number) => String(Math.max(0, at)).padStart(15, '0')

const prefix = (labelId: string, unreadOnly: boolean) => `${unreadOnly ? '!' : '='}${labelId}:`

/** The multi-entry index of a thread: `=label:time` for each label, and `!label:time` too while something is unread. */
export function threadKeys(thread: Pick<Thread, 'labelIds' | 'lastMessageAt' | 'unreadCount'>): string[] {
  const time = pad(thread.lastMessageAt)
  const keys: string[] = []
  for (const labelId of new Set(thread.labelIds)) {
    keys.push(prefix(labelId, false) + time)
    if (thread.unreadCount > 0) keys.push(prefix(labelId, true) + time)
  }
  return keys
}

/** Bounds of one label's threads in the index, from the time `oldest` up. */
export function threadKeyRange(
  labelId: string,
  unreadOnly: boolean,
  oldest: number,
): [from: string, to: string] {
  const start = prefix(labelId, unreadOnly)
  // ':' sorts after every digit.
  return [start + pad(oldest), `${start}:`]
}
