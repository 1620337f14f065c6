import { delimiter, join } from 'node:path'
import { runToEnd, spawnHeld } from './child.ts'
import { root } from './root.ts'

/** Builds apps/web through turbo, which does nothing when no input changed. Returns what it did, in words. */
export async function buildWeb(logDir: string, signal: AbortSignal): Promise<string> {
  let output = ''
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo')
  // Loose: the strict mode hides proxy and registry settings from the npx behind scripts/bin/pnpm, which then waits a minute for nothing.
  const args = [
    'run',
    'build',
    '--filter=@inlet/web',
    '--ui=stream',
    '--output-logs=new-only',
    '--no-color',
    '--env-mode=loose',
  ]
  const child = spawnHeld([process.execPath, turbo, ...args], {
    name: 'the build of apps/web',
    logFile: join(logDir, 'build.log'),
    cwd: root,
    env: {
      ...process.env,
      PATH: [join(root, 'node_modules', '.bin'), process.env.PATH ?? '', join(root, 'scripts', 'bin')].join(
        delimiter,
      ),
      NODE_ENV: 'production',
      TURBO_TELEMETRY_DISABLED: '1',
      TURBO_NO_UPDATE_NOTIFIER: '1',
      DO_NOT_TRACK: '1',
      NEXT_TELEMETRY_DISABLED: '1',
    },
    graceMs: 4000,
    signal: 'SIGTERM',
    group: true,
    onOutput: text => {
      output = (output + text).slice(-4000)
    },
  })
  await runToEnd(child, signal, 10 * 60_000)
  return /FULL TURBO/.test(output) ? 'nothing changed' : 'built'
}
