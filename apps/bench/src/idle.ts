import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDovecot } from '@inlet/testkit/dovecot'
import type { Page } from 'playwright'
import { appendMany } from './append-many.ts'
import type { Bench, Context } from './bench.ts'
import { clock, startBrowser } from './browser.ts'
import { markedMessage } from './deliver.ts'
import { idleAccounts } from './idle-accounts.ts'
import { accessTo, type ImapAccess } from './imap-access.ts'
import { generatedMail } from './made-up-mail.ts'
import { appender, idleClient } from './peers/idle-client.ts'
import { benchPostgres } from './postgres.ts'
import { startProduct } from './product.ts'
import { goal, type Report } from './report.ts'
import { measure, openProduct } from './shown.ts'
import { median, quantile, spread } from './stats.ts'

const USER = 'bench@mail.inlet.test'
const STORED = 50
const WARM_UP = 10
const CONNECTED_MS = 60_000

/** Milliseconds of each arrival, from the answered APPEND on. */
type Turn = { ours: number[]; bare: number[]; lost: number }

export const idle: Bench = {
  about: 'APPEND on Dovecot → DOM in Chromium, beside a bare IDLE client; and what an idle account costs',
  async run(context): Promise<Report> {
    const count = context.option('count', 200)
    const rate = context.option('rate', 2)
    const each = Math.ceil(count / context.repeats)
    const turns = await arrivals(context, each, rate)
    const memory = await idleAccounts(context, await benchPostgres(context), count)
    const at = (of: 'ours' | 'bare', share: number) => turns.map(turn => quantile(turn[of], share))
    // Dovecot keeps each connection waiting for itself: what one message took on both says nothing, what many took does.
    const beyond = (share: number) =>
      turns.map((_, i) => (at('ours', share)[i] ?? 0) - (at('bare', share)[i] ?? 0))
    const line = (name: string, of: 'ours' | 'bare') => [
      name,
      ...[0.5, 0.95, 1].map(share => spread(at(of, share))),
      `${turns.reduce((sum, turn) => sum + turn[of].length, 0)}`,
    ]
    const lost = turns.reduce((sum, turn) => sum + turn.lost, 0)
    return {
      name: 'idle',
      title: 'idle: from Dovecot to the page, and what an idle account costs',
      about: `${rate} messages a second appended to a Dovecot inbox over TLS; ms from the answered APPEND on. Ours: IDLE, marked, folder and message read, committed, streamed, stored in IndexedDB, rendered by the product’s page in Chromium. Beside it in the same run, on a connection of its own: a bare imapflow client in IDLE, until its exists event. Memory: one process with engine, runner and attendance, ${count} accounts of one Dovecot, each with its connection in IDLE over TLS.`,
      columns: ['', 'p50', 'p95', 'max', 'arrived'],
      rows: [
        line('ours, in the DOM', 'ours'),
        line('floor: the bare client hears of it', 'bare'),
        ['ours less the floor', ...[0.5, 0.95, 1].map(share => spread(beyond(share))), ''],
        ['KiB resident an idle account', spread(memory.rss), '', '', ''],
        ['KiB heap and buffers an idle account', spread(memory.heap), '', '', ''],
      ],
      goals: [
        goal('p95 < 300 ms beyond the floor', median(beyond(0.95)), value => value < 300, 'ms'),
        goal('nothing lost', lost, value => value === 0, 'of all'),
        goal('≤ 1 MiB an idle account', median(memory.rss) / 1024, value => value <= 1, 'MiB'),
      ],
      notes: [
        'Dovecot tells of a change at once, and of those that follow within half a second together; the floor waits for that, too.',
        'Memory: resident after two collections, less the same with ten accounts, over the number of accounts between, their first sync included; connections that nobody uses are closed after a second instead of a minute, so that nothing but IDLE is open.',
      ],
    }
  },
}

async function arrivals(context: Context, each: number, rate: number): Promise<Turn[]> {
  const dovecot = await startDovecot({ users: [USER] })
  context.onEnd(() => dovecot.stop())
  const access = accessTo(dovecot, USER)
  await appendMany({ ...access, port: dovecot.port }, 'INBOX', generatedMail(0, STORED, USER))
  const certificates = join(await context.folder('certificates'), 'dovecot.pem')
  await writeFile(certificates, access.certificate)
  const product = await startProduct(context, {
    messages: 300,
    env: { INLET_IMAP_PRIVATE_HOSTS: '1', INLET_IMAP_CERTIFICATES: certificates },
  })
  const page = await openProduct(await startBrowser(context), product)
  await connectMailbox(page, access)
  const append = await appender(context, access)
  const bare = await idleClient(context, access)
  const turn = async (count: number, name: string): Promise<Turn> => {
    const before = bare.exists()
    const order = new Map<string, number>()
    // One connection takes one APPEND after the other, in this order.
    const times = await measure(context, page, name, count, rate, async mark => {
      order.set(mark, before + order.size + 1)
      await append(markedMessage(mark, USER))
      return clock()
    })
    const heard = [...times.deliveries].flatMap(([mark, { began }]) => {
      const at = bare.heard(order.get(mark) ?? 0)
      return at === undefined ? [] : [at - began]
    })
    return { ours: times.ms, bare: heard, lost: times.lost }
  }
  await arriving(page, append, context)
  await turn(WARM_UP, 'warm')
  const turns: Turn[] = []
  for (let i = 0; i < context.repeats; i++) {
    const last = await turn(each, `i${i}`)
    turns.push(last)
    context.say(
      `${i + 1}: p95 ours ${quantile(last.ours, 0.95).toFixed(0)} ms, the bare client ${quantile(last.bare, 0.95).toFixed(0)} ms`,
    )
  }
  return turns
}

/** As a person does it, from the page. */
async function connectMailbox(page: Page, { port, user, password }: ImapAccess): Promise<void> {
  const body = {
    email: user,
    password,
    imap: { host: 'localhost', port, security: 'tls' },
    smtp: null,
  }
  const answer = await page.evaluate(async sent => {
    const response = await fetch('/api/accounts/imap', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(sent),
    })
    return { status: response.status, text: await response.text() }
  }, body)
  if (answer.status !== 200) throw new Error(`The mailbox was not connected: ${answer.status} ${answer.text}`)
}

/** Resolves when what is appended shows: the first sync is over then, and the doorbell is held or polled. */
async function arriving(page: Page, append: (raw: string) => Promise<void>, context: Context): Promise<void> {
  const deadline = performance.now() + CONNECTED_MS
  for (let n = 0; performance.now() < deadline; n++) {
    const { lost } = await measure(context, page, `first${n}`, 1, 1, async mark => {
      await append(markedMessage(mark, USER))
      return clock()
    })
    if (lost === 0) return
  }
  throw new Error(`No message showed within ${CONNECTED_MS} ms of connecting.`)
}
