import { join } from 'node:path'
import { StartError } from './errors.ts'
import { endLeftPostgres } from './postgres.ts'
import { endProcess, isRunning } from './processes.ts'
import { readRunFile, removeRunFile } from './run-file.ts'

/**
 * Ends what an earlier start of the same data folder left running: the whole of it if its supervisor lives
 * (it stops its children in order), else each child. Returns what was found, for the person to read.
 */
export async function endLeftovers(dataDir: string, say: (text: string) => void): Promise<void> {
  const run = readRunFile(dataDir)
  if (run && run.supervisor.pid !== process.pid && isRunning(run.supervisor)) {
    say(`  An earlier start (pid ${run.supervisor.pid}) still runs from ${dataDir}: stopping it first.`)
    const signals = [
      { signal: 'SIGTERM', waitMs: 15_000 },
      { signal: 'SIGKILL', waitMs: 3000 },
    ] as const
    if (!(await endProcess(run.supervisor, signals))) {
      throw new StartError(
        `The earlier start (pid ${run.supervisor.pid}) does not end. End it, then start again.`,
      )
    }
  }
  for (const child of readRunFile(dataDir)?.children ?? []) {
    if (!isRunning(child)) continue
    // It may be ending by itself, because its supervisor has just gone.
    const signals = [
      { signal: 'SIGTERM', waitMs: 6000 },
      { signal: 'SIGKILL', waitMs: 3000 },
    ] as const
    if (!(await endProcess(child, signals))) {
      throw new StartError(
        `${child.name} of an earlier start (pid ${child.pid}) does not end. End it, then start again.`,
      )
    }
    say(`  Ended ${child.name} (pid ${child.pid}), left by a start that was killed.`)
  }
  if ((await endLeftPostgres(join(dataDir, 'postgres'))) === 'stopped') {
    say('  Stopped a Postgres that was left by a start that was killed.')
  }
  removeRunFile(dataDir)
}
