import { within } from './deadline.ts'
import { type ErrorContext, toProviderError } from './errors.ts'
import { checkHost } from './host-guard.ts'
import { type LineSocket, openLineSocket } from './line-socket.ts'
import type { SessionWorld } from './session.ts'
import type { ServerSettings } from './settings.ts'

export type Protocol = 'IMAP' | 'SMTP'

/** What a server says before anybody logs in: words of CAPABILITY or lines of EHLO, upper case. */
export type Probed = { offers: string[] }

const GREETINGS: Record<Protocol, RegExp> = { IMAP: /^\* (OK|PREAUTH)\b/i, SMTP: /^220[ -]/ }
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^\* (OK|PREAUTH|BYE)\b/i, 'it is an IMAP server'],
  [/^220[ -].*FTP/i, 'it is an FTP server'],
  [/^(220|554)[ -]/, 'it is an SMTP server'],
  [/^\+OK/, 'it is a POP3 server'],
  [/^SSH-/, 'it is an SSH server'],
  [/^HTTP\//i, 'it is a web server'],
]

/**
 * Connects as told, reads the greeting and what is offered, and leaves: no name or password is sent. Throws
 * ProviderError saying what does not fit (port, security, certificate, another service), or the signal's reason.
 */
export async function probe(
  protocol: Protocol,
  server: ServerSettings,
  { settings, world, lookup }: SessionWorld,
  limitMs: number,
  signal: AbortSignal,
): Promise<Probed> {
  const policy = {
    allowPrivateHosts: settings.allowPrivateHosts,
    security: server.security,
    ...(lookup && { lookup }),
  }
  const host = await checkHost(server.host, policy, world, signal)
  const context: ErrorContext = {
    protocol,
    ...server,
    action: `connect to ${server.host}`,
    login: 'password',
    now: world.now(),
  }
  let socket: LineSocket | null = null
  /** What a time-out means depends on how far we came. */
  let stage = 'CONNECT_TIMEOUT'
  try {
    return await within(world, limitMs, signal, async inner => {
      const target = {
        address: host.addresses[0] ?? '',
        port: server.port,
        servername: host.servername,
        trusted: settings.trustedCertificates,
      }
      socket = await openLineSocket(target, server.security === 'tls', inner)
      stage = 'GREETING_TIMEOUT'
      const greeting = await socket.read(/\n/)
      checkGreeting(greeting, protocol)
      if (protocol === 'SMTP' && /^220-/.test(greeting)) await socket.read(/^220 [^\n]*\n/m)
      const offers = await ask(socket, protocol)
      if (server.security !== 'starttls') return { offers }
      if (!offers.includes('STARTTLS')) throw Object.assign(new Error('no STARTTLS'), { code: 'ETLS' })
      socket.write(protocol === 'IMAP' ? 'b STARTTLS' : 'STARTTLS')
      await socket.read(protocol === 'IMAP' ? /^b OK[^\n]*\n/im : /^220 [^\n]*\n/m)
      await socket.secure()
      return { offers: await ask(socket, protocol) }
    })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    throw toProviderError(late ? { code: stage, message: 'no answer' } : error, context)
  } finally {
    ;(socket as LineSocket | null)?.destroy()
  }
}

/** Throws what a first line that is not this protocol's greeting means. */
function checkGreeting(greeting: string, protocol: Protocol): void {
  if (GREETINGS[protocol].test(greeting)) return
  const bye = /^\* BYE (?:\[[^\]]*\] )?(.*)/i.exec(greeting)
  if (protocol === 'IMAP' && bye)
    throw Object.assign(new Error('BYE'), { code: 'NoConnection', reason: bye[1] || 'no reason' })
  if (protocol === 'SMTP' && /^[45]\d\d[ -]/.test(greeting))
    throw Object.assign(new Error('refused'), { code: 'NoConnection', reason: greeting.slice(4, 200) })
  const other = OTHERS.find(([pattern]) => pattern.test(greeting))
  throw Object.assign(new Error(other?.[1] ?? 'it says nothing that is known here'), {
    code: 'wrong_service',
  })
}

async function ask(socket: LineSocket, protocol: Protocol): Promise<string[]> {
  if (protocol === 'IMAP') {
    socket.write('a CAPABILITY')
    const answer = await socket.read(/^a (OK|NO|BAD)[^\n]*\n/im)
    return (/^\* CAPABILITY (.*)$/im.exec(answer)?.[1] ?? '').trim().toUpperCase().split(/\s+/)
  }
  socket.write('EHLO localhost.localdomain')
  const answer = await socket.read(/^\d{3} [^\n]*\n/m)
  return answer
    .toUpperCase()
    .split(/\r?\n/)
    .map(line => line.slice(4).trim())
}
