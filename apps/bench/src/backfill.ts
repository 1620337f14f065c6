import { drainSearchQueue } from '@inlet/db/search-index'
import { DEFAULT_CLIENT } from '@inlet/sandbox/sandbox'
import type { Bench, Context } from './bench.ts'
import { gmailEngine, type SandboxToken, sandboxGmail } from './gmail-engine.ts'
import { fetchAndParse } from './peers/fetch-and-parse.ts'
import { type BenchPostgres, benchPostgres } from './postgres.ts'
import { control } from './product.ts'
import { goal, type Report } from './report.ts'
import { startSandboxProcess } from './sandbox-process.ts'
import { median, pairwise, spread } from './stats.ts'

const MAILBOX = 'bench@inlet.test'
/** The adapter's default: requests of one account at a time. */
const CONCURRENCY = 8

export const backfill: Bench = {
  about:
    'the corpus of 6,046 messages from the sandbox into Postgres, beside a loop that only fetches and parses',
  async run(context): Promise<Report> {
    const wanted = context.option('count', 0)
    context.say('filling the sandbox’s mailbox')
    const url = await startSandboxProcess(context, `${MAILBOX}:${wanted || 'all'}`)
    const postgres = await benchPostgres(context)
    const token = (await control(url, 'token', {
      account: MAILBOX,
      client: DEFAULT_CLIENT.id,
    })) as SandboxToken
    // Once unmeasured: the sandbox keeps what it has parsed, and both sides' code is compiled.
    const total = await fetchAndParse({
      url,
      token: token.access_token,
      concurrency: CONCURRENCY,
      signal: context.signal,
    })
    const loop: number[] = []
    const ours: number[] = []
    const search: number[] = []
    for (let i = 0; i < context.repeats; i++) {
      const stored = await storeAll(context, postgres, url, token, total)
      ours.push(total / stored.seconds)
      search.push(stored.searchS)
      const began = performance.now()
      await fetchAndParse({
        url,
        token: token.access_token,
        concurrency: CONCURRENCY,
        signal: context.signal,
      })
      loop.push(total / ((performance.now() - began) / 1000))
      context.say(`${i + 1}: engine ${ours.at(-1)?.toFixed(0)}/s, loop ${loop.at(-1)?.toFixed(0)}/s`)
    }
    const ratio = pairwise(ours, loop)
    return {
      name: 'backfill',
      title: 'backfill: a mailbox into Postgres beside a loop that only reads it',
      about: `${total.toLocaleString('en-US')} real messages (spam corpus) from the sandbox in a process of its own, quota off. Ours: from the first claim to the end of the listing, bodies, threads, attachments and labels stored. The loop: googleapis, ${CONCURRENCY} requests at a time, ids listed, each message fetched in full, headers and texts decoded, nothing kept.`,
      columns: ['', 'engine', 'loop', 'ratio'],
      rows: [
        ['messages/s', spread(ours), spread(loop), spread(ratio)],
        ['search vectors of what was still queued then, s', spread(search), '–', '–'],
      ],
      goals: [goal('≥ 0.7 × the loop', median(ratio), value => value >= 0.7, '×')],
      notes: [
        'The sandbox, Postgres and the engine share the cores: where there are two, the sandbox alone fills one of them in both turns.',
      ],
    }
  },
}

async function storeAll(
  context: Context,
  postgres: BenchPostgres,
  url: string,
  token: SandboxToken,
  total: number,
): Promise<{ seconds: number; searchS: number }> {
  const database = await postgres.fresh()
  const engine = await gmailEngine({ databaseUrl: database.url, gmail: sandboxGmail(url), token })
  try {
    const began = performance.now()
    await engine.drain(context.signal)
    const seconds = (performance.now() - began) / 1000
    const stored = await engine.engine.store.storedCount(engine.accountId)
    if (stored !== total) throw new Error(`The backfill stored ${stored} of ${total} messages.`)
    const beganSearch = performance.now()
    await drainSearchQueue(engine.pool, engine.userId)
    return { seconds, searchS: (performance.now() - beganSearch) / 1000 }
  } finally {
    await engine.close()
    await database.drop()
  }
}
