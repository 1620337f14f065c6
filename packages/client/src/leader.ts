import type { World } from './world.ts'

export interface Campaign {
  /** Takes leadership from a tab that holds it and does not answer (frozen by the browser, or hung). */
  steal(): void
  /** Steps down, or stops waiting. */
  stop(): void
}

/**
 * Waits to be the one leading tab, for as long as it takes. A tab that closes or crashes frees the lock by
 * itself; one that was robbed of it is told by `onLost` and queues again.
 * Without Web Locks every tab leads: more streams, same content (I3).
 */
export function campaign(options: {
  locks: World['locks']
  name: string
  onGained(): void
  onLost(): void
}): Campaign {
  const { locks, name, onGained, onLost } = options
  const stopped = new AbortController()
  let leading = false

  /** Resolves with whether the lock was held before the request ended. */
  async function hold(how: LockOptions): Promise<'robbed' | 'refused' | 'stopped'> {
    let held = false
    const over = Promise.withResolvers<void>()
    const stop = () => over.resolve()
    stopped.signal.addEventListener('abort', stop)
    try {
      await locks?.request(name, how, () => {
        if (stopped.signal.aborted) return
        held = true
        leading = true
        onGained()
        return over.promise
      })
    } catch {
      // Told apart below: robbed while holding, stopped while waiting, or not allowed to use locks at all.
    }
    stopped.signal.removeEventListener('abort', stop)
    // The callback of a robbed holder would otherwise wait for ever.
    over.resolve()
    if (stopped.signal.aborted) return 'stopped'
    if (!held) return 'refused'
    leading = false
    onLost()
    return 'robbed'
  }

  async function queue() {
    while ((await hold({ signal: stopped.signal })) === 'robbed') {}
  }

  function lead() {
    leading = true
    onGained()
  }

  if (!locks) lead()
  else
    void queue().then(() => {
      // An opaque origin has the API and may not use it.
      if (!stopped.signal.aborted && !leading) lead()
    })

  return {
    steal() {
      // The request in the queue stays there: it is granted if the lock is lost again.
      if (locks && !leading && !stopped.signal.aborted) void hold({ steal: true })
    },
    stop: () => stopped.abort(),
  }
}
