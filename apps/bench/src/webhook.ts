import type { Bench } from './bench.ts'
import type { LoadResult } from './load.ts'
import type { LoadOrder, LoadTold } from './load-worker.ts'
import { startBareNext } from './peers/bare-next.ts'
import { startProduct } from './product.ts'
import { pushBody, takePushToken } from './push-token.ts'
import { goal, type Report } from './report.ts'
import { median, pairwise, quantile, spread } from './stats.ts'
import { startWorker, type Worker } from './worker.ts'

const CONNECTIONS = 32
const TURN_MS = 6_000
const WARM_UP_MS = 3_000
const PER_MINUTE = 1_000
const RATE_MS = 15_000

type Load = Worker<LoadOrder, LoadTold>

export const webhook: Bench = {
  about: 'requests a second of the Gmail webhook, beside a bare Next route that answers 204',
  async run(context): Promise<Report> {
    const product = await startProduct(context, { messages: 50 })
    const barePort = await startBareNext(context)
    const { authorization } = await takePushToken(product)
    const load: Load = startWorker(context, './load-worker.ts')
    const ours = request(Number(new URL(product.baseUrl).port), '/api/webhooks/gmail', authorization)
    const stranger = { ...ours, body: pushBody('{n}', 'nobody@inlet.test') }
    const bare = request(barePort, '/bare', authorization)
    const fast = (what: Request, ms = TURN_MS) =>
      run(load, { ...what, kind: 'fast', connections: CONNECTIONS, durationMs: ms })

    for (const what of [ours, bare]) await fast(what, WARM_UP_MS)
    const turns: { ours: LoadResult; stranger: LoadResult; bare: LoadResult; steady: LoadResult }[] = []
    for (let i = 0; i < context.repeats; i++) {
      context.signal.throwIfAborted()
      const a = await fast(ours)
      const b = await fast(bare)
      const c = await fast(stranger)
      const perSecond = PER_MINUTE / 60
      const steady = await run(load, {
        ...ours,
        kind: 'rate',
        perSecond,
        count: Math.round((perSecond * RATE_MS) / 1000),
      })
      turns.push({ ours: a, stranger: c, bare: b, steady })
      context.say(`${i + 1}: ours ${rate(a).toFixed(0)}/s, bare ${rate(b).toFixed(0)}/s`)
    }
    const rates = (of: 'ours' | 'stranger' | 'bare') => turns.map(turn => rate(turn[of]))
    const p95 = (of: keyof (typeof turns)[number]) => turns.map(turn => quantile(turn[of].latenciesMs, 0.95))
    const ratio = pairwise(rates('ours'), rates('bare'))
    const wrong = turns.reduce(
      (sum, turn) => sum + turn.ours.wrong + turn.stranger.wrong + turn.bare.wrong + turn.steady.wrong,
      0,
    )
    return {
      name: 'webhook',
      title: 'webhook: POST /api/webhooks/gmail beside a bare route',
      about: `Pushes as Pub/Sub sends them, each with a signed token that is verified and an id of its own, over ${CONNECTIONS} connections as fast as they are answered. Ours answers 204 after the mark is committed, and syncs the mailbox meanwhile. The bare route, in a Next app of its own, answers 204 and does nothing.`,
      columns: ['', 'requests/s', 'p95 ms', 'beside bare'],
      rows: [
        ['ours, a connected mailbox', spread(rates('ours')), spread(p95('ours')), spread(ratio)],
        [
          'ours, a mailbox that nobody has',
          spread(rates('stranger')),
          spread(p95('stranger')),
          spread(pairwise(rates('stranger'), rates('bare'))),
        ],
        ['bare Next route', spread(rates('bare')), spread(p95('bare')), '1'],
        [
          `ours at ${PER_MINUTE} a minute`,
          spread(turns.map(turn => rate(turn.steady))),
          spread(p95('steady')),
          '',
        ],
      ],
      goals: [
        goal('≥ 0.5 × the bare route', median(ratio), value => value >= 0.5, '×'),
        goal(
          `p95 < 100 ms at ${PER_MINUTE} a minute`,
          Math.max(...p95('steady')),
          value => value < 100,
          'ms at most',
        ),
        goal('every push is answered 204', wrong, value => value === 0, 'others'),
      ],
      notes: [
        'One process serves the product: routes, streams, runner and timers. Postgres, the sandbox and the load share the cores with it.',
      ],
    }
  },
}

type Request = { port: number; head: string; body: string; status: number }

const rate = (result: LoadResult) => result.answered / result.seconds

function request(port: number, path: string, authorization: string): Request {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    'user-agent: CloudPubSub-Google',
    `authorization: ${authorization}`,
    'content-length: {length}',
  ].join('\r\n')
  return { port, head, body: pushBody(`bench-${Date.now()}-{n}`), status: 204 }
}

async function run(load: Load, order: LoadOrder): Promise<LoadResult> {
  load.send(order)
  const told = await load.next((each): each is LoadTold => true, 120_000)
  if ('problem' in told) throw new Error(`The load on port ${order.port} failed: ${told.problem}`)
  return told.result
}
