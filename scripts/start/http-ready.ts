import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, describeExit } from './child.ts'
import { StartError } from './errors.ts'

/**
 * Waits until the URL answers as wanted. Ends early if the child dies; names the last answer if it takes too long.
 */
export async function httpReady(
  url: string,
  child: Child,
  options: { signal: AbortSignal; timeoutMs: number; accept: (status: number) => boolean },
): Promise<void> {
  const deadline = Date.now() + options.timeoutMs
  let exit: string | undefined
  child.exited.then(how => {
    exit = describeExit(how)
  })
  let last = 'no answer yet'
  for (;;) {
    options.signal.throwIfAborted()
    if (exit) throw new StartError(`${child.name} ended before it was ready (${exit})`, child.log)
    try {
      const limit = AbortSignal.any([options.signal, AbortSignal.timeout(5000)])
      const response = await fetch(url, { signal: limit, redirect: 'manual' })
      const body = await response.text()
      if (options.accept(response.status)) return
      last = `${response.status} ${body.slice(0, 300)}`
    } catch (error) {
      last = error instanceof Error ? `${error.message} ${error.cause ?? ''}` : String(error)
    }
    if (Date.now() > deadline) {
      throw new StartError(
        `${child.name} was not ready after ${options.timeoutMs / 1000} s. ${url}: ${last}`,
        child.log,
      )
    }
    await sleep(40, undefined, { signal: options.signal })
  }
}
