import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, spawnHeld } from './child.ts'
import { StartError } from './errors.ts'
import { freePort } from './ports.ts'
import { databaseName, ensureData } from './postgres-data.ts'
import { postgresPrograms } from './postgres-programs.ts'
import { postgresUser } from './postgres-user.ts'
import { commandLine, endProcess, identify } from './processes.ts'

export interface EmbeddedPostgres {
  child: Child
  port: number
  /** Of the superuser, to the product's database. */
  url: string
  isNew: boolean
}

export interface PostgresOptions {
  folder: string
  logFile: string
  password: string
  preferredPort: number | undefined
  /** More settings, `name=value`. */
  settings?: readonly string[]
  signal: AbortSignal
}

/** Recovery after a kill replays the log since the last checkpoint: seconds for us, but nobody's start should fail for it. */
const readyTimeoutMs = 120_000

/** Starts the embedded server on 127.0.0.1 and waits until it takes connections. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { folder, password, signal } = options
  mkdirSync(dirname(folder), { recursive: true })
  const programs = await postgresPrograms()
  const user = postgresUser([folder, programs.postgres])
  for (const program of [programs.initdb, programs.postgres]) chmodSync(program, 0o755)
  await endLeftPostgres(folder)
  const isNew = ensureData(folder, password, programs, user)
  let preferred = options.preferredPort
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const port = await freePort(preferred)
    const settings = ['log_checkpoints=off', ...(options.settings ?? [])].flatMap(setting => ['-c', setting])
    const args = ['-D', folder, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...settings]
    const child = spawnHeld([...user.prefix, programs.postgres, ...args], {
      name: 'postgres',
      logFile: options.logFile,
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C' },
      graceMs: 4500,
      // "Fast shutdown": ends the sessions, writes a checkpoint, so that the next start has nothing to recover.
      signal: 'SIGINT',
      group: false,
    })
    const outcome = await ready(child, signal)
    if (outcome === 'ready') {
      return {
        child,
        port,
        isNew,
        url: `postgresql://postgres:${password}@127.0.0.1:${port}/${databaseName}`,
      }
    }
    await child.stop()
    signal.throwIfAborted()
    const said = child.log.lastLines(20).join('\n')
    // The port was taken since the look, or a killed server's children still hold its shared memory for a moment.
    const passing = /could not bind|pre-existing shared memory/i.test(said)
    if (!passing || attempt >= 10) {
      throw new StartError(
        outcome === 'late' ? 'Postgres was not ready in time' : 'Postgres did not start',
        child.log,
      )
    }
    if (/could not bind/i.test(said)) preferred = undefined
    await sleep(500, undefined, { signal })
  }
}

async function ready(child: Child, signal: AbortSignal): Promise<'ready' | 'died' | 'late'> {
  const deadline = Date.now() + readyTimeoutMs
  let died = false
  child.exited.then(() => {
    died = true
  })
  while (!child.log.lastLines(60).some(line => line.includes('ready to accept connections'))) {
    if (died || signal.aborted) return 'died'
    if (Date.now() > deadline) return 'late'
    await sleep(20)
  }
  return 'ready'
}

/**
 * Stops a server of this data folder that an earlier, killed start left behind. A postmaster.pid whose process is
 * not that server is removed: Postgres itself only looks whether *some* process has the number.
 */
export async function endLeftPostgres(folder: string): Promise<'none' | 'stopped'> {
  const pidFile = join(folder, 'postmaster.pid')
  let pid: number
  try {
    pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
  } catch {
    return 'none'
  }
  const identity = identify(pid)
  const command = commandLine(pid)
  if (!identity || !command.includes('postgres') || !command.includes(folder)) {
    rmSync(pidFile, { force: true })
    return 'none'
  }
  const gone = await endProcess(identity, [
    { signal: 'SIGINT', waitMs: 8000 },
    { signal: 'SIGQUIT', waitMs: 5000 },
    { signal: 'SIGKILL', waitMs: 3000 },
  ])
  if (!gone)
    throw new StartError(
      `A Postgres of an earlier start (pid ${pid}) does not end. End it, then start again.`,
    )
  rmSync(pidFile, { force: true })
  return 'stopped'
}
