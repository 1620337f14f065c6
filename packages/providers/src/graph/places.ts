import type { Priority } from '@inlet/sync/provider-port'

const RANK: Record<Priority, number> = { interactive: 0, live: 1, backfill: 2 }

type Waiter = { places: number; enter: () => void }

/**
 * How many requests one account has under way at a time. A batch takes several places: Graph hands its requests to
 * Outlook side by side. Strictly by rank, first come first served within each.
 */
export type Places = {
  /** Waits for `places` of them, at most all. Call what it resolves to once, when the answer is in. Rejects with the signal's reason. */
  enter(places: number, priority: Priority, signal: AbortSignal): Promise<() => void>
  readonly idle: boolean
}

export function createPlaces(most: number): Places {
  const queues: [Waiter[], Waiter[], Waiter[]] = [[], [], []]
  let free = most

  function serve(): void {
    for (;;) {
      const queue = queues.find(each => each.length > 0)
      const next = queue?.[0]
      if (!queue || !next || next.places > free) return
      queue.shift()
      free -= next.places
      next.enter()
    }
  }

  return {
    get idle() {
      return free === most && queues.every(queue => queue.length === 0)
    },
    enter(wanted, priority, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const places = Math.min(wanted, most)
        const queue = queues[RANK[priority]] ?? queues[2]
        const leave = () => {
          const at = queue.indexOf(waiter)
          if (at >= 0) queue.splice(at, 1)
          reject(signal.reason)
          serve()
        }
        const waiter: Waiter = {
          places,
          enter: () => {
            signal.removeEventListener('abort', leave)
            resolve(() => {
              free += places
              serve()
            })
          },
        }
        signal.addEventListener('abort', leave, { once: true })
        queue.push(waiter)
        serve()
      })
    },
  }
}
