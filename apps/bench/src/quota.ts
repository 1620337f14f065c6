import { DEFAULT_CLIENT, startSandbox } from '@inlet/sandbox/sandbox'
import { createPacer, DEFAULT_LIMITS } from '@inlet/sync/pacing'
import type { Bench, Context } from './bench.ts'
import { gmailEngine, sandboxGmail } from './gmail-engine.ts'
import { madeMessage } from './made-mail.ts'
import {
  GRAPH_AT_ONCE,
  GRAPH_REQUESTS,
  GRAPH_WINDOW_MS,
  GraphLike,
  TooManyRequests,
} from './peers/graph-like.ts'
import { benchPostgres } from './postgres.ts'
import { goal, type Report } from './report.ts'
import { format } from './stats.ts'
import { VirtualWorld } from './virtual-world.ts'

const MAILBOX = 'bench@inlet.test'
/** Google's table of May 2026, written down once more: a floor that is computed from our own table would follow its faults. */
const GMAIL_2026 = { unitsPerMinute: 6_000, read: 20, list: 5, page: 500 }
const GRAPH_LATENCY_MS = 120

type Run = { seconds: number; floorS: number; spent: number; refused: number; wallS: number }

export const quota: Bench = {
  about: '5,000 messages under Gmail’s quota of 2026 and under limits like Graph’s, in simulated time',
  async run(context): Promise<Report> {
    const count = context.option('count', 5_000)
    const gmail = await underGmail(context, count)
    const graph = await underGraph(context, count)
    const line = (name: string, run: Run) => [
      name,
      `${format(run.seconds)} s`,
      `${format(run.floorS)} s`,
      format(run.floorS / run.seconds),
      String(run.refused),
      `${format(run.wallS)} s`,
    ]
    const share = (run: Run) => run.floorS / run.seconds
    return {
      name: 'quota',
      title: 'quota: a backfill as fast as the provider allows',
      about: `${count.toLocaleString('en-US')} messages. Gmail: the whole engine, the Gmail adapter with its pacer, Postgres, and the sandbox that charges every call (${GMAIL_2026.unitsPerMinute.toLocaleString('en-US')} units a minute, a message ${GMAIL_2026.read}); time is simulated and stands still while anything is under way. Graph-like: the pacer against ${GRAPH_REQUESTS.toLocaleString('en-US')} requests in ${GRAPH_WINDOW_MS / 60_000} minutes and ${GRAPH_AT_ONCE} at once, one request a message, ${GRAPH_LATENCY_MS} ms each. The floor: the units that reading the messages and their list must cost, at the provider’s rate.`,
      columns: ['', 'ours', 'floor', 'share of the floor', 'refused (429, 403)', 'really took'],
      rows: [line('Gmail 2026', gmail), line('Graph-like', graph)],
      goals: [
        goal('Gmail: ≥ 0.97 of the floor', share(gmail), value => value >= 0.97),
        goal('Gmail: no 429 in the steady state', gmail.refused, value => value === 0),
        goal('Graph-like: ≥ 0.97 of the floor', share(graph), value => value >= 0.97),
        goal('Graph-like: no 429 in the steady state', graph.refused, value => value === 0),
      ],
      notes: [
        `Gmail: ${format(gmail.spent)} units spent in all, connecting, labels and the account’s counts included.`,
        'One run, no repeats: time is simulated. The provider’s bucket is full at the start (a minute’s units at once); the floor does not count on it.',
        'Graph-like: the pacer alone, which the Graph adapter uses; not the adapter itself.',
      ],
    }
  },
}

async function underGmail(context: Context, count: number): Promise<Run> {
  const world = new VirtualWorld(Date.UTC(2026, 10, 21))
  const accounts = [{ email: MAILBOX, messages: count }]
  const sandbox = await startSandbox({ accounts, quota: '2026', clock: { now: world.now } })
  // The corpus is dealt out by folder and may come to a few less.
  const mailbox = sandbox.control.mailbox(MAILBOX)
  if (mailbox.size < count) sandbox.control.generate(MAILBOX, { count: count - mailbox.size })
  const postgres = await benchPostgres(context)
  const database = await postgres.fresh()
  const token = sandbox.control.token(MAILBOX, undefined, DEFAULT_CLIENT.id)
  const stored = async (engine: {
    engine: { store: { storedCount(id: string): Promise<number> } }
    accountId: string
  }) => await engine.engine.store.storedCount(engine.accountId)
  const wall = performance.now()
  const engine = await gmailEngine({
    databaseUrl: database.url,
    gmail: sandboxGmail(sandbox.url, { unitsPerMinute: GMAIL_2026.unitsPerMinute }),
    token,
    world,
    around: world.around,
  })
  try {
    const began = world.now()
    // A wait beyond the pacer's limit ends a run; the runner's next claim goes on from the stored position.
    for (let rounds = 0; (await stored(engine)) < count; rounds++) {
      if (rounds > count)
        throw new Error(`After ${rounds} rounds ${await stored(engine)} of ${count} are stored.`)
      context.signal.throwIfAborted()
      await engine.drain(context.signal)
      if ((await stored(engine)) < count) await world.sleep(1_000, context.signal)
    }
    const seconds = (world.now() - began) / 1000
    const { quota: charged } = sandbox.control.state() as {
      quota: { refused: number; spent: Record<string, number> }
    }
    const units = count * GMAIL_2026.read + Math.ceil(count / GMAIL_2026.page) * GMAIL_2026.list
    return {
      seconds,
      floorS: (units / GMAIL_2026.unitsPerMinute) * 60,
      spent: charged.spent[MAILBOX] ?? Number.NaN,
      refused: charged.refused,
      wallS: (performance.now() - wall) / 1000,
    }
  } finally {
    world.stop()
    await engine.close()
    await database.drop()
    await sandbox.close()
  }
}

/** The pacer as an adapter uses it: a turn, a request, and word of how it ended; a refused one is asked again. */
async function underGraph(context: Context, count: number): Promise<Run> {
  const world = new VirtualWorld(Date.UTC(2026, 10, 21))
  const perMinute = GRAPH_REQUESTS / (GRAPH_WINDOW_MS / 60_000)
  const server = new GraphLike(world, GRAPH_LATENCY_MS)
  const pacer = createPacer({ ...DEFAULT_LIMITS, unitsPerMinute: perMinute, maxWaitMs: 20 * 60_000 }, world)
  const wall = performance.now()
  const began = world.now()
  let next = 0
  const worker = async () => {
    while (next < count) {
      const n = next++
      for (let done = false; !done; ) {
        const turn = await pacer.turn(1, 'backfill', context.signal)
        try {
          await server.read(() => madeMessage(n), context.signal)
          turn.succeeded()
          done = true
        } catch (error) {
          if (!(error instanceof TooManyRequests)) throw error
          turn.refused(world.now() + error.retryAfterMs)
        }
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: GRAPH_AT_ONCE }, worker))
  } finally {
    world.stop()
  }
  return {
    seconds: (world.now() - began) / 1000,
    floorS: (count / perMinute) * 60,
    spent: server.requests,
    refused: server.refused,
    wallS: (performance.now() - wall) / 1000,
  }
}
