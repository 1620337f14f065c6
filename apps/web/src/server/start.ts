import type { Runtime } from '@inlet/runtime/compose'
import { seedDemo } from './demo.ts'
import { getAuth, getRuntime } from './runtime.ts'

const DEMO_LIMIT_MS = 30_000
/** After this the process goes, whatever still runs: leases lapse and cursors stand where they were committed. */
const STOP_LIMIT_MS = 3_000

/** Starts what runs beside requests. A demo that cannot be prepared is logged: the server serves all the same. */
export async function startServer(): Promise<void> {
  const runtime = await getRuntime()
  await runtime.start()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => void stopServer(runtime))
  const auth = await getAuth()
  void seedDemo(runtime, auth, AbortSignal.timeout(DEMO_LIMIT_MS)).catch((error: unknown) =>
    runtime.log.error({ error: String(error) }, 'the demo account could not be prepared'),
  )
}

/** Streams say goodbye, running syncs stop between two commits, connections close. */
async function stopServer(runtime: Runtime): Promise<void> {
  const late = setTimeout(() => process.exit(0), STOP_LIMIT_MS)
  await runtime
    .stop()
    .catch((error: unknown) => runtime.log.warn({ error: String(error) }, 'stopping failed'))
  clearTimeout(late)
  process.exit(0)
}
