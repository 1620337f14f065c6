import { drainSearchQueue } from '@inlet/db/search-index'
import type { PulledMessage } from '@inlet/sync/provider-port'
import type { Bench, Context } from './bench.ts'
import { madeMessage } from './made-mail.ts'
import { type MadeStore, madeStore } from './made-store.ts'
import { copyFrom, copyTo, FEED_TABLES } from './peers/plain-copy.ts'
import { type BenchPostgres, benchPostgres } from './postgres.ts'
import { goal, type Report } from './report.ts'
import { median, pairwise, spread } from './stats.ts'

const BATCH = 500
/** So many of a hundred messages are deleted again: their tombstones are rows of the feed too. */
const DELETED_PERCENT = 2

type Turn = {
  /** Rows of the feed that the engine has written: messages, threads, labels, tombstones. */
  rows: number
  messages: number
  engineS: number
  searchS: number
  replayS: number
  copyS: number
  copyMessagesS: number
}

export const feed: Bench = {
  about: 'rows through the engine’s write path, beside a plain COPY of the same rows',
  async run(context): Promise<Report> {
    const count = context.option('count', 100_000)
    const postgres = await benchPostgres(context)
    // Made beforehand: their making is nobody's work here.
    const mail = Array.from({ length: count }, (_, n) => madeMessage(n))
    const turns: Turn[] = []
    for (let i = 0; i < context.repeats; i++) {
      turns.push(await turn(context, postgres, mail))
      const last = turns.at(-1)
      if (last) context.say(`${i + 1}: engine ${last.engineS.toFixed(1)} s, COPY ${last.copyS.toFixed(1)} s`)
    }
    const rate = (rows: keyof Turn, seconds: keyof Turn) => turns.map(each => each[rows] / each[seconds])
    const engine = rate('rows', 'engineS')
    const copy = rate('rows', 'copyS')
    const engineMessages = rate('messages', 'engineS')
    const copyMessages = rate('messages', 'copyMessagesS')
    const ratio = pairwise(engine, copy)
    const first = turns[0]
    return {
      name: 'feed',
      title: 'feed: the write path beside COPY',
      about: `${count.toLocaleString('en-US')} messages in batches of ${BATCH} through store.commit (fence, feed lock, planner, upserts, derived threads, label counts, seqs, status), ${DELETED_PERCENT} % of them deleted again; then COPY FROM a file on the server of the very rows that the engine has left (${first?.rows.toLocaleString('en-US')}: messages, threads, labels, tombstones) into tables of the same shape and indexes.`,
      columns: ['', 'engine', 'COPY', 'ratio'],
      rows: [
        ['rows/s', spread(engine), spread(copy), spread(ratio)],
        [
          'messages/s (COPY: the message table alone)',
          spread(engineMessages),
          spread(copyMessages),
          spread(pairwise(engineMessages, copyMessages)),
        ],
        ['replay of the same input, messages/s', spread(rate('messages', 'replayS')), '–', '–'],
        ['search vectors of them all, s', spread(turns.map(each => each.searchS)), '–', '–'],
      ],
      goals: [
        goal('rows/s ≥ 0.5 × COPY', median(ratio), value => value >= 0.5, '×'),
        { goal: 'a replay writes no new seq', got: 'none in any repeat', met: true },
      ],
      notes: [
        'COPY runs inside the server, without client, round trips or commits between batches; the engine sends each row through the driver and commits durably every 500.',
        'Search vectors are made behind the commits and are not in the first line: its clock stops at the last commit.',
      ],
    }
  },
}

async function turn(context: Context, postgres: BenchPostgres, mail: PulledMessage[]): Promise<Turn> {
  const database = await postgres.fresh()
  const made = await madeStore(database.url)
  try {
    const deletions = deletionsOf(mail)
    const began = performance.now()
    await write(context, made, mail)
    await deleteAll(made, deletions)
    const engineS = (performance.now() - began) / 1000
    const beganSearch = performance.now()
    await drainSearchQueue(made.pool, made.userId)
    const searchS = (performance.now() - beganSearch) / 1000

    const head = await headOf(made)
    const beganReplay = performance.now()
    await write(context, made, mail)
    const replayS = (performance.now() - beganReplay) / 1000
    await deleteAll(made, deletions)
    const after = await headOf(made)
    if (after !== head) throw new Error(`The replay moved the feed's head from ${head} to ${after}.`)

    const rows = await copyTo(made.pool)
    await made.pool.query('CHECKPOINT')
    const copyMessagesS = await copyFrom(made.pool, ['message'])
    await made.pool.query('CHECKPOINT')
    const copyS = await copyFrom(made.pool, FEED_TABLES)
    return { rows, messages: mail.length, engineS, searchS, replayS, copyS, copyMessagesS }
  } finally {
    await made.close()
    await database.drop()
  }
}

async function write(context: Context, made: MadeStore, mail: PulledMessage[]): Promise<void> {
  for (let from = 0; from < mail.length; from += BATCH) {
    context.signal.throwIfAborted()
    await made.commit({ upserts: mail.slice(from, from + BATCH) })
  }
}

type Deletions = { id: string; version: bigint }[]

function deletionsOf(mail: PulledMessage[]): Deletions {
  const every = Math.round(100 / DELETED_PERCENT)
  return mail
    .filter((_, n) => n % every === 0)
    .map(({ id, version }) => ({ id, version: version + 10_000_000n }))
}

async function deleteAll(made: MadeStore, deletions: Deletions): Promise<void> {
  for (let from = 0; from < deletions.length; from += BATCH)
    await made.commit({ deletions: deletions.slice(from, from + BATCH) })
}

async function headOf({ pool, userId }: MadeStore): Promise<number> {
  const { rows } = await pool.query<{ head: number }>('SELECT head FROM feed WHERE user_id = $1', [userId])
  return rows[0]?.head ?? 0
}
