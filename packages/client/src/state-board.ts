import type { MirrorState } from './mirror-state.ts'
import { createStore, type ReadableStore, shallowEqual } from './store.ts'
import type { FeedMeta } from './tables.ts'

export interface StateBoard {
  store: ReadableStore<MirrorState>
  change(part: Partial<MirrorState>): void
  /** Takes over what moved of the feed row. */
  feed(feed: Partial<FeedMeta>): void
  /** How many messages the fill will store, null while nobody knows. */
  fillTotal(total: number | null): void
  /** As follower: the leader's state. */
  replace(state: MirrorState): void
}

/**
 * Collects what changes within one task, and tells it once: an applied page moves cursor, head, phase and time,
 * and should render once. `tell` (to the other tabs) hears only what a leader changed.
 */
export function createStateBoard(initial: MirrorState, tell: (state: MirrorState) => void): StateBoard {
  const store = createStore(initial, shallowEqual)
  let draft = initial
  let scheduled = false

  function publish() {
    scheduled = false
    const before = store.getSnapshot()
    store.set(draft)
    if (draft.leader && store.getSnapshot() !== before) tell(draft)
  }

  function change(part: Partial<MirrorState>) {
    draft = { ...draft, ...part }
    if (scheduled) return
    scheduled = true
    queueMicrotask(publish)
  }

  return {
    store,
    change,
    feed({ cursor, head, fill, epoch }) {
      const part: Partial<MirrorState> = {}
      if (cursor !== undefined) part.cursor = cursor
      // A new epoch is a new count; within one, an answer that was under way longer may tell an older head.
      if (head !== undefined) part.head = epoch === undefined ? Math.max(draft.head, head) : head
      if (fill) {
        const running = fill.position !== null
        const { done, limited } = fill
        const old = draft.fill
        const same = old.done === done && old.running === running && old.limited === limited
        if (!same) part.fill = { ...old, done, running, limited }
      }
      change(part)
    },
    fillTotal(total) {
      if (draft.fill.total !== total) change({ fill: { ...draft.fill, total } })
    },
    replace(state) {
      draft = state
      change({})
    },
  }
}
