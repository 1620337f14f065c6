import { createRuntime } from '@inlet/runtime/compose'
import { readConfig } from '@inlet/runtime/env'

/**
 * The runner and the timers without a web server: for deployments whose web processes come and go (INLET_WORKER=0
 * there). Any number of workers may run beside each other; claims decide who does what.
 */
const runtime = await createRuntime({ ...readConfig(), worker: true })
await runtime.start()
runtime.log.info({}, 'worker started')

const STOP_LIMIT_MS = 4_500
for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, async () => {
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref()
    await runtime.stop()
    process.exit(0)
  })
