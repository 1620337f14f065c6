import { ProviderError } from '@inlet/sync/provider-errors'
import type { World } from '@inlet/sync/world'
import type { ImapFlow, ImapFlowOptions, MailboxObject } from 'imapflow'
import { within } from './deadline.ts'
import { codeOf, type ErrorContext, toProviderError } from './errors.ts'
import { secretForms } from './failure.ts'
import { checkHost, type Lookup } from './host-guard.ts'
import { quirksOf } from './host-quirks.ts'
import { probe } from './probe.ts'
import { QuickClient } from './quick-client.ts'
import { withSecret } from './secret.ts'
import type { ImapSettings, MailAccess, MailSecret } from './settings.ts'
import { trust } from './trust.ts'

/** Time for LOGOUT's answer; after that the socket is destroyed, which servers are used to. */
const LOGOUT_MS = 500
const LINE_MAX_BYTES = 32 * 1024 * 1024

/** What sessions are made from, besides the account. */
export type SessionWorld = { settings: ImapSettings; world: World; lookup?: Lookup }

/**
 * One logged-in connection. It is used once and never reconnects: whoever needs it again opens a new one. All work
 * goes through `run`, one piece at a time.
 */
export type Session = {
  readonly client: ImapFlow
  readonly closed: boolean
  /**
   * Runs `work` with a time limit. Throws ProviderError, or the signal's reason after closing the connection: an IMAP
   * command cannot be taken back, so an abandoned one leaves nothing that could be used.
   */
  run<T>(action: string, signal: AbortSignal, work: (client: ImapFlow) => Promise<T>): Promise<T>
  /** The same with a folder selected. `fresh` selects again, so that its counters are the server's of now. */
  inFolder<T>(
    folder: { path: string; readOnly: boolean; fresh?: boolean },
    action: string,
    signal: AbortSignal,
    work: (client: ImapFlow, mailbox: MailboxObject) => Promise<T>,
  ): Promise<T>
  /** Answers that could not be read since the session began: what came with them must not be taken for complete. */
  unreadable(): number
  /** Resolves when the connection is gone, for whatever reason. */
  readonly ended: Promise<void>
  /** Says goodbye and closes. Never throws; takes half a second at most. */
  close(): Promise<void>
  /** Closes at once. */
  destroy(): void
}

/** Connects to the checked address and logs in. The password or token is read now. Throws ProviderError or the signal's reason. */
export async function openSession(
  access: MailAccess,
  { settings, world, lookup }: SessionWorld,
  signal: AbortSignal,
): Promise<Session> {
  const { host, security } = access.imap
  const policy = { allowPrivateHosts: settings.allowPrivateHosts, security, ...(lookup && { lookup }) }
  const checked = await checkHost(host, policy, world, signal)
  const { servername } = checked
  return await withSecret(access, signal, async secret => {
    let lastError: unknown
    for (const address of checked.addresses) {
      try {
        return await connect(access, { address, servername, secret }, settings, world, signal)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        lastError = error
        // Another address of the same host helps only where this one could not be reached.
        if (!(error instanceof ProviderError && error.kind === 'transient')) throw error
      }
    }
    throw await explained(lastError, access, { settings, world, ...(lookup && { lookup }) }, signal)
  })
}

/** imapflow waits in vain for a greeting where something else than IMAP speaks; a second look tells what. */
async function explained(
  error: unknown,
  { imap }: MailAccess,
  from: SessionWorld,
  signal: AbortSignal,
): Promise<unknown> {
  if (codeOf(error) !== 'no_greeting') return error
  const seen = await probe('IMAP', imap, from, from.settings.greetingMs, signal).catch(
    (other: unknown) => other,
  )
  const code = codeOf(seen)
  return code === 'wrong_service' || code === 'server_closed' || code === 'too_many_connections'
    ? seen
    : error
}

async function connect(
  access: MailAccess,
  target: { address: string; servername: string | null; secret: MailSecret },
  settings: ImapSettings,
  world: World,
  signal: AbortSignal,
): Promise<Session> {
  const watch: Watch = { unreadable: 0, throttleMs: null, lastError: null }
  const client = new QuickClient(optionsOf(access, target, settings, watch, () => client.close()))
  const { secret } = target
  const context = (action: string): ErrorContext => ({
    protocol: 'IMAP',
    ...access.imap,
    action,
    login: 'password' in secret ? 'password' : 'token',
    now: world.now(),
    secrets: secretForms(access.user, secret),
  })
  // Without a listener an error of the socket would end the process.
  client.on('error', error => {
    watch.lastError ??= error
  })
  const ended = new Promise<void>(resolve => client.on('close', () => resolve()))
  const budget = settings.connectMs + settings.greetingMs + settings.silenceMs
  try {
    await within(world, budget, signal, () => client.connect())
  } catch (error) {
    client.close()
    if (signal.aborted) throw signal.reason
    throw toProviderError(told(error, watch), context(`log in to ${access.imap.host}`))
  }
  return sessionOf(client, watch, ended, context, settings, world)
}

/** What imapflow tells only its log or its error event, and what its rejected promises leave out. */
type Watch = { unreadable: number; throttleMs: number | null; lastError: unknown }

