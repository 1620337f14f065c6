import type { ThreadView } from '@inlet/client/views'

type Entry = Pick<ThreadView, 'id' | 'lastMessageAt'>

/** The order of rows on screen, which may lag behind the newest one on purpose. */
export interface HeldOrder {
  ids: readonly string[]
  /** When each row's newest message came, as of the moment it took its place. */
  placedAt: ReadonlyMap<string, number>
  /** Conversations with news that would move to the top, were the order not held. */
  held: readonly string[]
  /** Rows that came in at the top with the last step: they slide in. */
  fresh: ReadonlySet<string>
}

export const emptyOrder: HeldOrder = { ids: [], placedAt: new Map(), held: [], fresh: new Set() }

/** More rows at once than this is a page or a first fill, not an arrival: nothing slides. */
const FRESH_MAX = 12

/** Follows the live order. */
export function releaseOrder(before: HeldOrder, live: readonly Entry[]): HeldOrder {
  const fresh = new Set<string>()
  if (before.ids.length > 0) {
    for (const thread of live) {
      const placed = before.placedAt.get(thread.id)
      if (placed !== undefined && placed >= thread.lastMessageAt) break
      fresh.add(thread.id)
      if (fresh.size > FRESH_MAX) break
    }
  }
  return {
    ids: live.map(thread => thread.id),
    placedAt: new Map(live.map(thread => [thread.id, thread.lastMessageAt])),
    held: [],
    fresh: fresh.size > FRESH_MAX ? new Set() : fresh,
  }
}

/**
 * Keeps every row that is still there in its place. What is new at the top waits; what belongs further down
 * (an older page, a row that came back) takes its place, since it moves nothing above itself.
 */
export function holdOrder(before: HeldOrder, live: readonly Entry[]): HeldOrder {
  const alive = new Set(live.map(thread => thread.id))
  const ids = before.ids.filter(id => alive.has(id))
  const placedAt = new Map(before.placedAt)
  const held: string[] = []
  let previous: string | null = null
  let top = true
  const position = new Map(ids.map((id, index) => [id, index]))
  const later: { after: string; id: string }[] = []

  for (const thread of live) {
    const placed = placedAt.get(thread.id)
    const shown = position.has(thread.id)
    if (shown && placed !== undefined && thread.lastMessageAt > placed) {
      held.push(thread.id)
      continue
    }
    if (shown) {
      top = false
      previous = thread.id
    } else if (top && before.ids.length > 0) {
      held.push(thread.id)
    } else {
      if (previous !== null) later.push({ after: previous, id: thread.id })
      else ids.push(thread.id)
      placedAt.set(thread.id, thread.lastMessageAt)
      previous = thread.id
    }
  }
  return { ids: insertAfter(ids, later), placedAt, held, fresh: new Set() }
}

function insertAfter(ids: readonly string[], later: readonly { after: string; id: string }[]): string[] {
  if (later.length === 0) return [...ids]
  const following = new Map<string, string[]>()
  for (const { after, id } of later) following.set(after, [...(following.get(after) ?? []), id])
  const result: string[] = []
  const place = (id: string) => {
    result.push(id)
    for (const next of following.get(id) ?? []) place(next)
  }
  for (const id of ids) place(id)
  return result
}
