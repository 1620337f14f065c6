import type { AddressInfo } from 'node:net'
import { type Clock, ShiftedClock, systemClock } from './clock.ts'
import { Control } from './control/control.ts'
import { Deliveries } from './control/deliveries.ts'
import { indexPage } from './control/index-page.ts'
import { type Fault, Faults } from './faults.ts'
import { Watches } from './google/gmail/watches.ts'
import type { Google } from './google/google.ts'
import { SigningKeys } from './google/oauth/keys.ts'
import { type OAuthClient, Tokens } from './google/oauth/tokens.ts'
import { PubSub } from './google/pubsub/pubsub.ts'
import { PushDelivery, type PushOptions } from './google/pubsub/push-delivery.ts'
import { PushTokens } from './google/pubsub/push-token.ts'
import { Quota, type QuotaMode, type QuotaOptions } from './google/quota.ts'
import { GoogleSite } from './google/site.ts'
import { json, type Reply } from './http/reply.ts'
import type { Request } from './http/router.ts'
import { createSiteServer, type Mischief } from './http/server.ts'
import { type AccountOptions, Mailboxes } from './mailbox/mailboxes.ts'
import { RequestLog } from './request-log.ts'
import { Store } from './store/store.ts'

export const DEFAULT_CLIENT: OAuthClient = {
  id: 'inlet-sandbox.apps.googleusercontent.com',
  secret: 'sandbox-secret',
  redirectUris: [],
}

export interface SandboxOptions {
  /** Default 0: any free port. */
  port?: number
  host?: string
  /** Everything survives kill -9 in this folder; without it, memory only. */
  dataDir?: string
  /** Created at the first start; already existing ones stay as they are. */
  accounts?: readonly AccountOptions[]
  /** Where Pub/Sub pushes; null leaves messages for pulling. */
  push?: PushOptions | null
  quota?: QuotaMode | QuotaOptions
  seed?: number
  clock?: Clock
  clients?: readonly OAuthClient[]
  /** Gmail's limit per watched user; default 1. */
  notificationsPerSecond?: number
}

export interface Sandbox {
  /** Without a slash at the end: `http://127.0.0.1:port`. */
  url: string
  /** The control API without HTTP, for tests in the same process. */
  control: Control
  close(): Promise<void>
}

/**
 * Starts one sandbox; several may live in one process. Rejects when the port is taken, before it
 * touches the data folder: a folder that another sandbox still serves stays that one's.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const started = Promise.withResolvers<World>()
  started.promise.catch(() => {})
  const server = createSiteServer({
    mischief: async request => mischiefOf(await started.promise, request),
    answer: async request => answer(await started.promise, request),
  })
  const host = options.host ?? '127.0.0.1'
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const stop = async (): Promise<void> => {
    await new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
  let world: World
  try {
    world = createWorld(options)
  } catch (error) {
    started.reject(error)
    await stop()
    throw error
  }
  started.resolve(world)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    control: world.control,
    close: async () => {
      world.close()
      await stop()
      world.site.google.store.close()
    },
  }
}

interface World {
  site: GoogleSite
  control: Control
  log: RequestLog
  close(): void
}

function createWorld(options: SandboxOptions): World {
  const wallClock = options.clock ?? systemClock
  const clock = new ShiftedClock(wallClock)
  const store = new Store(options.dataDir)
  const faults = new Faults(clock)
  const mailboxes = new Mailboxes(store, options.seed ?? 1)
  for (const account of options.accounts ?? []) mailboxes.create(account, clock.now())
  const keys = new SigningKeys(store, wallClock.now())
  const pubsub = new PubSub(store, clock)
  const perSecond = options.notificationsPerSecond ?? 1
  const watches = new Watches({ store, clock, faults, pubsub, mailboxes, perSecond })
  mailboxes.onChange = (mailbox, records) => watches.changed(mailbox, records)
  const pushTokens = new PushTokens(keys, wallClock)
  const delivery = new PushDelivery({ options: options.push ?? null, pubsub, tokens: pushTokens, faults })
  watches.resume()
  const quotaOptions = typeof options.quota === 'object' ? options.quota : { mode: options.quota ?? 'off' }
  const quota = new Quota(quotaOptions, clock)
  const tokens = new Tokens(store, clock)
  const clients = options.clients ?? [DEFAULT_CLIENT]
  const google: Google = {
    store,
    clock,
    wallClock,
    mailboxes,
    faults,
    clients,
    tokens,
    keys,
    quota,
    watches,
    pubsub,
  }
  const log = new RequestLog()
  const deliveries = new Deliveries(clock)
  const accounts = options.accounts ?? []
  return {
    site: new GoogleSite(google),
    control: new Control({ google, delivery, deliveries, log, clock, accounts }),
    log,
    close: () => {
      deliveries.close()
      watches.close()
      delivery.close()
    },
  }
}

async function answer({ site, control, log }: World, request: Request): Promise<Reply> {
  const { method, path } = request
  if (path === '/' && method === 'GET') return indexPage(control)
  if (path.startsWith('/control')) return control.handle(request)
  const account = site.caller(request)?.email ?? null
  const nothing = json({ error: { code: 404, message: `Nothing is at ${path}.` } }, 404)
  const { reply, template } = (await site.answer(request)) ?? { reply: nothing, template: path }
  const entry = { at: Date.now(), method, path, account, status: reply.status, reason: reasonOf(reply.body) }
  log.add(entry, template)
  return reply
}

function reasonOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null
  const { error } = body
  if (typeof error === 'string') return error
  const errors = typeof error === 'object' && error !== null && 'errors' in error ? error.errors : undefined
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  return typeof first === 'object' && first !== null && 'reason' in first ? String(first.reason) : null
}

/** Faults of the connection. The control API is exempt, so that a fault can always be taken away. */
function mischiefOf({ site }: World, request: Request): Mischief[] {
  const { method, path } = request
  const { faults } = site.google
  if (path === '/' || path.startsWith('/control')) return []
  const account = site.caller(request)?.email
  const target = { method, path, ...(account !== undefined && { account }) }
  const take = (kind: Fault['kind']): Fault | undefined => faults.take(kind, target)
  const acts: Mischief[] = []
  if (take('reset')) return [{ kind: 'reset' }]
  if (take('hang')) return [{ kind: 'hang' }]
  const delay = take('delay')
  if (delay) acts.push({ kind: 'delay', ms: delay.ms ?? 1000 })
  const slow = take('slow')
  if (slow) acts.push({ kind: 'slow', ms: slow.ms ?? 5000 })
  if (take('truncate')) acts.push({ kind: 'truncate' })
  return acts
}
