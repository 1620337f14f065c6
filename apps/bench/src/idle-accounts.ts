import { startDovecot } from '@inlet/testkit/dovecot'
import type { Context } from './bench.ts'
import type { IdleOrder, IdleTold } from './idle-worker.ts'
import { accessTo } from './imap-access.ts'
import type { BenchPostgres } from './postgres.ts'
import { startWorker } from './worker.ts'

const FIRST = 10
const TURN_MS = 5 * 60_000

/** By itself Dovecot holds a process for each TLS connection, and a hundred of those at most. */
const MANY = `service imap-login {
  service_count = 0
  client_limit = 2000
  process_min_avail = 2
}
service imap {
  process_limit = 2000
}
mail_max_userip_connections = 50
`

/** KiB of each of so many idle accounts, of one process a repeat. */
export async function idleAccounts(
  context: Context,
  postgres: BenchPostgres,
  count: number,
): Promise<{ rss: number[]; heap: number[] }> {
  const users = Array.from({ length: FIRST + count }, (_, n) => `idle${n}@inlet.test`)
  const dovecot = await startDovecot({ users, settings: MANY })
  context.onEnd(() => dovecot.stop())
  const accesses = users.map(user => accessTo(dovecot, user))
  const found = { rss: [] as number[], heap: [] as number[] }
  for (let i = 0; i < context.repeats; i++) {
    const database = await postgres.fresh()
    const worker = startWorker<IdleOrder, IdleTold>(context, './idle-worker.ts', {
      execArgv: ['--expose-gc'],
    })
    worker.send({
      databaseUrl: database.url,
      first: accesses.slice(0, FIRST),
      measured: accesses.slice(FIRST),
    })
    const told = await worker.next((each): each is IdleTold => true, TURN_MS)
    await worker.stop()
    await database.drop()
    if ('error' in told) throw new Error(told.error)
    found.rss.push(told.rssBytes / 1024)
    found.heap.push(told.heapBytes / 1024)
    context.say(`${i + 1}: ${found.rss.at(-1)?.toFixed(0)} KiB resident an idle account`)
  }
  return found
}
