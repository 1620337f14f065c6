import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildWeb } from '../../../../scripts/start/build.ts'
import { type Child, runToEnd, spawnHeld, spawnNode } from '../../../../scripts/start/child.ts'
import {
  readEnvironment,
  sandboxEnvironment,
  serverEnvironment,
} from '../../../../scripts/start/environment.ts'
import { StartError } from '../../../../scripts/start/errors.ts'
import { httpReady } from '../../../../scripts/start/http-ready.ts'
import { freePort } from '../../../../scripts/start/ports.ts'
import { startPostgres } from '../../../../scripts/start/postgres.ts'
import { ensurePrismaClient } from '../../../../scripts/start/prisma-client.ts'
import { root } from '../../../../scripts/start/root.ts'
import { ensureSecrets } from '../../../../scripts/start/secrets.ts'
import { webServer } from '../../../../scripts/start/start-all.ts'
import { startBalancer } from './balancer.ts'
import { type Database, openDatabase } from './database.ts'
import { type ImapServer, startImapServer } from './imap-server.ts'
import { FAR, Sandbox } from './sandbox.ts'
import { Service } from './service.ts'

/** Everything that runs: each a process of its own, as in production. */
export type Stack = {
  /** Of the balancer before the web servers. */
  baseUrl: string
  /** Google, Microsoft, and who takes the mail server's outgoing mail. */
  sandbox: Sandbox
  /** null: there are no mailboxes at a mail server. */
  imap: ImapServer | null
  /** Where Google pushes to in the ordinary. */
  pushUrl: string
  cronSecret: string
  folder: string
  database: Database
  webs: Service[]
  workers: Service[]
  redis: Service
  /** Ends the workers and starts them with this bug in their code, or with none. */
  restartWorkers(codeBug: string | null): Promise<void>
  /** Processes that ended without anybody's doing, since the last look. */
  accidents(): string[]
  /** Ends all of it, in order. The logs stay unless `clean`. */
  stop(clean: boolean): Promise<void>
}

/** A person's own installation: this must never reach its database or a real mailbox. */
const own =
  /^(DATABASE_URL|REDIS_URL|UPSTASH_|GOOGLE_|GMAIL_|MICROSOFT_|GRAPH_|INLET_|BETTER_AUTH_|CRON_SECRET|PORT$|NODE_OPTIONS$|VERCEL)/

