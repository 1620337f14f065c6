import { demoMailbox, readEnvironment } from '../../../scripts/start/environment.ts'
import { ensureSecrets, type Secrets } from '../../../scripts/start/secrets.ts'
import { type Running, startAll } from '../../../scripts/start/start-all.ts'
import type { Context } from './bench.ts'

export type Product = Omit<Running, 'sandboxUrl'> & { sandboxUrl: string; secrets: Secrets }

/** A person's own installation: a bench must never reach its database or a real mailbox. */
const own =
  /^(DATABASE_URL|REDIS_URL|UPSTASH_|GOOGLE_|GMAIL_|MICROSOFT_|INLET_|BETTER_AUTH_|CRON_SECRET|PORT$|NODE_OPTIONS$)/

/** The whole product as `npm start` runs it, in a folder of its own, with so many messages in the demo mailbox. */
export async function startProduct(
  context: Context,
  options: { messages: number; env?: Record<string, string> },
): Promise<Product> {
  const dataDir = await context.folder('product')
  const kept = Object.fromEntries(Object.entries(readEnvironment()).filter(([name]) => !own.test(name)))
  const env = {
    ...kept,
    INLET_LOG_LEVEL: 'warn',
    INLET_SANDBOX_ACCOUNTS: `${demoMailbox}:${options.messages}`,
    INLET_SANDBOX_OUTLOOK: 'none',
    INLET_SANDBOX_IMAP_ACCOUNTS: 'none',
    ...options.env,
  }
  context.say('starting the product')
  const steps = {
    run: <T>(_name: string, work: (note: (text: string) => void) => Promise<T>) => work(() => {}),
    say: context.say,
    close() {},
  }
  const running = await startAll({ dataDir, port: 0, env, steps, signal: context.signal })
  context.onEnd(() => running.stop())
  running.died.then(({ child }) => context.say(`${child.name} ended: ${child.log.lastLines(20).join('\n')}`))
  if (!running.sandboxUrl) throw new Error('The product was started without its sandbox.')
  return { ...running, sandboxUrl: running.sandboxUrl, secrets: ensureSecrets(dataDir) }
}

/** The sandbox's control API. Throws what it answers when it refuses. */
export async function control(sandboxUrl: string, path: string, body?: object): Promise<unknown> {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(`${sandboxUrl}/control/${path}`, init)
  if (!response.ok)
    throw new Error(`The sandbox answered ${response.status} to ${path}: ${await response.text()}`)
  return await response.json()
}

export const pidOf = (product: Product, name: string): number => {
  const child = product.children.find(each => each.name === name)
  if (!child) throw new Error(`The product has no child "${name}".`)
  return child.identity.pid
}
