import { type Bench, type Context, openContext } from './bench.ts'
import { startNchan } from './peers/nchan.ts'
import { goal, type Report } from './report.ts'
import { residentBytes } from './resident.ts'
import type { ClientsOrder, ClientsTold } from './sse-clients.ts'
import type { HubOrder, HubTold } from './sse-hub-server.ts'
import { productStreams, STREAMS_PER_USER, type StreamServer } from './sse-product.ts'
import { median, pairwise, quantile, spread } from './stats.ts'
import { startWorker, type Worker } from './worker.ts'

const SIZES = [1_000, 5_000, 10_000]
const CLIENT_PROCESSES = 2
const OPEN_AT_ONCE = 50
const BROADCASTS = 8
/** As long as the real event is that carries it: a change of one label. */
const TEXT_CHARS = 120
const SETTLE_MS = 3_000

type Clients = Worker<ClientsOrder, ClientsTold>
type Level = { streams: number; bytesEach: number; p50Ms: number; p99Ms: number; lost: number }
type Kind = 'product' | 'hub' | 'nchan'

const NAMES: Record<Kind, string> = {
  product: 'product (npm start)',
  hub: 'hub over node:http responses',
  nchan: 'nchan on nginx',
}

export const sse: Bench = {
  about: 'thousands of streams in one process: memory a stream and the p99 of a broadcast, beside nchan',
  async run(context): Promise<Report> {
    const most = context.option('count', Math.max(...SIZES))
    const sizes = [...new Set([...SIZES.filter(size => size < most), most])]
    const found: Record<Kind, Level[][]> = { product: [], hub: [], nchan: [] }
    const absent = new Set<Kind>()
    for (let i = 0; i < context.repeats; i++)
      for (const kind of ['product', 'nchan', 'hub'] as const) {
        context.signal.throwIfAborted()
        if (absent.has(kind)) continue
        const levels = await oneServer(context, kind, sizes)
        if (levels === null) absent.add(kind)
        else {
          found[kind].push(levels)
          const shown = levels.map(
            each =>
              `${each.streams}: ${(each.bytesEach / 1024).toFixed(1)} KiB, p99 ${each.p99Ms.toFixed(0)} ms`,
          )
          context.say(`${i + 1}: ${NAMES[kind]}: ${shown.join('; ')}`)
        }
      }
    return report(sizes, found, absent)
  },
}

function report(sizes: number[], found: Record<Kind, Level[][]>, absent: Set<Kind>): Report {
  const values = (kind: Kind, level: number, of: (each: Level) => number) =>
    found[kind].flatMap(levels => (levels[level] ? [of(levels[level])] : []))
  const kinds = (['product', 'hub', 'nchan'] as const).filter(kind => found[kind].length > 0)
  const besideNchan = (kind: Kind, level: number) =>
    pairwise(
      values(kind, level, each => each.p99Ms),
      values('nchan', level, each => each.p99Ms),
    )
  const rows = sizes.flatMap((size, level) =>
    kinds.map(kind => [
      size.toLocaleString('en-US'),
      NAMES[kind],
      spread(values(kind, level, each => each.bytesEach / 1024)),
      spread(values(kind, level, each => each.p50Ms)),
      spread(values(kind, level, each => each.p99Ms)),
      kind === 'nchan' || absent.has('nchan') ? '' : spread(besideNchan(kind, level)),
      String(values(kind, level, each => each.lost).reduce((sum, lost) => sum + lost, 0)),
    ]),
  )
  return {
    name: 'sse',
    title: 'sse: streams in one process beside nchan',
    about: `One server process that grows; ${CLIENT_PROCESSES} processes of readers on bare sockets on the same machine. Memory: resident bytes above what the process had before its first stream, after ${BROADCASTS} broadcasts and ${SETTLE_MS / 1000} s of rest. Broadcast: from the doorbell (nchan: the POST) to each reader. The product: signed-in users with ${STREAMS_PER_USER} streams each, a change committed for every one of them and rung over NOTIFY, one read of Postgres a user. nchan sends one stored-nowhere message to one channel.`,
    columns: ['streams', '', 'KiB a stream', 'p50 ms', 'p99 ms', 'p99 beside nchan', 'lost'],
    rows,
    goals: sizes.flatMap((size, level) => [
      goal(
        `${size.toLocaleString('en-US')}: ≤ 40 KiB a stream (product)`,
        median(values('product', level, each => each.bytesEach / 1024)),
        value => value <= 40,
        'KiB',
      ),
      goal(
        `${size.toLocaleString('en-US')}: p99 within 3 × nchan’s (product)`,
        median(besideNchan('product', level)),
        value => value <= 3,
        '×',
      ),
    ]),
    notes: absent.has('nchan')
      ? [
          'nchan is not installed here (Debian: apt-get install nginx libnginx-mod-nchan): nothing to set ours beside.',
        ]
      : [],
  }
}

