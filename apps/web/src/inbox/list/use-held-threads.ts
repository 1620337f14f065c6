'use client'

import type { ThreadView } from '@inlet/client/views'
import { useMemo, useState } from 'react'
import { emptyOrder, type HeldOrder, holdOrder, releaseOrder } from './held-order.ts'

interface Placed {
  key: string
  source: readonly ThreadView[] | null
  hold: boolean
  order: HeldOrder
}

/** The threads in the order they may be shown in now, and how many wait behind the pill. */
export function useHeldThreads(key: string, threads: readonly ThreadView[], loading: boolean, hold: boolean) {
  const [placed, setPlaced] = useState<Placed>({ key, source: null, hold, order: emptyOrder })

  let current = placed
  if (placed.key !== key || (!loading && (placed.source !== threads || placed.hold !== hold))) {
    const before = placed.key === key ? placed.order : emptyOrder
    current = {
      key,
      source: loading ? null : threads,
      hold,
      order: loading
        ? emptyOrder
        : hold && before !== emptyOrder
          ? holdOrder(before, threads)
          : releaseOrder(before, threads),
    }
    // Derived from props: React runs the component again at once, before anything is painted.
    setPlaced(current)
  }

  const { order } = current
  const rows = useMemo(() => {
    const byId = new Map(threads.map(thread => [thread.id, thread]))
    return order.ids.flatMap(id => byId.get(id) ?? [])
  }, [order, threads])
  const release = () => setPlaced({ ...current, source: threads, order: releaseOrder(order, threads) })
  return { rows, held: order.held.length, fresh: order.fresh, release }
}
