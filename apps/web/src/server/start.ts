import type { Runtime } from '@inlet/runtime/compose'
import { seedDemo } from './demo.ts'
import { directRoutes } from './direct.ts'
import { type Front, getFront } from './front.ts'
import { getAuth, getRuntime } from './runtime.ts'

const DEMO_LIMIT_MS = 30_000
/** After this the process goes, whatever still runs: leases lapse and cursors stand where they were committed. */
const STOP_LIMIT_MS = 2_500
/** What requests that are being answered may take of it. */
const ANSWER_LIMIT_MS = 1_000

/** Starts what runs beside requests, and gives our own server its routes. Called once a process. */
export async function startServer(): Promise<void> {
  const front = getFront()
  try {
    const runtime = await getRuntime()
    await runtime.start()
    for (const name of ['SIGTERM', 'SIGINT'] as const)
      process.once(name, () => void stopServer(runtime, front))
    front?.routes.resolve(directRoutes(runtime))
    prepareDemo(runtime, await getAuth(), front)
  } catch (error) {
    front?.routes.reject(error)
    throw error
  }
}

/** A demo that cannot be prepared is logged: the server serves all the same. */
function prepareDemo(runtime: Runtime, auth: Awaited<ReturnType<typeof getAuth>>, front: Front | null): void {
  const listening = front?.listening ?? Promise.resolve()
  listening
    .then(() => seedDemo(runtime, auth, AbortSignal.timeout(DEMO_LIMIT_MS)))
    .catch((error: unknown) =>
      runtime.log.error({ error: String(error) }, 'the demo account could not be prepared'),
    )
}

/** Streams say goodbye, requests get their answers, running syncs stop between two commits; then connections close. */
async function stopServer(runtime: Runtime, front: Front | null): Promise<void> {
  const late = setTimeout(() => process.exit(0), STOP_LIMIT_MS)
  const answered = Promise.race([
    front?.close(),
    new Promise(resolve => setTimeout(resolve, ANSWER_LIMIT_MS)),
  ])
  await Promise.all([runtime.hub.close(), answered, runtime.stopBackground()])
    .then(() => runtime.stop())
    .catch((error: unknown) => runtime.log.warn({ error: String(error) }, 'stopping failed'))
  clearTimeout(late)
  process.exit(0)
}
