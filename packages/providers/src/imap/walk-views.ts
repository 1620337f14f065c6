import type { View } from './in-folder.ts'
import type { Pool } from './pool.ts'

/** A page is never read from a view that is older. */
const VIEW_MS = 60_000

export type WalkViews = {
  /** For the page of a folder's first listing that begins at this position (null: the first). */
  of(pool: Pool, folder: string, position: string | null): View
}

/**
 * To select a large folder costs a server as much as to read a page of it, so the pages of one walk share their view. It
 * is made when the walk begins, and so after the folder's cursor was taken: what happens in the folder meanwhile the live
 * lane tells, as it does of what happens while a page is stored.
 */
export function createWalkViews(now: () => number): WalkViews {
  const pools = new WeakMap<Pool, Map<string, { view: View; since: number }>>()
  return {
    of(pool, folder, position) {
      const walks = pools.get(pool) ?? new Map()
      pools.set(pool, walks)
      for (const [key, { since }] of walks) if (now() - since >= VIEW_MS) walks.delete(key)
      const known = position === null ? undefined : walks.get(folder)
      const view = known?.view ?? new WeakSet()
      if (!known) walks.set(folder, { view, since: now() })
      return view
    },
  }
}
