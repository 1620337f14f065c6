import { createServer, type Server } from 'node:http'
import { openGraph } from '@inlet/runtime/microsoft'
import type { PushEvent, PushOutcome } from '@inlet/sync/push-event'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { direct } from '../src/server/direct.ts'
import { graphPush } from '../src/server/graph-push.ts'
import type { Call } from '../src/server/handle.ts'
import { call as ask, listening } from './http-call.ts'

const microsoft = {
  clientId: 'id',
  clientSecret: 'secret',
  tenant: 'common',
  graphBaseUrl: undefined,
  loginBaseUrl: undefined,
  requestsPerMinute: undefined,
  callbackUrl: null,
}

/** What is asked of the runtime. The watches of `secrets` are known here; limits are as `limit` says. */
function stage() {
  const secrets = new Map([['w1', 's1']])
  const recorded: PushEvent[] = []
  const counted: Record<string, number> = {}
  const limited: string[] = []
  const did: string[] = []
  const world = {
    recordPush: async (event: PushEvent): Promise<PushOutcome> => {
      recorded.push(event)
      const ours = event.watch && secrets.get(event.watch.providerId)
      const outcome = event.problem
        ? 'undecodable'
        : ours === undefined || ours === null
          ? 'unknown_mailbox'
          : ours === event.watch?.secret
            ? 'marked'
            : 'forged'
      return { outcome, accountIds: [], ring: outcome === 'marked' }
    },
    limit: async ({ name }: { name: string }, key: string) => {
      limited.push(`${name} ${key}`)
      return { ok: true, retryAfterS: 0 }
    },
  }
  const runtime = {
    adapters: { gmail: null, graph: openGraph(microsoft) },
    engine: {
      store: { recordPush: (event: PushEvent) => world.recordPush(event) },
      bus: { ring: async () => {} },
      world: { now: () => 1_000 },
    },
    metrics: {
      push(outcome: string) {
        counted[outcome] = (counted[outcome] ?? 0) + 1
      },
    },
    limit: (rule: { name: string }, key: string) => world.limit(rule, key),
    config: { trustedProxies: 1 },
    log: { warn: () => {}, error: () => {} },
    kick: async () => void did.push('kick'),
    renewWatchesNow: async () => void did.push('renew'),
  }
  return { world, runtime, recorded, counted, limited, did }
}
type Stage = ReturnType<typeof stage>

let caller = 0
/** A post, by default from a caller that has not been seen before; its work for afterwards has been done. */
async function post(
  { runtime }: Stage,
  body: string | AsyncIterable<Uint8Array>,
  from = `192.0.2.${++caller}`,
): Promise<Response> {
  const afterwards: (() => Promise<void>)[] = []
  const made = {
    request: {
      method: 'POST',
      url: 'http://inlet/api/webhooks/graph',
      headers: new Headers({ 'x-forwarded-for': from }),
      body: typeof body === 'string' ? pieces([new TextEncoder().encode(body)]) : body,
    },
    params: {},
    runtime,
    afterwards: (work: () => Promise<void>) => void afterwards.push(work),
  }
  const answer = (await graphPush(made as unknown as Call)) as Response
  for (const work of afterwards) await work()
  return answer
}

async function* pieces(all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}

const item = (subscriptionId: string, clientState: string, more = {}) => ({
  subscriptionId,
  clientState,
  changeType: 'created',
  resource: 'Users/1/Messages/2',
  ...more,
})
const items = (...value: unknown[]) => JSON.stringify({ value })
const genuine = items(item('w1', 's1'))

