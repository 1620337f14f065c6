import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from '../start/root.ts'

export interface ToolResult {
  ok: boolean
  /** Why it failed, in one line: exit code, signal, time limit, not startable. */
  reason: string
  output: string
}

export interface ToolOptions {
  timeoutMs: number
  env?: NodeJS.ProcessEnv
  /** The root of the checkout unless told. */
  cwd?: string
  /** Also show the output while it comes. */
  live?: boolean
}

const keptCharacters = 200_000
const bin = join(root, 'node_modules', '.bin')

/** Runs a tool of node_modules/.bin or the system to its end, in a group of its own that is killed at the time limit. */
export function runTool(command: readonly string[], options: ToolOptions): Promise<ToolResult> {
  const [program = '', ...args] = command
  return new Promise(resolve => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    let late = false
    const killGroup = (signal: NodeJS.Signals) => {
      try {
        if (child.pid) process.kill(-child.pid, signal)
      } catch {
        // It has ended.
      }
    }
    const interrupt = () => killGroup('SIGINT')
    process.on('SIGINT', interrupt)
    process.on('SIGTERM', interrupt)
    const timer = setTimeout(() => {
      late = true
      killGroup('SIGTERM')
      setTimeout(() => killGroup('SIGKILL'), 15_000).unref()
    }, options.timeoutMs)
    const done = (ok: boolean, reason: string) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
      resolve({ ok, reason, output })
    }
    for (const [stream, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        output = (output + text).slice(-keptCharacters)
        if (options.live) to.write(text)
      })
    }
    child.once('error', error => done(false, `${program} could not be started: ${error.message}`))
    child.once('close', (code, signal) => {
      if (late) done(false, `${program} did not end within ${options.timeoutMs / 60_000} minutes`)
      else
        done(
          code === 0,
          signal ? `${program} was ended by ${signal}` : `${program} ended with exit code ${code}`,
        )
    })
  })
}
