import type { World } from '@inlet/sync/world'

/**
 * Runs with a signal that ends at the caller's abort or after `ms` of the world's time. Whatever happens first ends
 * the wait, even where `run` does not listen: then the signal's reason is thrown and the late result is dropped.
 */
export async function within<T>(
  world: World,
  ms: number,
  outer: AbortSignal,
  run: (signal: AbortSignal) => PromiseLike<T>,
): Promise<T> {
  outer.throwIfAborted()
  const inner = new AbortController()
  const done = new AbortController()
  const onAbort = () => inner.abort(outer.reason)
  outer.addEventListener('abort', onAbort, { once: true })
  world.sleep(ms, done.signal).then(
    () => inner.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError')),
    () => {},
  )
  try {
    return await Promise.race([run(inner.signal), aborted(inner.signal)])
  } finally {
    done.abort()
    outer.removeEventListener('abort', onAbort)
  }
}

/** Rejects with the signal's reason when it aborts; never resolves. */
export function aborted(signal: AbortSignal): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  promise.catch(() => {})
  return promise
}
