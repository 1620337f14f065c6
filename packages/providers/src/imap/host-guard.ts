import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { World } from '@inlet/sync/world'
import ipaddr from 'ipaddr.js'
import { within } from './deadline.ts'
import { mailError } from './errors.ts'
import type { Security } from './settings.ts'

/** Addresses of a name, as getaddrinfo gives them. Throws with a `code` (ENOTFOUND, EAI_AGAIN). */
export type Lookup = (host: string) => Promise<string[]>

export type HostPolicy = {
  allowPrivateHosts: boolean
  /** How the connection will be secured: without encryption only addresses of a private network are kept. */
  security: Security
  lookup?: Lookup
}

/** Where to connect. The name that was given serves only for TLS, so a second answer of DNS changes nothing. */
export type CheckedHost = {
  /** In the order in which they should be tried. */
  addresses: string[]
  /** For SNI and the certificate; null when the person gave an address instead of a name. */
  servername: string | null
}

const LOOKUP_MS = 10_000
const ADDRESSES_MAX = 4
const NAME = /^(?=.{1,253}$)[\p{L}\p{N}_]([\p{L}\p{N}_-]{0,62})(\.[\p{L}\p{N}_]([\p{L}\p{N}_-]{0,62}))*\.?$/u

/**
 * Resolves a host that a user named, once, and keeps only addresses of the public internet: otherwise a mail account
 * would be a way to reach whatever stands beside our server. Throws `private_address`, `plain_refused`,
 * `host_not_found` or `dns_failed`.
 */
export async function checkHost(
  host: string,
  policy: HostPolicy,
  world: World,
  signal: AbortSignal,
): Promise<CheckedHost> {
  const name = host.trim().replace(/^\[(.*)\]$/, '$1')
  const literal = isIP(name) !== 0
  if (!literal && !NAME.test(name))
    throw unknownHost(name, `“${name.slice(0, 100)}” is not the name of a host`)
  const found = literal ? [name] : await resolve(name, policy.lookup ?? lookupAll, world, signal)
  const reachable = policy.allowPrivateHosts ? found : found.filter(isPublic)
  if (reachable.length === 0)
    throw mailError(
      {
        code: 'private_address',
        kind: 'permanent',
        sentence: `${name} is on a private network (${found.slice(0, 3).join(', ')}), and this installation connects to public mail servers only. Its administrator can allow private hosts.`,
      },
      `connect to ${name}`,
    )
  const addresses = policy.security === 'none' ? reachable.filter(isLocal) : reachable
  if (addresses.length === 0)
    throw mailError(
      {
        code: 'plain_refused',
        kind: 'permanent',
        sentence: `Without encryption everybody on the way to ${name} could read the password. Choose TLS or STARTTLS.`,
      },
      `connect to ${name}`,
    )
  return {
    addresses: addresses.slice(0, ADDRESSES_MAX),
    servername: literal ? null : name.replace(/\.$/, ''),
  }
}

/**
 * Whether an address is one of the public internet. Everything with a purpose of its own is not: private, loopback,
 * link-local (cloud metadata), carrier-grade NAT, multicast, documentation, and all forms that carry an IPv4 address
 * inside an IPv6 one (mapped, NAT64, 6to4, Teredo), whose inner address nobody would check.
 */
export function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === 'unicast'
}

const LOCAL = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal'])

/** Whether what is sent to an address stays on this machine or its own network. */
function isLocal(address: string): boolean {
  return ipaddr.isValid(address) && LOCAL.has(ipaddr.process(address).range())
}

async function resolve(name: string, lookup: Lookup, world: World, signal: AbortSignal): Promise<string[]> {
  try {
    const found = await within(world, LOOKUP_MS, signal, () => lookup(name))
    if (found.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' })
    return [...new Set(found)].filter(address => isIP(address) !== 0)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const { code } = error as { code?: unknown }
    if (code === 'ENOTFOUND' || code === 'ENODATA') throw unknownHost(name, `There is no host ${name}`)
    throw mailError(
      {
        code: 'dns_failed',
        kind: 'transient',
        sentence: `The address of ${name} could not be looked up; it is tried again.`,
      },
      `connect to ${name}`,
    )
  }
}

async function lookupAll(host: string): Promise<string[]> {
  const found = await systemLookup(host, { all: true })
  return found.map(({ address }) => address)
}

function unknownHost(name: string, what: string) {
  return mailError(
    { code: 'host_not_found', kind: 'transient', sentence: `${what}. Check the name for typing errors.` },
    `connect to ${name.slice(0, 100)}`,
  )
}
