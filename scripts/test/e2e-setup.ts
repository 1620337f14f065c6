import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoMailbox, demoOutlook, readEnvironment } from '../start/environment.ts'
import { explain } from '../start/errors.ts'
import { ensureSecrets } from '../start/secrets.ts'
import { startAll } from '../start/start-all.ts'
import { consoleSteps } from '../start/steps.ts'

/** Settings of the person's own installation: the tests must never reach its database or a real mailbox. */
const real =
  /^(DATABASE_URL|REDIS_URL|UPSTASH_|GOOGLE_|GMAIL_|MICROSOFT_|INLET_|BETTER_AUTH_|CRON_SECRET|PORT$)/

/**
 * Playwright's global set-up: a whole product in a temporary folder, with a small mailbox of each provider. Tests read its addresses
 * from the file that INLET_E2E_PRODUCT names (apps/web/e2e/product.ts). Returns the tear-down.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'inlet-e2e-'))
  const messages = process.env.INLET_E2E_MESSAGES ?? '300'
  const own = Object.fromEntries(Object.entries(readEnvironment()).filter(([name]) => !real.test(name)))
  const env = {
    ...own,
    INLET_SANDBOX_ACCOUNTS: `${demoMailbox}:${messages}`,
    INLET_SANDBOX_OUTLOOK: `${demoOutlook}:${messages}`,
  }
  const steps = consoleSteps(process.stdout)
  try {
    const running = await startAll({ dataDir, port: 0, env, steps, signal: AbortSignal.timeout(15 * 60_000) })
    const { baseUrl, link, sandboxUrl, databaseUrl } = running
    const { cronSecret } = ensureSecrets(dataDir)
    const product = join(dataDir, 'product.json')
    await writeFile(
      product,
      JSON.stringify({ baseUrl, link, sandboxUrl, databaseUrl, cronSecret, dataDir }),
      {
        mode: 0o600,
      },
    )
    process.env.INLET_E2E_PRODUCT = product
    process.env.INLET_E2E_BASE_URL = baseUrl
    running.died.then(({ child }) => {
      console.error(`${child.name} ended during the tests:\n${child.log.lastLines(30).join('\n')}`)
    })
    return async () => {
      await running.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  } catch (error) {
    throw new Error(`The product did not start for the end-to-end tests.\n${explain(error)}`)
  } finally {
    steps.close()
  }
}
