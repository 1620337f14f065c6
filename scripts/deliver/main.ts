import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dataDirOf, readEnvironment } from '../start/environment.ts'
import { isRunning } from '../start/processes.ts'
import { root } from '../start/root.ts'
import { readRunFile } from '../start/run-file.ts'

const usage = `Puts messages into the demo mailbox of the running sandbox.

  npm run deliver -- FILE.eml [FILE.eml …]
  npm run deliver -- --generate N [--rate MESSAGES_PER_SECOND]

With --to ADDRESS they go to whoever's mailbox the address is, Gmail's or Outlook's.
`

function sandboxUrl(): string {
  const env = readEnvironment()
  if (env.INLET_SANDBOX_URL) return env.INLET_SANDBOX_URL
  const run = readRunFile(dataDirOf(env))
  if (!run || !isRunning(run.supervisor)) return fail('Nothing runs yet. Start Inlet first: npm start')
  if (run.sandboxUrl) return run.sandboxUrl
  return fail(
    run.baseUrl
      ? 'The running Inlet has no sandbox: it uses real providers (GOOGLE_CLIENT_ID or MICROSOFT_CLIENT_ID is set). Send the message by mail instead.'
      : 'Inlet is still starting. Wait for its link, then try again.',
  )
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

const args = process.argv.slice(2)
if (args.length === 0 || args.includes('--help')) {
  console.log(usage)
  process.exit(args.length === 0 ? 2 : 0)
}
const cli = join(root, 'packages', 'sandbox', 'src', 'deliver-cli.ts')
if (!existsSync(cli)) fail(`${cli} is missing.`)
const result = spawnSync(process.execPath, [cli, ...args], {
  stdio: 'inherit',
  // npm changes into the checkout; file names are meant from where the person stood.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: { ...process.env, INLET_SANDBOX_URL: sandboxUrl() },
})
if (result.error) fail(`The delivery could not be run: ${result.error.message}`)
process.exit(result.status ?? 1)
