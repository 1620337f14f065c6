import type { Incoming } from './incoming.ts'

/**
 * Who is calling, for limits. Each trusted proxy appends one address to X-Forwarded-For, so with N of them the caller is
 * the Nth from the right. With none, the server itself has put the socket's address there, unless the caller wrote the
 * header: what an untrusted header can buy is bounded by the limit over all callers.
 */
export function clientIp(request: Pick<Incoming, 'headers'>, trustedProxies: number): string {
  const chain = (request.headers.get('x-forwarded-for') ?? '').split(',').map(part => part.trim())
  const index = chain.length - Math.max(1, trustedProxies)
  return (chain[Math.max(0, index)] || 'unknown').slice(0, 64)
}
