import { Resolver } from 'node:dns/promises'
import { domainToASCII } from 'node:url'
import { within } from './deadline.ts'
import { mailError } from './errors.ts'
import { KNOWN_SERVERS, type KnownServer, type LoginWay } from './known-servers.ts'
import { type Protocol, probe } from './probe.ts'
import type { SessionWorld } from './session.ts'
import type { Security, ServerSettings } from './settings.ts'

/** Where settings come from: our table by domain or by mail exchanger, the domain's own DNS, or a guess that answered. */
export type SettingsSource = 'known' | 'mx' | 'srv' | 'guess'

export type FoundSettings = {
  source: SettingsSource
  /** The provider's name, or the domain. */
  name: string
  /** null: this provider cannot be reached by IMAP; `note` says why. */
  imap: ServerSettings | null
  smtp: ServerSettings | null
  login: LoginWay
  user: string
  note: string | null
}

/** The two questions asked of DNS. Both throw where there is no such record. */
export type MailResolver = {
  mx(domain: string): Promise<{ exchange: string; priority: number }[]>
  srv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>
}

export type FindOptions = {
  resolver?: MailResolver
  /** Ports that are guessed, TLS and STARTTLS. Default 993 and 143, 465 and 587. */
  ports?: Record<Protocol, readonly [tls: number, startTls: number]>
}

const USUAL_PORTS = { IMAP: [993, 143], SMTP: [465, 587] } as const

/** Time limits in ms: a person waits in front of this. */
const DNS_MS = 3_000
const PROBE_MS = 5_000
const AT_ONCE = 6
const RECORDS_MAX = 4

/**
 * Settings for an address, the likeliest first; empty when nothing was found and the person must type them. Providers
 * in the table need no network. For other domains: SRV records (RFC 6186, RFC 8314) and guesses, of which only those
 * are returned that answer as they should; and the table by mail exchanger.
 */
export async function findSettings(
  email: string,
  from: SessionWorld,
  signal: AbortSignal,
  { resolver = systemResolver(), ports = USUAL_PORTS }: FindOptions = {},
): Promise<FoundSettings[]> {
  const { found: named, user: address, local, domain } = knownSettings(email)
  if (named) return [named]
  const [exchangers, imap, smtp] = await Promise.all([
    ask(from, signal, () => resolver.mx(domain)),
    srvServers('IMAP', domain, from, resolver, signal),
    srvServers('SMTP', domain, from, resolver, signal),
  ])
  const found: FoundSettings[] = []
  const own = { login: 'password', user: address, note: null, name: domain } as const
  const [goodImap, goodSmtp] = await Promise.all([
    firstGood('IMAP', imap, from, signal),
    firstGood('SMTP', smtp, from, signal),
  ])
  if (goodImap) found.push({ ...own, source: 'srv', imap: goodImap, smtp: goodSmtp })
  const byExchanger = KNOWN_SERVERS.find(({ mx }) =>
    exchangers
      .slice(0, RECORDS_MAX)
      .some(({ exchange }) => mx?.test(exchange.toLowerCase().replace(/\.$/, ''))),
  )
  if (byExchanger) found.push(fromTable(byExchanger, 'mx', address, local))
  if (found.length > 0) return found
  const [guessedImap, guessedSmtp] = await Promise.all([
    firstGood('IMAP', guesses(['imap', 'mail', ''], domain, ports.IMAP), from, signal),
    firstGood('SMTP', guesses(['smtp', 'mail', ''], domain, ports.SMTP), from, signal),
  ])
  return guessedImap ? [{ ...own, source: 'guess', imap: guessedImap, smtp: guessedSmtp }] : []
}

/** What the table has for the address's own domain. Throws where it is no address. */
export function knownSettings(email: string) {
  const { address, local, domain } = parse(email)
  const known = KNOWN_SERVERS.find(each => each.domains?.test(domain))
  return { user: address, local, domain, found: known ? fromTable(known, 'known', address, local) : null }
}

function parse(email: string): { address: string; local: string; domain: string } {
  const at = email.trim().lastIndexOf('@')
  const local = email.trim().slice(0, at)
  const domain = domainToASCII(email.trim().slice(at + 1)).toLowerCase()
  if (at < 1 || !domain.includes('.') || /[\s<>]/.test(local) || email.length > 320)
    throw mailError(
      {
        code: 'host_not_found',
        kind: 'permanent',
        sentence: `“${email.slice(0, 100)}” is no e-mail address.`,
      },
      'look for settings',
    )
  return { address: `${local}@${domain}`, local, domain }
}

function fromTable(
  known: KnownServer,
  source: SettingsSource,
  address: string,
  local: string,
): FoundSettings {
  const { name, imap, smtp, login, note } = known
  return { source, name, imap, smtp, login, note, user: known.user === 'local' ? local : address }
}

function guesses(names: string[], domain: string, ports: readonly number[]): ServerSettings[] {
  const hosts = names.map(name => (name ? `${name}.${domain}` : domain))
  return (['tls', 'starttls'] as const).flatMap((security, at) =>
    hosts.map(host => ({ host, port: ports[at] ?? 0, security })),
  )
}

const SERVICES: Record<Protocol, readonly (readonly [string, Security])[]> = {
  IMAP: [
    ['_imaps._tcp', 'tls'],
    ['_imap._tcp', 'starttls'],
  ],
  SMTP: [
    ['_submissions._tcp', 'tls'],
    ['_submission._tcp', 'starttls'],
  ],
}

/** The servers that the domain names, those with TLS from the start first (RFC 8314 §5.1). */
async function srvServers(
  protocol: Protocol,
  domain: string,
  from: SessionWorld,
  resolver: MailResolver,
  signal: AbortSignal,
): Promise<ServerSettings[]> {
  const answers = await Promise.all(
    SERVICES[protocol].map(async ([service, security]) => {
      const records = await ask(from, signal, () => resolver.srv(`${service}.${domain}`))
      return (
        records
          // A lone dot says that the service is not offered (RFC 2782).
          .filter(({ name, port }) => name !== '' && name !== '.' && port > 0)
          .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
          .slice(0, RECORDS_MAX)
          .map(({ name, port }) => ({ host: name.toLowerCase().replace(/\.$/, ''), port, security }))
      )
    }),
  )
  return answers.flat()
}

/** No answer, a refusal and a time-out are one: nothing is known. Only the caller's abort is thrown. */
async function ask<T>(from: SessionWorld, signal: AbortSignal, question: () => Promise<T[]>): Promise<T[]> {
  try {
    return await within(from.world, DNS_MS, signal, question)
  } catch {
    signal.throwIfAborted()
    return []
  }
}

/** The first in this order that greets, whichever answers first; a few are tried at a time. */
async function firstGood(
  protocol: Protocol,
  candidates: readonly ServerSettings[],
  from: SessionWorld,
  signal: AbortSignal,
): Promise<ServerSettings | null> {
  for (let at = 0; at < candidates.length; at += AT_ONCE) {
    const some = candidates.slice(at, at + AT_ONCE)
    const enough = new AbortController()
    const tries = some.map(each =>
      probe(protocol, each, from, PROBE_MS, AbortSignal.any([signal, enough.signal])).then(
        () => each,
        () => null,
      ),
    )
    // In order of preference: a worse one that answered sooner waits for the better ones to fail.
    for (const each of tries) {
      const good = await each
      if (!good) continue
      enough.abort()
      return good
    }
    signal.throwIfAborted()
  }
  return null
}

function systemResolver(): MailResolver {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 })
  return { mx: domain => resolver.resolveMx(domain), srv: name => resolver.resolveSrv(name) }
}
