/**
 * The same values in the same order, each asked for while the one before it is still being worked on: never more than
 * one ahead. Whoever stops early ends the source: `open`'s signal aborts, and this waits until the source has closed.
 */
export async function* ahead<T>(
  open: (signal: AbortSignal) => AsyncGenerator<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const left = new AbortController()
  const source = open(AbortSignal.any([signal, left.signal]))
  let next = ask(source)
  try {
    for (let result = await next; !result.done; result = await next) {
      next = ask(source)
      yield result.value
    }
  } finally {
    left.abort()
    await next.catch(() => {})
    await source.return(undefined).catch(() => {})
  }
}

/** Nobody may be waiting yet when it fails; whoever waits later is told all the same. */
function ask<T>(source: AsyncGenerator<T>): Promise<IteratorResult<T>> {
  const next = source.next()
  next.catch(() => {})
  return next
}
