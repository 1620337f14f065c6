import type { Random } from '../random.ts'
import type { Person } from './person.ts'
import type { NetworkFault } from './plan.ts'

/** What lies between one tab and the server. */
export type Network = {
  /** Aborted, and replaced, when everything under way is lost. */
  cut: AbortController
  faults: { fault: NetworkFault; probability: number; until: number }[]
  /** Waits while the browser sleeps; for ever once the tab is dead. */
  gate(): Promise<void>
}

/** fetch as the browser has it, with the person's cookies, over real HTTP. */
export function networkFetch(
  network: Network,
  person: Person,
  random: Random,
  online: () => boolean,
): typeof fetch {
  const strike = (): NetworkFault | null => {
    const now = Date.now()
    network.faults = network.faults.filter(each => each.until > now)
    return network.faults.find(each => random.chance(each.probability))?.fault ?? null
  }
  return async (input, init = {}) => {
    await network.gate()
    if (!online()) throw new TypeError('Failed to fetch: offline')
    const fault = strike()
    if (fault === 'refuse') throw new TypeError('Failed to fetch: refused')
    if (fault === 'unavailable') return new Response('Bad gateway', { status: 502 })
    if (fault === 'rateLimited')
      return new Response('Slow down', { status: 429, headers: { 'retry-after': '1' } })
    if (fault === 'slow') await new Promise(resolve => setTimeout(resolve, random.int(100, 1_500)))
    const signal = init.signal ? AbortSignal.any([init.signal, network.cut.signal]) : network.cut.signal
    const headers = { ...(init.headers as Record<string, string>), ...person.headers }
    const response = await fetch(input, { ...init, headers, signal })
    await network.gate()
    if (fault === 'loseAnswer') {
      // The server has done it; a stream is lost when it has just begun.
      await response.body?.cancel()
      throw new TypeError('Failed to fetch: the answer was lost')
    }
    if (!response.body) return response
    const slowly = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        await network.gate()
        controller.enqueue(chunk)
      },
    })
    const { status, headers: said } = response
    return new Response(response.body.pipeThrough(slowly), { status, headers: said })
  }
}
