import { seedDemo } from './demo.ts'
import { getAuth, getRuntime } from './runtime.ts'

const DEMO_LIMIT_MS = 30_000

/** Starts what runs beside requests. A demo that cannot be prepared is logged: the server serves all the same. */
export async function startServer(): Promise<void> {
  const runtime = await getRuntime()
  await runtime.start()
  const auth = await getAuth()
  void seedDemo(runtime, auth, AbortSignal.timeout(DEMO_LIMIT_MS)).catch((error: unknown) =>
    runtime.log.error({ error: String(error) }, 'the demo account could not be prepared'),
  )
}
