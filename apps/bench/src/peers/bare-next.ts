import { createRequire } from 'node:module'
import { join } from 'node:path'
import { runToEnd, spawnHeld, spawnNode } from '../../../../scripts/start/child.ts'
import { readEnvironment } from '../../../../scripts/start/environment.ts'
import { httpReady } from '../../../../scripts/start/http-ready.ts'
import { freePort } from '../../../../scripts/start/ports.ts'
import type { Context } from '../bench.ts'

/** Builds peers/bare-next and serves it as the product is served: `next start`, one process. Returns its port. */
export async function startBareNext(context: Context): Promise<number> {
  const cwd = join(import.meta.dirname, '..', '..', 'peers', 'bare-next')
  const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
  const logFile = join(await context.folder('bare-next'), 'next.log')
  const env = {
    ...readEnvironment(),
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
  } as NodeJS.ProcessEnv
  const common = { logFile, cwd, env, graceMs: 3_000 }
  context.say('building the bare Next app')
  // Held, not spawned with a channel to us: `next build` takes one for its own and ends at once.
  const build = spawnHeld([process.execPath, next, 'build'], {
    ...common,
    name: 'next build',
    signal: 'SIGTERM',
    group: true,
  })
  await runToEnd(build, context.signal, 5 * 60_000)
  const port = await freePort()
  const server = spawnNode([next, 'start', '-H', '127.0.0.1', '-p', String(port)], {
    ...common,
    name: 'bare-next',
  })
  context.onEnd(() => server.stop())
  const ready = { signal: context.signal, timeoutMs: 60_000, accept: () => true }
  await httpReady(`http://127.0.0.1:${port}/bare`, server, ready)
  return port
}