/** One server from nothing to its last size. null: the peer is not here. Everything is stopped in between. */
async function oneServer(outer: Context, kind: Kind, sizes: number[]): Promise<Level[] | null> {
  const { context, close } = openContext(outer)
  try {
    const server = await startServer(context, kind, Math.max(...sizes))
    if (server === null) return null
    const clients: Clients[] = Array.from({ length: CLIENT_PROCESSES }, () =>
      startWorker(context, './sse-clients.ts'),
    )
    // The first streams load code and grow the heap for good: they are not what one more stream costs.
    let open = await openMore(clients, server, 0, 20)
    for (let i = 0; i < 3; i++) await broadcast(clients, server, `warm${i}`)
    const before = residentBytes(server.pid)
    const already = open
    const levels: Level[] = []
    for (const size of sizes) {
      open = await openMore(clients, server, open, size)
      const p50: number[] = []
      const p99: number[] = []
      let lost = 0
      for (let i = 0; i < BROADCASTS; i++) {
        const result = await broadcast(clients, server, `${size}-${i}`)
        lost += result.lost
        p50.push(quantile(result.ms, 0.5))
        p99.push(quantile(result.ms, 0.99))
      }
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
      const bytesEach = (residentBytes(server.pid) - before) / (open - already)
      levels.push({ streams: size, bytesEach, p50Ms: median(p50), p99Ms: median(p99), lost })
    }
    return levels
  } finally {
    await close()
  }
}

async function startServer(context: Context, kind: Kind, streams: number): Promise<StreamServer | null> {
  if (kind === 'product') {
    const server = await productStreams(context, streams)
    context.onEnd(() => server.stop())
    return server
  }
  if (kind === 'nchan') {
    const nchan = await startNchan(context)
    if (nchan === null) return null
    return {
      ...nchan,
      request: () => plainRequest(nchan.port, '/subscribe'),
      async broadcast(text) {
        const rungAtNs = process.hrtime.bigint()
        await nchan.publish(text)
        return rungAtNs
      },
    }
  }
  const hub: Worker<HubOrder, HubTold> = startWorker(context, './sse-hub-server.ts')
  hub.send({ do: 'serve' })
  const { port } = await hub.next((told): told is { port: number } => 'port' in told, 10_000)
  return {
    port,
    pid: hub.pid,
    request: n => plainRequest(port, `/?user=u${Math.floor(n / STREAMS_PER_USER)}`),
    async broadcast(text) {
      hub.send({ do: 'broadcast', text })
      return (await hub.next((told): told is { rungAtNs: bigint } => 'rungAtNs' in told, 30_000)).rungAtNs
    },
    stop: () => hub.stop(),
  }
}

const plainRequest = (port: number, path: string) =>
  `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/event-stream\r\n\r\n`

async function openMore(
  clients: Clients[],
  server: StreamServer,
  open: number,
  upTo: number,
): Promise<number> {
  await Promise.all(
    clients.map(async (client, i) => {
      const requests: string[] = []
      for (let n = open; n < upTo; n++) if (n % clients.length === i) requests.push(server.request(n))
      client.send({ do: 'open', port: server.port, requests, atOnce: OPEN_AT_ONCE })
      const told = await client.next(
        (each): each is Extract<ClientsTold, { told: 'opened' | 'problem' }> =>
          each.told === 'opened' || each.told === 'problem',
        180_000,
      )
      if (told.told === 'problem') throw new Error(`Opening streams ${open} to ${upTo}: ${told.problem}`)
    }),
  )
  return upTo
}

async function broadcast(
  clients: Clients[],
  server: StreamServer,
  mark: string,
): Promise<{ ms: number[]; lost: number }> {
  const text = `(${mark})`.padEnd(TEXT_CHARS, '.')
  const expected = `(${mark})`
  for (const client of clients) client.send({ do: 'expect', text: expected })
  await Promise.all(
    clients.map(client => client.next((told): told is { told: 'ready' } => told.told === 'ready', 10_000)),
  )
  const rungAtNs = await server.broadcast(text)
  const seen = await Promise.all(
    clients.map(client =>
      client.next((told): told is Extract<ClientsTold, { told: 'seen' }> => told.told === 'seen', 30_000),
    ),
  )
  return {
    ms: seen.flatMap(each => each.atNs.map(at => Number(at - rungAtNs) / 1e6)),
    lost: seen.reduce((sum, each) => sum + each.lost, 0),
  }
}
