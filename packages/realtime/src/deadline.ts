import type { World } from '@inlet/sync/world'

export class DeadlineExceeded extends Error {
  constructor(what: string, ms: number) {
    super(`${what} did not finish within ${ms} ms.`)
    this.name = 'DeadlineExceeded'
  }
}

/**
 * Runs `work` for at most `ms`. Rejects with DeadlineExceeded, or with `signal`'s reason, even if `work` ignores the
 * signal it is given; what it still does then is nobody's concern any more.
 */
export async function withDeadline<T>(
  world: World,
  ms: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted()
  const inner = new AbortController()
  const onAbort = () => inner.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const watch = new AbortController()
  const expiry = world.sleep(ms, watch.signal).then(
    () => inner.abort(new DeadlineExceeded(what, ms)),
    () => {},
  )
  const aborted = new Promise<never>((_, reject) => {
    inner.signal.addEventListener('abort', () => reject(inner.signal.reason), { once: true })
  })
  try {
    return await Promise.race([work(inner.signal), aborted])
  } finally {
    signal?.removeEventListener('abort', onAbort)
    watch.abort()
    await expiry
  }
}
