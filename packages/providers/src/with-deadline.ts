/** Runs with a signal that ends at the caller's abort or after `ms`, and leaves no timer or listener behind. */
export async function withDeadline<T>(
  outer: AbortSignal,
  ms: number,
  run: (signal: AbortSignal) => PromiseLike<T>,
): Promise<T> {
  outer.throwIfAborted()
  const inner = new AbortController()
  const timer = setTimeout(
    () => inner.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError')),
    ms,
  )
  const onAbort = () => inner.abort(outer.reason)
  outer.addEventListener('abort', onAbort, { once: true })
  try {
    return await run(inner.signal)
  } catch (error) {
    throw inner.signal.aborted ? inner.signal.reason : error
  } finally {
    clearTimeout(timer)
    outer.removeEventListener('abort', onAbort)
  }
}
