import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Job, JobResult } from './job.ts'

/** A seed is some megabytes that nobody needs afterwards: with room for them little is ever copied. */
const YOUNG_MB = 32

/**
 * Runs jobs on as many threads as there are cores, in the order given. `take` answers the next job or null; `done` is
 * told of each result. Rejects if a thread dies.
 */
export async function onThreads(take: () => Job | null, done: (result: JobResult) => void): Promise<void> {
  setFlagsFromString(`--min-semi-space-size=${YOUNG_MB}`)
  const threads = Array.from({ length: Math.max(1, availableParallelism()) }, () => serve(take, done))
  await Promise.all(threads)
}

async function serve(take: () => Job | null, done: (result: JobResult) => void): Promise<void> {
  const worker = new Worker(new URL('./job-thread.ts', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: 3 * YOUNG_MB },
  })
  try {
    for (let job = take(); job; job = take()) {
      const answer = new Promise<JobResult>((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
      })
      worker.postMessage(job)
      done(await answer)
      worker.removeAllListeners('error')
    }
  } finally {
    await worker.terminate()
  }
}
