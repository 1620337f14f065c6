import { busContract } from '@inlet/testkit/contract/bus'
import { startPostgres } from '@inlet/testkit/postgres'
import { startTcpGate } from '@inlet/testkit/tcp-gate'
import pg from 'pg'
import { postgresBus } from '../src/bus-postgres.ts'

const quick = { timeoutMs: 1_000, probeMs: 250, reconnect: { baseMs: 20, maxMs: 200 } }

busContract('Postgres', async () => {
  // LISTEN and NOTIFY need no schema.
  const server = await startPostgres(async () => {})
  const database = await server.createDatabase()
  const gate = await startTcpGate(Number(new URL(database.url).port))
  const through = new URL(database.url)
  through.port = String(gate.port)
  const other = new pg.Client({ connectionString: database.url })
  await other.connect()
  return {
    connect: () => postgresBus({ ...quick, databaseUrl: through.href }),
    faults: gate,
    sendForeign: async message => void (await other.query("SELECT pg_notify('inlet', $1)", [message])),
    close: async () => {
      await other.end()
      await gate.close()
      await database.drop()
      await server.stop()
    },
  }
})
