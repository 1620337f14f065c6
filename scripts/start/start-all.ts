import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildWeb } from './build.ts'
import { type Child, type ChildExit, type ChildOptions, runToEnd, spawnNode } from './child.ts'
import {
  type Env,
  type MailPorts,
  needsSandbox,
  sandboxEnvironment,
  sandboxMailOAuth,
  serverEnvironment,
} from './environment.ts'
import { StartError } from './errors.ts'
import { httpReady } from './http-ready.ts'
import { endLeftovers } from './leftovers.ts'
import { freePort, isFree, nextFreePort } from './ports.ts'
import { startPostgres } from './postgres.ts'
import { ensurePrismaClient } from './prisma-client.ts'
import { identify } from './processes.ts'
import { root } from './root.ts'
import { type RunFile, readPorts, removeRunFile, writePorts, writeRunFile } from './run-file.ts'
import { ensureSecrets } from './secrets.ts'
import type { Steps } from './steps.ts'

export interface StartOptions {
  /** Holds everything that lasts: database, sandbox, secrets, logs. One running product per folder. */
  dataDir: string
  /** A port number; 0 for any free one; undefined for 3000 or the next free one. */
  port: number | undefined
  /** The environment to start from (`readEnvironment()`); decides between embedded and real services. */
  env: Env
  steps: Steps
  /** Ends the start half-way; what was started is stopped before the promise rejects. */
  signal: AbortSignal
}

export interface Running {
  baseUrl: string
  /** Signs the demo user in; the bare address when real providers are configured. */
  link: string
  databaseUrl: string
  sandboxUrl: string | undefined
  /** For benches that measure or kill one of them. Names: web, sandbox, postgres. */
  children: readonly Child[]
  /** Resolves when a child ends that nobody stopped. */
  died: Promise<{ child: Child; exit: ChildExit }>
  /** Ends all of it in order: web, sandbox, Postgres. At most 10 seconds. */
  stop(): Promise<void>
}

/**
 * As the Dockerfile runs it. Node takes new space from the machine's memory, up to 128 MiB of garbage at any time on a
 * large one; a quarter of that serves as well.
 */
export const webServer = ['--max-semi-space-size=16', join(root, 'apps', 'web', 'server', 'main.ts')]

