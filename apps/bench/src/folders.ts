import { createImap } from '@inlet/providers/imap'
import { pollForViewers } from '@inlet/sync/fallback-poll'
import { realWorld, type World } from '@inlet/sync/world'
import { startDovecot } from '@inlet/testkit/dovecot'
import type { Hideable } from '@inlet/testkit/dovecot-config'
import { appendMany } from './append-many.ts'
import type { Bench, Context } from './bench.ts'
import { benchEngine } from './bench-engine.ts'
import { commandCounter } from './count-commands.ts'
import { type BenchPostgres, benchPostgres } from './postgres.ts'
import { realMail } from './real-mail.ts'
import { goal, type Report } from './report.ts'
import { format, median, spread } from './stats.ts'

const USER = 'folders@inlet.test'
const EACH = 3
const SERVERS: { name: string; hide: Hideable[] }[] = [
  { name: 'everything', hide: [] },
  { name: 'no LIST-STATUS', hide: ['LIST-STATUS'] },
  { name: 'no CONDSTORE', hide: ['QRESYNC', 'CONDSTORE'] },
  { name: 'neither', hide: ['QRESYNC', 'CONDSTORE', 'LIST-STATUS'] },
]

type Poll = { commands: number; ms: number }
type Polls = { each: Poll[]; look: Poll[]; news: Poll[] }

export const folders: Bench = {
  about: 'IMAP commands of a poll of 100 folders: one look at the account beside a run of each folder',
  async run(context): Promise<Report> {
    const count = context.option('count', 100)
    const postgres = await benchPostgres(context)
    const rows: string[][] = []
    const shares: number[] = []
    for (const { name, hide } of SERVERS) {
      const { each, look, news } = await measured(context, postgres, hide, count)
      const of = (polls: Poll[], what: keyof Poll) => spread(polls.map(poll => poll[what]))
      rows.push([name, of(each, 'commands'), of(look, 'commands'), of(news, 'commands')])
      rows.push([`${name}, ms`, of(each, 'ms'), of(look, 'ms'), of(news, 'ms')])
      shares.push(median(each.map(({ commands }) => commands)) / median(look.map(({ commands }) => commands)))
      context.say(`${name}: ${format(shares.at(-1) ?? 0)} times fewer`)
    }
    return {
      name: 'folders',
      title: `folders: one poll of a mailbox with ${count} folders`,
      about: `A Dovecot mailbox with ${count} folders of a person’s own and six with a role, ${EACH} messages in each of the former. A relay counts the commands of one poll with everything that follows from it. “Each” marks every folder, as polls did before decision 013; “one look” is what a poll for viewers does; “with news” the same after a message was put into one of the folders.`,
      columns: ['the server has', 'each', 'one look', 'one look, with news'],
      rows,
      goals: [
        goal('a tenth of the commands, with LIST-STATUS and CONDSTORE', shares[0] ?? 0, v => v >= 10, '×'),
      ],
      notes: [
        'Without CONDSTORE ten folders and those with a role are pulled with each look. Commands of another kind of server differ by a few.',
      ],
    }
  },
}

async function measured(
  context: Context,
  postgres: BenchPostgres,
  hide: readonly Hideable[],
  count: number,
): Promise<Polls> {
  const dovecot = await startDovecot({ users: [USER], hide })
  const counter = await commandCounter(context, dovecot.port)
  const password = dovecot.passwordOf(USER)
  const into = (folder: string, messages: number) =>
    appendMany({ port: dovecot.port, user: USER, password }, folder, realMail(messages))
  const names = Array.from({ length: count }, (_, at) => `Folder ${at}`)
  await dovecot.doveadm('mailbox', 'create', '-u', USER, ...names)
  for (const name of names) await into(name, EACH)
  const adapter = createImap({ allowPrivateHosts: true }, undefined, { lookup: async () => ['127.0.0.1'] })
  let ahead = 0
  const world: World = { ...realWorld, now: () => Date.now() + ahead }
  const database = await postgres.fresh()
  const access = {
    ...{ email: USER, displayName: 'Bench', user: USER, password },
    ...{ imapHost: 'localhost', imapPort: counter.port, imapSecurity: 'none' },
    ...{ smtpHost: null, smtpPort: null, smtpSecurity: null },
  }
  const bench = await benchEngine({ databaseUrl: database.url, provider: 'imap', adapter, access, world })
  const poll = async (mark: () => Promise<number>): Promise<Poll> => {
    ahead += 31_000
    const [commands, began] = [counter.commands(), performance.now()]
    if ((await mark()) === 0) throw new Error('Nothing was polled.')
    await bench.drain(context.signal)
    return { commands: counter.commands() - commands, ms: performance.now() - began }
  }
  const { store } = bench.engine
  const each = () =>
    poll(() => store.mark({ accountId: bench.accountId, lanes: ['live'] }, 'poll', world.now()))
  const look = () => poll(() => pollForViewers(bench.engine, [bench.userId]))
  const polls: Polls = { each: [], look: [], news: [] }
  try {
    for (let round = 0; round < 3; round++) await each()
    for (let turn = 0; turn < context.repeats; turn++) {
      polls.each.push(await each())
      polls.look.push(await look())
      await into(`Folder ${turn % count}`, 1)
      polls.news.push(await look())
    }
    return polls
  } finally {
    await adapter.close()
    await bench.close()
    await database.drop()
    await dovecot.stop()
  }
}
