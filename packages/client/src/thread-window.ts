import type { ThreadRow } from './tables.ts'
import type { ThreadView } from './views.ts'
import type { RowChange } from './written.ts'

export const newestFirst = (a: ThreadView, b: ThreadView) =>
  b.lastMessageAt - a.lastMessageAt || (a.id < b.id ? 1 : -1)

/** The newest of all threads that match, up to a limit; `more` if others match. */
export interface ThreadWindow {
  threads: readonly ThreadView[]
  more: boolean
}

/**
 * The window after changes: exactly what reading it again would give, or null where only reading can tell,
 * because a place has become free for a thread that the window does not hold. Rows that did not change keep
 * their objects.
 */
export function moveWindow(
  window: ThreadWindow,
  changes: readonly RowChange<ThreadRow>[],
  matches: (thread: ThreadRow) => boolean,
  limit: number,
): ThreadWindow | null {
  const touched = changes.filter(
    ({ before, after }) => (before && matches(before)) || (after && matches(after)),
  )
  if (touched.length === 0) return window
  // Whatever matches and is not held comes after this one.
  const edge = window.more ? window.threads.at(-1) : undefined
  const held = new Map(window.threads.map(thread => [thread.id, thread]))
  let left = false
  for (const { before, after } of touched) {
    const id = (after ?? before)?.id ?? ''
    const was = held.delete(id)
    const next = after && matches(after) ? threadView(after) : null
    if (!was && before && matches(before)) left = true
    if (next && edge && newestFirst(edge, next) < 0) continue
    if (next) held.set(id, next)
  }
  const threads = [...held.values()].sort(newestFirst)
  if (threads.length > limit) return { threads: threads.slice(0, limit), more: true }
  if (window.more && (threads.length < limit || left)) return null
  return { threads, more: window.more }
}

export function threadView(row: ThreadRow): ThreadView {
  const { keys: _, ...thread } = row
  return { ...thread, pending: false }
}
