import { relative } from 'node:path'
import { describeExit } from './child.ts'
import { dataDirOf, demoMailbox, demoOutlook, readEnvironment } from './environment.ts'
import { explain, StartError } from './errors.ts'
import { root } from './root.ts'
import { type Running, startAll } from './start-all.ts'
import { consoleSteps } from './steps.ts'

/** When the command was given: the install came before this process. */
const began = Number(process.env.INLET_COMMAND_BEGAN ?? Date.now())
const steps = consoleSteps(process.stdout)
const abort = new AbortController()
let stopReason = ''
let running: Running | undefined

function requestStop(reason: string): void {
  if (stopReason) return
  stopReason = reason
  abort.abort()
}

// Output may have gone with the terminal; that must not end the ordered stop.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => requestStop(name))
process.on('disconnect', () => requestStop('the command that started it has gone'))

function portFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port < 65536) return port
  throw new StartError(`PORT is "${text}"; it must be a number from 0 (any free port) to 65535.`)
}

async function main(): Promise<number> {
  const env = readEnvironment()
  const dataDir = dataDirOf(env)
  running = await startAll({ dataDir, env, port: portFrom(env.PORT), steps, signal: abort.signal })
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  const logs = relative(root, dataDir) || dataDir
  steps.say(
    `\n  Inlet runs after ${seconds} s. Open this link${running.sandboxUrl ? ', it signs the demo user in' : ''}:`,
  )
  steps.say(`\n    ${running.link}\n`)
  if (running.sandboxUrl)
    steps.say(
      `  A message for ${demoMailbox}: npm run deliver -- FILE.eml, or -- --generate 5 (--to ${demoOutlook})`,
    )
  steps.say(`  Ctrl-C ends it. Data and logs stay in ${logs}; npm run reset clears them.`)

  const stopped = new Promise<'stopped'>(resolve => {
    if (abort.signal.aborted) resolve('stopped')
    abort.signal.addEventListener('abort', () => resolve('stopped'), { once: true })
  })
  const outcome = await Promise.race([running.died, stopped])
  if (outcome === 'stopped') {
    steps.say(`\n  Stopping (${stopReason}) …`)
    await running.stop()
    steps.say('  Stopped. The data stays.')
    return stopReason === 'SIGINT' ? 130 : 0
  }
  const { child, exit } = outcome
  await running.stop()
  throw new StartError(
    `${child.name} ended unexpectedly (${describeExit(exit)}); the rest was stopped.`,
    child.log,
  )
}

main()
  .catch((error: unknown) => {
    if (abort.signal.aborted) {
      steps.say(`  Stopped before it was ready (${stopReason}).`)
      return 130
    }
    steps.close()
    console.error(`\n${explain(error)}`)
    return 1
  })
  .then(code => {
    steps.close()
    // Not by letting the loop run dry: the channel to the launcher keeps it alive.
    process.exit(code)
  })