describe('notifications of Graph', () => {
  it('are answered 202 once every mark is durable, not before', async () => {
    const all = stage()
    const mark = Promise.withResolvers<PushOutcome>()
    const { recordPush } = all.world
    all.world.recordPush = event => (event.pushId === 'last' ? mark.promise : recordPush(event))
    let status: number | null = null
    const answered = post(all, items(item('w1', 's1'), item('w1', 's1', { id: 'last' }))).then(answer => {
      status = answer.status
    })
    for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
    expect([status, all.recorded.length]).toEqual([null, 1])
    mark.resolve({ outcome: 'marked', accountIds: [], ring: true })
    await answered
    expect([status, all.did]).toEqual([202, ['kick']])
  })

  it('are recorded each by itself: what is forged, unknown or unreadable does not keep the others', async () => {
    const all = stage()
    const body = items(item('w1', 'a guess'), 'nonsense', item('w2', 's1'), item('w1', 's1'), {})
    expect((await post(all, body)).status).toBe(202)
    expect(all.counted).toEqual({ forged: 1, undecodable: 2, unknown_mailbox: 1, marked: 1 })
    expect(all.recorded.map(event => event.watch?.providerId ?? null)).toEqual(['w1', null, 'w2', 'w1', null])
    expect(all.did).toEqual(['kick'])
  })

  it('are no success when a mark could not be written: Graph sends them again', async () => {
    const all = stage()
    all.world.recordPush = () => Promise.reject(new Error('the database is away'))
    await expect(post(all, genuine)).rejects.toMatchObject({ code: 'unavailable' })
    expect(all.did).toEqual([])
  })

  it('have their answer before Graph calls it late, whatever the database does', async () => {
    const all = stage()
    all.world.recordPush = () => new Promise(() => {})
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const answered = expect(post(all, genuine)).rejects.toMatchObject({ code: 'unavailable' })
    await vi.advanceTimersByTimeAsync(2_999)
    await answered
  })

  it('of a watch that ends or has ended have the watches renewed afterwards; a stranger’s do not', async () => {
    for (const lifecycleEvent of ['subscriptionRemoved', 'reauthorizationRequired', 'missed']) {
      const all = stage()
      await post(all, items(item('w1', 'a guess', { lifecycleEvent })))
      expect(all.did).toEqual([])
      await post(all, items(item('w1', 's1', { lifecycleEvent })))
      expect(all.did, lifecycleEvent).toEqual(lifecycleEvent === 'missed' ? ['kick'] : ['renew', 'kick'])
    }
  })

  it('count against callers until one is genuine, and again after a post without any', async () => {
    const all = stage()
    const [from, other] = ['198.51.100.1', '198.51.100.2']
    await post(all, genuine, from)
    const first = ['unverified-push 198.51.100.1', 'unverified-push-all all']
    expect(all.limited.splice(0)).toEqual(first)
    await post(all, items(item('w1', 'a guess'), item('w1', 's1')), from)
    expect(all.limited.splice(0)).toEqual([])
    await post(all, items(item('w1', 'a guess')), from)
    expect(all.limited.splice(0)).toEqual([])
    await post(all, genuine, from)
    expect(all.limited.splice(0)).toEqual(first)
    await post(all, 'not JSON', other)
    await post(all, 'not JSON', other)
    expect(all.limited).toHaveLength(4)
  })

  it('of a caller who has sent too many that are not genuine are refused before anything is read', async () => {
    const all = stage()
    all.world.limit = async () => ({ ok: false, retryAfterS: 30 })
    let read = 0
    async function* body() {
      read++
      yield new Uint8Array(1)
    }
    await expect(post(all, body())).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retryAfter: 30 },
    })
    expect([read, all.recorded]).toEqual([0, []])
  })

  it('are read up to 1 MiB, whatever the headers say, and up to 1,000 at once', async () => {
    const all = stage()
    let read = 0
    async function* endless() {
      for (; read < 1_000; read++) yield new Uint8Array(64 * 1024)
    }
    await expect(post(all, endless())).rejects.toMatchObject({ code: 'too_large' })
    expect(read).toBeLessThan(20)
    expect((await post(all, genuine.padEnd(1024 * 1024))).status).toBe(202)
    all.recorded.length = 0
    await post(all, items(...Array.from({ length: 1_500 }, () => item('w1', 's1'))))
    expect(all.recorded.filter(event => event.watch)).toHaveLength(1_000)
  })

  it('do not exist where Microsoft is not configured', async () => {
    const all = stage()
    const runtime = { ...all.runtime, adapters: { gmail: null, graph: null } }
    await expect(post({ ...all, runtime } as unknown as Stage, genuine)).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('Graph’s question whether we want notifications', () => {
  const place = globalThis as typeof globalThis & { inletServer?: unknown }
  let server: Server
  let port: number

  beforeEach(async () => {
    const { runtime } = stage()
    runtime.limit = () => Promise.reject(new Error('nobody is counted here'))
    place.inletServer = Promise.resolve({ runtime })
    const answer = direct(graphPush, runtime as never)
    server = createServer((request, response) => void answer(request, response))
    port = await listening(server)
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise<void>(resolve => server.close(() => resolve()))
    delete place.inletServer
  })
  const asked = (query: string, body = '') =>
    ask(port, { method: 'POST', path: `/api/webhooks/graph?${query}` }, body)

  it.each(['Validation: Request-Id: 1 +%41/=', '<script>alert(1)</script>', 'ü ✓', '%2B%252B', 'a&b=c'])(
    'is answered with exactly its token, decoded once: %s',
    async token => {
      const said = await asked(`validationToken=${encodeURIComponent(token)}`)
      expect(said).toMatchObject({
        status: 200,
        text: token,
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'x-content-type-options': 'nosniff',
          'cache-control': 'no-store',
        },
      })
    },
  )

  it('may have its spaces written as Microsoft writes them, and a body that is not looked at', async () => {
    const said = await asked('x=1&validationToken=Validation%3a+Testing+client', 'not JSON')
    expect(said).toMatchObject({ status: 200, text: 'Validation: Testing client' })
  })

  it('has a token of at most 4 KiB', async () => {
    expect((await asked(`validationToken=${'x'.repeat(4_096)}`)).status).toBe(200)
    const said = await asked(`validationToken=${'x'.repeat(4_097)}`)
    expect(said.status).toBe(400)
    expect(said.headers['content-type']).toBe('application/json')
  })
})
