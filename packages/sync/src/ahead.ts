/**
 * The same values in the same order, asked for while those before are still being worked on: never more than `most`
 * ahead. Whoever stops early ends the source: `open`'s signal aborts, and this waits until the source has closed.
 */
export async function* ahead<T>(
  open: (signal: AbortSignal) => AsyncGenerator<T>,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const left = new AbortController()
  const source = open(AbortSignal.any([signal, left.signal]))
  // A generator answers in the order in which it was asked.
  const asked = Array.from({ length: most }, () => ask(source))
  try {
    for (let next = asked.shift(); next; next = asked.shift()) {
      const result = await next
      if (result.done) return
      asked.push(ask(source))
      yield result.value
    }
  } finally {
    left.abort()
    await Promise.allSettled(asked)
    await source.return(undefined).catch(() => {})
  }
}

/** Nobody may be waiting yet when it fails; whoever waits later is told all the same. */
function ask<T>(source: AsyncGenerator<T>): Promise<IteratorResult<T>> {
  const next = source.next()
  next.catch(() => {})
  return next
}
