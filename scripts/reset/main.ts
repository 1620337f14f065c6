import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { dataDirOf, readEnvironment } from '../start/environment.ts'
import { explain } from '../start/errors.ts'
import { endLeftovers } from '../start/leftovers.ts'
import { root } from '../start/root.ts'

/** What `npm start` puts into a data folder. Only these are removed: INLET_DATA_DIR may hold other things. */
const ours = [
  'logs',
  'ports.json',
  'postgres',
  'postgres.new',
  'postgres.password',
  'run.json',
  'sandbox',
  'secrets.json',
  'secrets.json.new',
]

async function confirmed(dataDir: string): Promise<boolean> {
  if (process.argv.includes('--yes') || !process.stdin.isTTY) return true
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await prompt.question(
    `Remove the database, the sandbox's mail and the keys in ${dataDir}? [y/N] `,
  )
  prompt.close()
  return /^y(es)?$/i.test(answer.trim())
}

async function main(): Promise<number> {
  const env = readEnvironment()
  const dataDir = dataDirOf(env)
  if (!existsSync(dataDir)) {
    console.log(`There is nothing to clear: ${dataDir} does not exist.`)
    return 0
  }
  if (!(await confirmed(dataDir))) {
    console.log('Nothing was removed.')
    return 1
  }
  await endLeftovers(dataDir, console.log)
  for (const name of ours) rmSync(join(dataDir, name), { recursive: true, force: true })
  if (readdirSync(dataDir).length === 0) rmSync(dataDir, { recursive: true })
  const shown = relative(root, dataDir)
  console.log(`Cleared ${shown === '' || shown.startsWith(`..${sep}`) ? dataDir : shown}.`)
  if (env.DATABASE_URL) console.log('The database at DATABASE_URL was left as it is.')
  return 0
}

main().then(
  code => process.exit(code),
  (error: unknown) => {
    console.error(explain(error))
    process.exit(1)
  },
)
