/**
 * One write at a time, live changes before filling: a page that announces new mail waits for at most one chunk
 * of the fill, not for all that is queued.
 */
export interface WriteQueue {
  live<T>(write: () => Promise<T>): Promise<T>
  filling<T>(write: () => Promise<T>): Promise<T>
}

export function createWriteQueue(): WriteQueue {
  const live: (() => Promise<void>)[] = []
  const filling: (() => Promise<void>)[] = []
  let running = false

  async function drain() {
    if (running) return
    running = true
    for (let next = live.shift() ?? filling.shift(); next; next = live.shift() ?? filling.shift())
      await next()
    running = false
  }

  const into =
    (queue: (() => Promise<void>)[]) =>
    <T>(write: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        // Never rejects itself, so that one failed write does not stop the queue.
        queue.push(() => write().then(resolve, reject))
        void drain()
      })

  return { live: into(live), filling: into(filling) }
}