function sessionOf(
  client: ImapFlow,
  watch: Watch,
  ended: Promise<void>,
  context: (action: string) => ErrorContext,
  settings: ImapSettings,
  world: World,
): Session {
  const session: Session = {
    client,
    ended,
    get closed() {
      return !client.usable
    },
    unreadable: () => watch.unreadable,
    async run(action, signal, work) {
      signal.throwIfAborted()
      try {
        const result = await within(world, settings.workMs, signal, () => work(client))
        // Some commands of imapflow answer a broken connection with `false` or nothing instead of an error.
        if (!client.usable) throw Object.assign(new Error('the connection is gone'), { code: 'NoConnection' })
        return result
      } catch (error) {
        const late = error instanceof DOMException && error.name === 'TimeoutError'
        if (signal.aborted || late) client.close()
        if (signal.aborted) throw signal.reason
        throw toProviderError(told(error, watch), context(action))
      }
    },
    inFolder({ path, readOnly, fresh = false }, action, signal, work) {
      return session.run(action, signal, async () => {
        const before = client.mailbox
        const lock = await client.getMailboxLock(path, { readOnly })
        try {
          if (fresh && client.mailbox === before) await openFolder(client, path, readOnly)
          const { mailbox } = client
          // With no folder selected imapflow answers reads with nothing, which would pass for an empty folder.
          if (!mailbox) throw Object.assign(new Error('no folder is selected'), { code: 'NoConnection' })
          const result = await work(client, mailbox)
          if (!client.mailbox)
            throw Object.assign(new Error('the folder was deselected'), { code: 'NoConnection' })
          return result
        } finally {
          lock.release()
        }
      })
    },
    async close() {
      if (session.closed) return client.close()
      await within(world, LOGOUT_MS, new AbortController().signal, () => client.logout()).catch(() => {})
      client.close()
    },
    destroy: () => client.close(),
  }
  return session
}

/** Selects a folder, also one that is selected. imapflow's own call does not look whether a refused one exists. */
export async function openFolder(client: ImapFlow, path: string, readOnly: boolean): Promise<MailboxObject> {
  try {
    return await client.mailboxOpen(path, { readOnly })
  } catch (error) {
    if (!client.usable) throw error
    const listed = await client.list()
    const missing = listed.length > 0 && !listed.some(folder => folder.path === path)
    throw missing ? Object.assign(error as Error, { mailboxMissing: true }) : error
  }
}

/** Pending commands of a broken connection all fail with "not available"; the reason came as an event before. */
function told(error: unknown, watch: Watch): unknown {
  if (error instanceof ProviderError) return error
  if (watch.throttleMs !== null)
    return { code: 'ETHROTTLE', throttleReset: watch.throttleMs, message: 'throttled' }
  const { code } = error as { code?: unknown }
  return (code === 'NoConnection' || code === 'EConnectionClosed') && watch.lastError
    ? watch.lastError
    : error
}

function optionsOf(
  access: MailAccess,
  target: { address: string; servername: string | null; secret: MailSecret },
  settings: ImapSettings,
  watch: Watch,
  giveUp: () => void,
): ImapFlowOptions {
  const { imap, user } = access
  const { secret } = target
  return {
    host: target.address,
    port: imap.port,
    ...(target.servername !== null && { servername: target.servername }),
    secure: imap.security === 'tls',
    ...(imap.security !== 'tls' && { doSTARTTLS: imap.security === 'starttls' }),
    tls: { secureContext: trust(settings.trustedCertificates) },
    auth: {
      user,
      ...('password' in secret ? { pass: secret.password } : { accessToken: secret.accessToken }),
    },
    clientInfo: {
      name: settings.clientName,
      version: settings.clientVersion,
      vendor: settings.clientName,
    },
    qresync: quirksOf(imap.host).qresync,
    disableAutoIdle: true,
    // A deflate window per connection costs more memory than the line saves.
    disableCompression: true,
    connectionTimeout: settings.connectMs,
    greetingTimeout: settings.greetingMs,
    socketTimeout: settings.silenceMs,
    maxLiteralSize: settings.maxLiteralBytes,
    maxResponseSize: settings.maxLiteralBytes * 2,
    maxLineLength: LINE_MAX_BYTES,
    logger: listen(watch, giveUp),
  }
}

/**
 * imapflow skips what it cannot parse and sleeps through throttling, then answers as if nothing had been there. Both
 * show only in its log, which is kept nowhere: it may hold mail.
 */
function listen(watch: Watch, giveUp: () => void) {
  const entry = (value: unknown) =>
    (value ?? {}) as { msg?: unknown; payloadBytes?: unknown; throttleDelay?: unknown }
  return {
    debug: () => {},
    info: () => {},
    warn: (value: unknown) => {
      const { msg, throttleDelay } = entry(value)
      if (msg === 'Failed to process untagged response') watch.unreadable += 1
      if (msg === 'Throttling detected') {
        watch.throttleMs = typeof throttleDelay === 'number' ? throttleDelay : 60_000
        // Its wait begins right after this line; closing ends only waits that have begun.
        setImmediate(giveUp)
      }
    },
    error: (value: unknown) => {
      if (entry(value).payloadBytes !== undefined) watch.unreadable += 1
    },
  }
}
