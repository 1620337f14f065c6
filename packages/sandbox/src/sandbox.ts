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
import { GoogleSite, faultReply as googleFaultReply } from './google/site.ts'
import { json, type Reply } from './http/reply.ts'
import type { Request } from './http/router.ts'
import { createSiteServer, type Mischief } from './http/server.ts'
import { ImapControl } from './imap/control/imap-control.ts'
import { createImap, type ImapOptions, type ImapPorts, listenForMail } from './imap/create.ts'
import type { Imap } from './imap/imap.ts'
import { mailSite } from './imap/oauth.ts'
import { type AccountOptions, Mailboxes } from './mailbox/mailboxes.ts'
import { MicrosoftControl } from './microsoft/control/microsoft-control.ts'
import { createMicrosoft, type MicrosoftOptions } from './microsoft/create.ts'
import { faultReply as graphFaultReply } from './microsoft/errors.ts'
import { MicrosoftSite } from './microsoft/site.ts'
import { PostOffice } from './post-office.ts'
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
  /** Outlook accounts and how Microsoft behaves; docs/sandbox-microsoft.md. */
  microsoft?: MicrosoftOptions
  /** IMAP accounts with their IMAP and SMTP servers, which listen only when this is given; docs/sandbox-imap.md. */
  imap?: ImapOptions
}

export interface Sandbox {
  /** Without a slash at the end: `http://127.0.0.1:port`. */
  url: string
  /** Null without IMAP accounts. */
  imap: ImapPorts | null
  /** The control API without HTTP, for tests in the same process. */
  control: Control
  close(): Promise<void>
}

/**
 * Starts one sandbox; several may live in one process. Rejects when the port is taken, before it
 * touches the data folder: a folder that another sandbox still serves stays that one's.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  let world: World | undefined
  const started = Promise.withResolvers<World>()
  const imap = started.promise.then(opened => opened.imap)
  imap.catch(() => {})
  const server = createSiteServer({
    mischief: async request => mischiefOf(await started.promise, request),
    answer: async request => answer(await started.promise, request),
    finished: request => world?.microsoft.finished(request),
  })
  const host = options.host ?? '127.0.0.1'
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const stopServer = (): Promise<void> =>
    new Promise(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const mail = options.imap
    ? await listenForMail(host, options.imap, imap).catch(async (error: unknown) => {
        await stopServer()
        throw error
      })
    : null
  const stop = async (): Promise<void> => {
    await Promise.all([stopServer(), mail?.close()])
  }
  let opened: World
  try {
    opened = createWorld(options)
    world = opened
  } catch (error) {
    started.reject(error)
    await stop()
    throw error
  }
  started.resolve(opened)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    imap: mail?.ports ?? null,
    control: opened.control,
    close: async () => {
      opened.close()
      await stop()
      opened.site.google.store.close()
    },
  }
}

interface World {
  site: GoogleSite
  microsoft: MicrosoftSite
  imap: Imap
  mail: ReturnType<typeof mailSite>
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
  const post = new PostOffice(clock)
  post.register(address => mailboxes.addressee(address))
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
    post,
  }
  const microsoft = createMicrosoft(options.microsoft ?? {}, {
    store,
    clock,
    wallClock,
    faults,
    keys,
    post,
    seed: options.seed ?? 1,
  })
  const imap = createImap(options.imap ?? {}, { store, clock, faults, post, seed: options.seed ?? 1 })
  const log = new RequestLog()
  const deliveries = new Deliveries(clock)
  const accounts = options.accounts ?? []
  return {
    site: new GoogleSite(google),
    microsoft: new MicrosoftSite(microsoft),
    imap,
    mail: mailSite(imap),
    control: new Control({
      google,
      microsoft: new MicrosoftControl(microsoft, options.microsoft?.accounts ?? []),
      imap: new ImapControl(imap, options.imap?.accounts ?? []),
      delivery,
      deliveries,
      log,
      clock,
      accounts,
    }),
    log,
    close: () => {
      deliveries.close()
      watches.close()
      delivery.close()
      microsoft.notifications.close()
      microsoft.outbox.close()
    },
  }
}

async function answer({ site, microsoft, mail, control, log }: World, request: Request): Promise<Reply> {
  const { method, path } = request
  if (path === '/' && method === 'GET') return indexPage(control)
  if (path.startsWith('/control')) return control.handle(request)
  const account = (site.caller(request) ?? microsoft.caller(request))?.email ?? null
  const nothing = json({ error: { code: 404, message: `Nothing is at ${path}.` } }, 404)
  const answered = (await mail(request)) ?? (await microsoft.answer(request)) ?? (await site.answer(request))
  const { reply, template } = answered ?? { reply: nothing, template: path }
  const entry = { at: Date.now(), method, path, account, status: reply.status, reason: reasonOf(reply.body) }
  log.add(entry, template)
  return reply
}

/** Google's reason, Graph's code or OAuth's word. */
function reasonOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null
  const { error } = body
  if (typeof error !== 'object' || error === null) return typeof error === 'string' ? error : null
  const errors = 'errors' in error && Array.isArray(error.errors) ? error.errors : []
  const first: unknown = errors[0]
  if (typeof first === 'object' && first !== null && 'reason' in first) return String(first.reason)
  return 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** Faults of the connection. The control API is exempt, so that a fault can always be taken away. */
function mischiefOf({ site, microsoft }: World, request: Request): Mischief[] {
  const { method, path } = microsoft.canonical(request)
  const { faults } = site.google
  if (path === '/' || path.startsWith('/control')) return []
  microsoft.begin(request)
  const account = (site.caller(request) ?? microsoft.caller(request))?.email
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
  const lost = take('lost')
  if (lost) {
    const errorOf = microsoft.owns(path) ? graphFaultReply : googleFaultReply
    acts.push({ kind: 'lost', instead: lost.status === undefined ? null : errorOf(lost) })
  }
  return acts
}
