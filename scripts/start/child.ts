import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StartError } from './errors.ts'
import { type LogFile, openLogFile } from './log-file.ts'
import { identify, type ProcessIdentity } from './processes.ts'

export interface ChildExit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A process that ends when this one does, however that happens. */
export interface Child {
  readonly name: string
  readonly identity: ProcessIdentity
  readonly log: LogFile
  readonly exited: Promise<ChildExit>
  /** True once `stop` was called: an exit after that is no accident. */
  readonly stopping: boolean
  /** Asks politely, then kills the whole process group after the child's grace. Returns when it has gone. */
  stop(): Promise<void>
}

export interface ChildOptions {
  name: string
  logFile: string
  cwd: string
  env: NodeJS.ProcessEnv
  graceMs: number
  onOutput?: (text: string) => void
}

const dieWithParent = pathToFileURL(join(import.meta.dirname, 'die-with-parent.mjs')).href
const hold = join(import.meta.dirname, 'hold.mjs')

/** Runs a Node script; it gets SIGTERM, from `stop` and when this process dies. */
export function spawnNode(script: readonly string[], options: ChildOptions): Child {
  return supervise(['--import', dieWithParent, ...script], options)
}

/** Runs any other command under a holder. `signal` is its polite end; with `group` its descendants get it too. */
export function spawnHeld(
  command: readonly string[],
  options: ChildOptions & { signal: NodeJS.Signals; group: boolean },
): Child {
  const { signal, group } = options
  return supervise([hold, JSON.stringify({ command, signal, group })], options)
}

/** Runs a short task to its end and throws a StartError with its last lines if it fails. */
export async function runToEnd(child: Child, signal: AbortSignal, timeoutMs: number): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const aborted = new Promise<'aborted'>(resolve => {
    if (limit.aborted) resolve('aborted')
    limit.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
  const result = await Promise.race([child.exited, aborted])
  if (result === 'aborted') {
    await child.stop()
    signal.throwIfAborted()
    throw new StartError(`${child.name} did not end within ${timeoutMs / 1000} s`, child.log)
  }
  child.log.close()
  if (result.code !== 0) throw new StartError(`${child.name} failed (${describeExit(result)})`, child.log)
}

export function describeExit({ code, signal }: ChildExit): string {
  return signal ? `ended by ${signal}` : `exit code ${code}`
}

function supervise(args: readonly string[], options: ChildOptions): Child {
  const log = openLogFile(options.logFile)
  const child = spawn(process.execPath, [...args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C reaches the supervisor alone, which then ends everything in order.
    detached: true,
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (text: string) => {
      log.write(text)
      options.onOutput?.(text)
    })
  }
  const exited = new Promise<ChildExit>(resolve => {
    child.once('error', error => {
      log.write(`${error.message}\n`)
      resolve({ code: 127, signal: null })
    })
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const pid = child.pid ?? -1
  let stopping = false
  return {
    name: options.name,
    identity: identify(pid) ?? { pid, startedAt: 'never' },
    log,
    exited,
    get stopping() {
      return stopping
    },
    async stop() {
      stopping = true
      await end(child, pid, exited, options.graceMs)
      log.close()
    },
  }
}

async function end(
  child: ChildProcess,
  pid: number,
  exited: Promise<ChildExit>,
  graceMs: number,
): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  const killer = setTimeout(() => {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // The group has gone already.
    }
  }, graceMs)
  await exited
  clearTimeout(killer)
}
