import { asFastAsPossible, atRate, type LoadOptions, type LoadResult } from './load.ts'

/** A process of its own for the load, so that it never waits for the bench's other work. */
export type LoadOrder = Omit<LoadOptions, 'signal'> &
  (
    | { kind: 'fast'; connections: number; durationMs: number }
    | { kind: 'rate'; perSecond: number; count: number }
  )
export type LoadTold = { result: LoadResult } | { problem: string }

process.on('disconnect', () => process.exit(0))
process.on('message', (order: LoadOrder) => {
  const { signal } = new AbortController()
  const run = order.kind === 'fast' ? asFastAsPossible({ ...order, signal }) : atRate({ ...order, signal })
  run.then(
    result => process.send?.({ result } satisfies LoadTold),
    (error: unknown) => process.send?.({ problem: String(error) } satisfies LoadTold),
  )
})
