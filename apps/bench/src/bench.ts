import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from './report.ts'

/** One subcommand. */
export type Bench = {
  about: string
  run(context: Context): Promise<Report>
}

export type Context = {
  /** Turns of ours and theirs. */
  repeats: number
  /** Numbers given on the command line: --count, --rate … */
  option(name: string, fallback: number): number
  /** Aborted by Ctrl-C, and at the bench's time limit. */
  signal: AbortSignal
  say(text: string): void
  /** An empty folder that anyone may enter, removed at the end. */
  folder(name: string): Promise<string>
  /** Run at the end, last one first, whatever happened. */
  onEnd(stop: () => unknown): void
}

/** A context and its end. What a bench has started is stopped even when it fails half-way. */
export function openContext(base: Pick<Context, 'repeats' | 'option' | 'signal' | 'say'>): {
  context: Context
  close(): Promise<void>
} {
  const stops: (() => unknown)[] = []
  const context: Context = {
    ...base,
    onEnd: stop => void stops.push(stop),
    async folder(name) {
      const folder = await mkdtemp(join(tmpdir(), `inlet-bench-${name}-`))
      stops.push(() => rm(folder, { recursive: true, force: true }))
      return folder
    },
  }
  return {
    context,
    async close() {
      for (const stop of stops.splice(0).reverse())
        await Promise.resolve()
          .then(stop)
          .catch((error: unknown) => base.say(`Stopping: ${error instanceof Error ? error.message : error}`))
    },
  }
}
