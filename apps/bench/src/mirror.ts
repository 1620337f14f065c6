import { readFile } from 'node:fs/promises'
import type { Bench } from './bench.ts'
import { startBrowser } from './browser.ts'
import { madeMessage } from './made-mail.ts'
import { madeStore } from './made-store.ts'
import { bundlePage, serveMirror } from './mirror-server.ts'
import { benchPostgres } from './postgres.ts'
import { goal, type Report } from './report.ts'
import { median, pairwise, spread } from './stats.ts'
import type { BulkTimes, MirrorTimes } from './web/page.ts'

const BATCH = 500

export const mirror: Bench = {
  about: '10,000 messages into a cold mirror in Chromium, beside Dexie’s bulkPut of the same rows',
  async run(context): Promise<Report> {
    const count = context.option('count', 10_000)
    const postgres = await benchPostgres(context)
    const database = await postgres.fresh()
    const made = await madeStore(database.url)
    context.onEnd(() => made.close())
    for (let from = 0; from < count; from += BATCH) {
      const size = Math.min(BATCH, count - from)
      await made.commit({ upserts: Array.from({ length: size }, (_, i) => madeMessage(from + i)) })
    }
    // As after an hour of use: the planner knows the tables.
    await made.pool.query('VACUUM ANALYZE')
    const script = await readFile(await bundlePage(context), 'utf8')
    const url = await serveMirror(context, { pool: made.pool, userId: made.userId, script })
    const browser = await startBrowser(context)
    const ours: MirrorTimes[] = []
    const bulk: BulkTimes[] = []
    for (let i = 0; i < context.repeats; i++) {
      context.signal.throwIfAborted()
      // A profile of its own each: nothing is warm but the disk.
      const page = await (await browser.newContext()).newPage()
      await page.goto(url)
      await page.waitForFunction(() => 'bench' in window, undefined, { timeout: 30_000 })
      const mirrored = await page.evaluate(
        total =>
          (
            window as unknown as { bench: { fillMirror(total: number): Promise<MirrorTimes> } }
          ).bench.fillMirror(total),
        count,
      )
      const put = await page.evaluate(() =>
        (window as unknown as { bench: { bulkPut(): Promise<BulkTimes> } }).bench.bulkPut(),
      )
      await page.context().close()
      if (mirrored.messages !== put.messages || mirrored.threads !== put.threads)
        throw new Error(
          `The mirror holds ${mirrored.messages} messages and ${mirrored.threads} threads, the peer ${put.messages} and ${put.threads}.`,
        )
      ours.push(mirrored)
      bulk.push(put)
      context.say(
        `${i + 1}: list ${mirrored.firstListMs.toFixed(0)} ms, whole ${mirrored.wholeMs.toFixed(0)} ms, bulkPut ${put.wholeMs.toFixed(0)} ms`,
      )
    }
    const first = ours.map(each => each.firstListMs)
    const whole = ours.map(each => each.wholeMs)
    const put = bulk.map(each => each.wholeMs)
    const sooner = pairwise(put, first)
    return {
      name: 'mirror',
      title: 'mirror: a cold start beside bulkPut',
      about: `${count.toLocaleString('en-US')} messages in ${bulk[0]?.threads.toLocaleString('en-US')} threads, a fresh Chromium profile each time. Ours: the real client from start() on, fill pages read from Postgres and sent over HTTP, checked, stored with their position, the inbox’s newest 50 threads listed by the live query. The peer: the same rows, in memory already, written with one bulkPut a table into tables of the same indexes.`,
      columns: ['', 'ms', 'beside bulkPut'],
      rows: [
        ['ours, first list of 50', spread(first), `${spread(sooner)} × sooner`],
        ['ours, the whole', spread(whole), `${spread(pairwise(whole, put))} × as long`],
        ['Dexie bulkPut', spread(put), '1'],
      ],
      goals: [goal('first list ≥ 10 × sooner than bulkPut ends', median(sooner), value => value >= 10, '×')],
      notes: [
        `Rows a second, messages and threads: ours ${spread(ours.map(each => ((each.messages + each.threads) / each.wholeMs) * 1000))}, bulkPut ${spread(bulk.map(each => ((each.messages + each.threads) / each.wholeMs) * 1000))}.`,
      ],
    }
  },
}