/** Starts the whole product. Used by `npm start`, the end-to-end tests and the benches. */
export async function startAll(options: StartOptions): Promise<Running> {
  const { dataDir, env, steps } = options
  const logDir = join(dataDir, 'logs')
  mkdirSync(logDir, { recursive: true })
  await endLeftovers(dataDir, steps.say)
  const abort = new AbortController()
  const signal = AbortSignal.any([options.signal, abort.signal])
  const started: Child[] = []
  const own = identify(process.pid)
  if (!own) throw new StartError('The start time of this process cannot be read (/proc or ps is missing).')
  const run: RunFile = { supervisor: own, children: [] }
  const { died, watch } = deathWatch()
  const add = (child: Child) => {
    started.unshift(child)
    watch(child)
    run.children = started.map(({ name, identity }) => ({ name, ...identity }))
    writeRunFile(dataDir, run)
  }
  const stop = async () => {
    abort.abort()
    const order = ['web', 'sandbox', 'postgres']
    for (const name of order) for (const child of started.filter(one => one.name === name)) await child.stop()
    removeRunFile(dataDir)
  }

  try {
    writeRunFile(dataDir, run)
    const port = await choosePort(options.port, steps)
    const baseUrl = env.INLET_BASE_URL ?? `http://localhost:${port}`
    const secrets = ensureSecrets(dataDir)
    const kept = readPorts(dataDir)
    const common = { cwd: root, graceMs: 2500 }

    const database = async (): Promise<string> => {
      let url = env.DATABASE_URL
      if (!url) {
        const postgres = await steps.run('database', async note => {
          const folder = join(dataDir, 'postgres')
          const logFile = join(logDir, 'postgres.log')
          const password = secrets.postgresPassword
          const result = await startPostgres({
            folder,
            logFile,
            password,
            preferredPort: kept.postgres,
            signal,
          })
          add(result.child)
          note(`Postgres ${result.isNew ? 'made and ' : ''}ready on port ${result.port}`)
          return result
        })
        kept.postgres = postgres.port
        url = postgres.url
      }
      await steps.run('migrate', () => migrate(url, logDir, signal))
      return url
    }

    const sandbox = async (): Promise<{ url: string; mail: MailPorts } | undefined> => {
      if (!needsSandbox(env)) return undefined
      return steps.run('sandbox', async note => {
        const sandboxPort = await freePort(kept.sandbox)
        const mail = { imap: await freePort(kept.imap), smtp: await freePort(kept.smtp) }
        Object.assign(kept, { sandbox: sandboxPort, ...mail })
        const child = spawnNode([join(root, 'packages', 'sandbox', 'src', 'main.ts')], {
          ...common,
          name: 'sandbox',
          logFile: join(logDir, 'sandbox.log'),
          env: sandboxEnvironment(env, dataDir, { webPort: port, baseUrl, sandboxPort, mail }),
        })
        add(child)
        const url = `http://127.0.0.1:${sandboxPort}`
        await httpReady(`${url}/`, child, { signal, timeoutMs: 180_000, accept: () => true })
        note(`Google and Microsoft, played, on port ${sandboxPort}, IMAP on ${mail.imap}`)
        return { url, mail }
      })
    }

    const build = () =>
      steps.run('build', async note => {
        await ensurePrismaClient(logDir, signal)
        note(await buildWeb(logDir, signal))
      })

    const [databaseUrl, played] = await together([database(), sandbox(), build()], () => abort.abort())
    const sandboxUrl = played?.url
    writePorts(dataDir, kept)
    const imapOAuthFile = played && join(dataDir, 'imap-oauth.json')
    if (imapOAuthFile) writeFileSync(imapOAuthFile, JSON.stringify(sandboxMailOAuth(played.url, played.mail)))
    const link = await steps.run('serve', async note => {
      const web: ChildOptions = {
        ...common,
        name: 'web',
        cwd: join(root, 'apps', 'web'),
        graceMs: 3000,
        logFile: join(logDir, 'web.log'),
        env: serverEnvironment(env, secrets, dataDir, {
          port,
          baseUrl,
          databaseUrl,
          sandboxUrl,
          sandboxMail: played?.mail,
          imapOAuthFile,
        }),
      }
      const child = spawnNode([...webServer, '-H', '127.0.0.1', '-p', String(port)], web)
      add(child)
      const health = `http://127.0.0.1:${port}/api/health`
      await httpReady(health, child, { signal, timeoutMs: 60_000, accept: status => status === 200 })
      note(`on port ${port}`)
      const demo = web.env.INLET_DEMO_TOKEN
      return demo ? `${baseUrl}/demo?token=${encodeURIComponent(demo)}` : baseUrl
    })
    Object.assign(run, { baseUrl, link, sandboxUrl, databaseUrl })
    writeRunFile(dataDir, run)
    return { baseUrl, link, databaseUrl, sandboxUrl, children: started, died, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Waits for all, tells the others to give up when one fails, and throws that first failure once all have settled. */
async function together<A, B, C>(
  work: [Promise<A>, Promise<B>, Promise<C>],
  giveUp: () => void,
): Promise<[A, B, C]> {
  try {
    return await Promise.all(work)
  } catch (error) {
    giveUp()
    await Promise.allSettled(work)
    throw error
  }
}

async function migrate(databaseUrl: string, logDir: string, signal: AbortSignal): Promise<void> {
  const script = join(root, 'packages', 'db', 'src', 'migrate-cli.ts')
  if (!existsSync(script)) throw new StartError(`${script} is missing.`)
  const child = spawnNode([script], {
    name: 'the migration',
    logFile: join(logDir, 'migrate.log'),
    cwd: root,
    env: { ...process.env, DATABASE_URL: databaseUrl },
    graceMs: 2000,
  })
  await runToEnd(child, signal, 10 * 60_000)
}

async function choosePort(wanted: number | undefined, steps: Steps): Promise<number> {
  if (wanted === 0) return freePort()
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted
    throw new StartError(`Port ${wanted} is in use. Free it, or set PORT to another one.`)
  }
  const port = await nextFreePort(3000)
  if (port !== 3000) steps.say(`  Port 3000 is in use: taking ${port}.`)
  return port
}

function deathWatch() {
  let report: (death: { child: Child; exit: ChildExit }) => void = () => {}
  const died = new Promise<{ child: Child; exit: ChildExit }>(resolve => {
    report = resolve
  })
  const watch = (child: Child) => {
    child.exited.then(exit => {
      if (!child.stopping) report({ child, exit })
    })
  }
  return { died, watch }
}
