import type { Sink } from '@inlet/realtime/sink'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'
import type { Answer, WebServer } from './web-server.ts'
import { failure } from './web-server.ts'

/** What a sink holds before it answers that it is full. */
export const HIGH_WATER = 4 * 1024

export type NetworkWorld = {
  clock: Clock
  faults: Faults
  random: Random
  /** A server that is up, or null. */
  server: () => WebServer | null
  /** A page was written into a sink that had said that it was full. */
  overfilled: (bytes: number) => void
  /** Stands between the hub and the wire; itself unless a planted bug says otherwise. */
  wrapSink: (sink: Sink) => Sink
}

type Init = { method?: string | undefined; body?: unknown; signal?: AbortSignal | null | undefined }

/** A browser tab's `fetch`, over a wire that may refuse, delay, lose answers and break streams. */
export function simulatedFetch(
  world: NetworkWorld,
  userId: string,
  tab: Process,
  online: () => boolean,
): typeof fetch {
  const { clock, faults, random } = world

  async function request(path: string, { body, signal }: Init): Promise<Response> {
    await clock.sleep(random.int(2, 40), signal ?? undefined)
    const fault = faults.strike('http', ['refuse', 'slow', 'lose_answer', 'unavailable', 'rate_limited'])
    const server = world.server()
    if (!online() || !server || fault === 'refuse') throw new TypeError('fetch failed')
    if (fault === 'unavailable') return responseOf(failure('unavailable', 'The server is overloaded.'))
    if (fault === 'rate_limited')
      return responseOf({ ...failure('rate_limited', 'Too many requests.'), retryAfter: random.int(1, 20) })
    if (fault === 'slow') await clock.sleep(random.int(1_000, 20_000), signal ?? undefined)
    if (path.startsWith('/api/sse/'))
      return openStream(world, { userId, path, tab, server, signal: signal ?? null })
    const broken = Promise.withResolvers<never>()
    const hangUp = server.connect(() => broken.reject(new TypeError('terminated')))
    const aborted = () => broken.reject(signal?.reason)
    signal?.addEventListener('abort', aborted, { once: true })
    try {
      const answer = await Promise.race([
        server.answer({ userId, path, body: typeof body === 'string' ? body : null }),
        broken.promise,
      ])
      // What was read at the server may be old by the time it arrives; the stream does not wait for it.
      await clock.sleep(
        !faults.calm && random.chance(0.12) ? random.int(300, 9_000) : random.int(2, 30),
        signal ?? undefined,
      )
      if (fault === 'lose_answer' || !online()) throw new TypeError('terminated')
      return responseOf(answer)
    } finally {
      hangUp()
      signal?.removeEventListener('abort', aborted)
    }
  }

  return (input, init) => tab.step(() => request(String(input), (init ?? {}) as Init))
}

/** As much of a Response as the client reads. */
function responseOf({ status, body, retryAfter }: Answer): Response {
  const headers = new Map([['content-type', 'application/json']])
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter))
  const light = {
    ok: status < 300,
    status,
    headers: { get: (name: string) => headers.get(name) ?? null },
    text: async () => body,
    body: { cancel: async () => {} },
  }
  return light as unknown as Response
}

type StreamRequest = {
  userId: string
  path: string
  tab: Process
  server: WebServer
  signal: AbortSignal | null
}

/** One stream: the hub writes into a sink, chunks travel in order, the tab reads them one by one. */
function openStream(world: NetworkWorld, { userId, path, tab, server, signal }: StreamRequest): Response {
  const { clock, faults, random, overfilled, wrapSink } = world
  const gone = new AbortController()
  const arrived: Uint8Array[] = []
  let held = 0
  let full = false
  let drained: () => void = () => {}
  let waiting: ((chunk: IteratorResult<Uint8Array, undefined>) => void) | null = null
  let arrivesAt = 0
  let ended = false
  let broken: TypeError | null = null
  let reject: ((error: TypeError) => void) | null = null

  const end = (error: TypeError | null) => {
    if (ended) return
    ended = true
    broken = error
    if (!gone.signal.aborted) gone.abort(new Error('The stream has ended.'))
    hangUp()
    if (error) reject?.(error)
    else waiting?.({ done: true, value: undefined })
  }
  const take = (chunk: Uint8Array): IteratorResult<Uint8Array, undefined> => {
    held -= chunk.byteLength
    if (full && held < HIGH_WATER / 2) {
      full = false
      clock.after(0, () => void server.process.gate().then(() => drained()))
    }
    return { done: false, value: chunk }
  }
  const arrive = (chunk: Uint8Array) => {
    if (ended) return
    if (waiting) {
      const next = waiting
      waiting = null
      next(take(chunk))
    } else arrived.push(chunk)
  }
  const travel = (chunk: Uint8Array, late: number) => {
    const at = Math.max(arrivesAt, clock.now() + random.int(1, 40)) + late
    if (late === 0) arrivesAt = at
    clock.after(at - clock.now(), () => arrive(chunk))
  }
  const hangUp = server.connect(() => end(new TypeError('terminated')))
  const sink: Sink = {
    write(bytes) {
      if (ended) return true
      const isPage = bytes.byteLength > 3 && bytes[0] === 105 /* "id: …": a page */
      const fault = isPage ? faults.strike('stream', ['lose', 'double', 'reorder', 'cut']) : null
      if (fault === 'cut') {
        end(new TypeError('terminated'))
        return true
      }
      if (isPage && full) overfilled(held)
      held += bytes.byteLength
      if (fault === 'lose') {
        // A page is lost only where the stream is lost too: TCP loses the end of a stream, never the middle.
        held -= bytes.byteLength
        clock.after(random.int(0, 5_000), () => end(new TypeError('terminated')))
        return true
      }
      travel(bytes, fault === 'reorder' ? random.int(20, 400) : 0)
      if (fault === 'double') {
        held += bytes.byteLength
        travel(bytes, 0)
      }
      if (held > HIGH_WATER) full = true
      return !full
    },
    onDrain(listener) {
      drained = listener
    },
    close() {
      clock.after(Math.max(arrivesAt - clock.now(), 0) + 1, () => end(null))
    },
    destroy: () => end(new TypeError('terminated')),
    signal: gone.signal,
  }
  // The other end notices a tab that has died; one that sleeps looks alive until its buffers are full.
  tab.onDeath(() => end(new TypeError('terminated')))
  signal?.addEventListener('abort', () => end(new TypeError('aborted')), { once: true })
  const after = new URL(path, 'http://inlet').searchParams.get('after')
  server.stream(userId, after === null ? null : Number(after), wrapSink(sink))

  const reader = {
    read: () =>
      tab.step(
        () =>
          new Promise<IteratorResult<Uint8Array, undefined>>((resolve, fail) => {
            const chunk = arrived.shift()
            if (chunk) return resolve(take(chunk))
            if (broken) return fail(broken)
            if (ended) return resolve({ done: true, value: undefined })
            waiting = resolve
            reject = fail
          }),
      ),
    cancel: async () => end(null),
  }
  const light = {
    ok: true,
    status: 200,
    headers: { get: (name: string) => (name === 'content-type' ? 'text/event-stream; charset=utf-8' : null) },
    body: { getReader: () => reader, cancel: async () => end(null) },
  }
  return light as unknown as Response
}