export async function startStack(options: {
  /** With a mail server. */
  imap: boolean
  say(text: string): void
  signal: AbortSignal
}): Promise<Stack> {
  const { say, signal } = options
  const folder = await mkdtemp(join(tmpdir(), 'inlet-simulate-'))
  const logs = join(folder, 'logs')
  const found: string[] = []
  const ends: (() => Promise<unknown>)[] = []
  const stop = async (clean: boolean) => {
    for (const end of ends.splice(0).reverse())
      await end().catch((error: unknown) => say(`stopping: ${error}`))
    const left = clean
      ? [folder]
      : (await readdir(folder)).filter(name => name !== 'logs').map(name => join(folder, name))
    for (const path of left) await rm(path, { recursive: true, force: true })
  }
  const service = (
    name: string,
    spawn: (life: number) => Child,
    ready: (child: Child) => Promise<unknown>,
  ) => {
    const accident = (what: string, child: Child) => {
      found.push(`${what}: ${child.log.lastLines(8).join(' ⏎ ')} (${child.log.path})`)
      void made.start().catch(() => {})
    }
    const made = new Service({ name, spawn, ready }, accident)
    ends.push(async () => {
      made.thaw()
      await made.end()
    })
    return made
  }

  try {
    const secrets = ensureSecrets(folder)
    const building = build(logs, signal).then(note => say(`apps/web: ${note}`))
    building.catch(() => {})
    const postgres = await startPostgres({
      folder: join(folder, 'postgres'),
      logFile: join(logs, 'postgres.log'),
      password: secrets.postgresPassword,
      preferredPort: undefined,
      // Processes are killed here, not the machine: what was written to the system is there after a crash.
      settings: ['fsync=off', 'full_page_writes=off', 'max_connections=300'],
      signal,
    })
    ends.push(() => postgres.child.stop())
    await migrate(postgres.url, logs, signal)
    const database = openDatabase(postgres.url)
    ends.push(() => database.close())

    const redisPort = await freePort()
    const redis = service(
      'redis',
      life => spawnRedis(redisPort, folder, join(logs, `redis.${life}.log`)),
      child => says(child, 'Ready to accept connections', signal),
    )
    const [port, sandboxPort, ...webPorts] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const mail = { imap: await freePort(), smtp: await freePort() }
    const imap = options.imap ? await startImapServer(mail.smtp) : null
    if (imap) ends.push(() => imap.dovecot.stop())
    const baseUrl = `http://127.0.0.1:${port}`
    const sandboxUrl = `http://127.0.0.1:${sandboxPort}`
    const env = {
      ...Object.fromEntries(Object.entries(readEnvironment()).filter(([name]) => !own.test(name))),
      INLET_LOG_LEVEL: 'warn',
      INLET_DEMO_TOKEN: '',
      INLET_WORKER: '0',
      INLET_STREAMS_PER_USER: '20',
      INLET_SANDBOX_ACCOUNTS: 'nobody@inlet.test:0',
      INLET_SANDBOX_OUTLOOK: 'nobody@outlook.inlet.test:0',
      INLET_SANDBOX_IMAP_ACCOUNTS: `${FAR}:0`,
      INLET_IMAP_PRIVATE_HOSTS: '1',
      GRAPH_CALLBACK_URL: `${baseUrl}/api/webhooks/graph`,
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    }
    const sandbox = spawnNode([join(root, 'packages', 'sandbox', 'src', 'main.ts')], {
      name: 'sandbox',
      logFile: join(logs, 'sandbox.log'),
      cwd: root,
      env: {
        ...sandboxEnvironment(env, folder, { webPort: port, baseUrl, sandboxPort, mail }),
        // In memory: it is the provider, and nobody kills that.
        INLET_SANDBOX_DATA: '',
      },
      graceMs: 2_500,
    })
    ends.push(() => sandbox.stop())

    const server = (own: number) =>
      serverEnvironment(env, secrets, folder, { port: own, baseUrl, databaseUrl: postgres.url, sandboxUrl })
    const webs = webPorts.map((own, index) =>
      service(
        `web${index}`,
        life =>
          spawnNode([...webServer, '-H', '127.0.0.1', '-p', String(own)], {
            name: `web${index}`,
            logFile: join(logs, `web${index}.${life}.log`),
            cwd: join(root, 'apps', 'web'),
            env: server(own),
            graceMs: 5_000,
          }),
        child =>
          httpReady(`http://127.0.0.1:${own}/api/health`, child, {
            signal,
            timeoutMs: 90_000,
            // A database that is down says 503: the server is up all the same.
            accept: () => true,
          }),
      ),
    )
    let codeBug: string | null = null
    const workers = [0, 1].map(index =>
      service(
        `worker${index}`,
        life =>
          spawnNode([...plant(codeBug), join(root, 'apps', 'worker', 'src', 'main.ts')], {
            name: `worker${index}`,
            logFile: join(logs, `worker${index}.${life}.log`),
            cwd: root,
            env: server(0),
            graceMs: 5_000,
          }),
        async () => {},
      ),
    )
    const balancer = await startBalancer(port, webPorts)
    ends.push(() => balancer.close())
    await building
    await redis.start()
    await httpReady(`${sandboxUrl}/control/state`, sandbox, { signal, timeoutMs: 60_000, accept: () => true })
    await Promise.all([...webs, ...workers].map(each => each.start()))
    return {
      baseUrl,
      sandbox: new Sandbox(sandboxUrl),
      imap,
      pushUrl: `${baseUrl}/api/webhooks/gmail`,
      cronSecret: secrets.cronSecret,
      folder,
      database,
      webs,
      workers,
      redis,
      async restartWorkers(bug) {
        codeBug = bug
        for (const worker of workers) {
          worker.thaw()
          await worker.end()
          await worker.start()
        }
      },
      accidents: () => found.splice(0),
      stop,
    }
  } catch (error) {
    await stop(signal.aborted)
    throw error
  }
}

async function build(logs: string, signal: AbortSignal): Promise<string> {
  await ensurePrismaClient(logs, signal)
  return await buildWeb(logs, signal)
}

function plant(codeBug: string | null): string[] {
  return codeBug === null ? [] : ['--import', `${new URL('plant-code.ts', import.meta.url)}?bug=${codeBug}`]
}

async function migrate(databaseUrl: string, logs: string, signal: AbortSignal): Promise<void> {
  const child = spawnNode([join(root, 'packages', 'db', 'src', 'migrate-cli.ts')], {
    name: 'the migration',
    logFile: join(logs, 'migrate.log'),
    cwd: root,
    env: { ...readEnvironment(), DATABASE_URL: databaseUrl },
    graceMs: 2_000,
  })
  await runToEnd(child, signal, 120_000)
}

function spawnRedis(port: number, folder: string, logFile: string): Child {
  const quiet = ['--save', '', '--appendonly', 'no', '--dir', folder]
  return spawnHeld(['redis-server', '--port', String(port), '--bind', '127.0.0.1', ...quiet], {
    name: 'redis',
    logFile,
    cwd: '/',
    env: readEnvironment(),
    graceMs: 2_000,
    signal: 'SIGTERM',
    group: false,
  })
}

async function says(child: Child, text: string, signal: AbortSignal): Promise<void> {
  const until = Date.now() + 15_000
  let ended = false
  void child.exited.then(() => {
    ended = true
  })
  while (!child.log.lastLines(60).some(line => line.includes(text))) {
    if (ended || Date.now() > until) throw new StartError(`${child.name} did not start`, child.log)
    await sleep(20, undefined, { signal })
  }
}
