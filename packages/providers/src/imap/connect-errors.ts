import type { ErrorContext, MailErrorCode, Verdict } from './errors.ts'
import type { Failure } from './failure.ts'

const SELF_SIGNED = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'])
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_REVOKED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
])
const TOO_OLD =
  /unsupported.protocol|dh.key.too.small|ee.key.too.small|ca.md.too.weak|legacy|no.protocols.available|handshake.failure/i
const NOT_TLS =
  /wrong.version.number|packet.length.too.long|http.request|record.layer|bad.record|unknown.protocol/i
const CUT = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'NoConnection',
  'EConnectionClosed',
  'ClosedAfterConnectTLS',
  'ClosedAfterConnectText',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ESOCKET',
  'ECONNECTION',
])
const TLS_PORTS = new Set([993, 995, 465])
const CROWDED = /too many|simultaneous|maximum number|connection limit/i

/** Failures of the way to the server and of its security; null when the failure is of another kind. */
export function connectVerdict(failure: Failure, context: ErrorContext): Verdict | null {
  const { host, port, security, protocol } = context
  const { code } = failure
  const other = protocol === 'IMAP' ? '143' : '587'
  const tlsPort = protocol === 'IMAP' ? '993' : '465'
  const transient = (word: MailErrorCode, sentence: string): Verdict => ({
    code: word,
    kind: 'transient',
    sentence,
  })
  const wrong = (word: MailErrorCode, sentence: string): Verdict => ({
    code: word,
    kind: 'permanent',
    sentence,
  })

  if (code === 'ENOTFOUND' || code === 'ENODATA')
    return transient('host_not_found', `There is no host ${host}. Check the name for typing errors.`)
  if (code === 'EAI_AGAIN' || code === 'EDNS' || code === 'ESERVFAIL')
    return transient('dns_failed', `The address of ${host} could not be looked up; it is tried again.`)
  if (code === 'CERT_HAS_EXPIRED')
    return transient(
      'certificate_expired',
      `The certificate of ${host} has expired. Its operator must renew it; nothing is sent to it until then.`,
    )
  if (SELF_SIGNED.has(code))
    return transient(
      'certificate_self_signed',
      `${host} shows a self-signed certificate, so nobody can tell whether it is the right server. Give it a public certificate, or let the administrator trust this one.`,
    )
  if (UNTRUSTED.has(code))
    return transient(
      'certificate_untrusted',
      `The certificate of ${host} is not vouched for by anyone known here (${code}). Its operator must install the whole chain.`,
    )
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return transient(
      'certificate_wrong_host',
      `The server at ${host} shows a certificate for another name. Use the name in the certificate, usually the provider's own host.`,
    )
  const tls = code.startsWith('ERR_SSL') || code === 'EPROTO' || code === 'ETLS' || failure.startTlsFailed
  if (tls && (NOT_TLS.test(failure.message) || NOT_TLS.test(code)) && !failure.startTlsFailed)
    return wrong(
      'not_tls',
      `${host} does not speak TLS on port ${port}. Choose STARTTLS for this port, or port ${tlsPort} with TLS.`,
    )
  if (tls && (TOO_OLD.test(failure.message) || TOO_OLD.test(code)))
    return wrong('tls_too_old', `${host} knows only old, unsafe TLS (${code}). Its operator must update it.`)
  if (tls && /support|STARTTLS|upgrade/i.test(failure.message))
    return wrong(
      'starttls_missing',
      `${host} offers no STARTTLS on port ${port}. Choose port ${tlsPort} with TLS.`,
    )
  if (tls) return transient('tls_failed', `No secure connection to ${host}:${port} came about (${code}).`)
  if (code === 'ECONNREFUSED')
    return transient(
      'connection_refused',
      `Nothing listens on port ${port} of ${host}. Check the port: usually ${tlsPort} (TLS) or ${other} (STARTTLS).`,
    )
  if (['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES'].includes(code))
    return transient('unreachable', `${host} cannot be reached from here (${code}).`)
  if (code === 'CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return transient(
      'connect_timeout',
      `${host} did not answer on port ${port}. Check the port; a firewall may drop it silently.`,
    )
  if (code === 'GREETING_TIMEOUT' || code === 'UPGRADE_TIMEOUT')
    return security !== 'tls' && TLS_PORTS.has(port)
      ? wrong('tls_wanted', `Port ${port} of ${host} wants TLS from the start. Choose TLS for it.`)
      : transient(
          'no_greeting',
          `${host} took the connection on port ${port} and said nothing. Check the port${security === 'tls' ? '' : ', and whether it wants TLS'}.`,
        )
  if (code === 'wrong_service')
    return wrong(
      'wrong_service',
      `What answers on port ${port} of ${host} is no ${protocol} server (${failure.message}). Check host and port.`,
    )
  if (code === 'ETIMEOUT' || code === 'TimeoutError' || code === 'LockTimeout')
    return transient('timeout', `${host} stopped answering; the connection was closed and is made anew.`)
  if (failure.message === 'Unsupported authentication mechanism')
    return wrong(
      'login_method_missing',
      `${host} offers no way to log in that is known here${context.login === 'token' ? ' with a token' : ''}.`,
    )
  if (CUT.has(code)) return cut(failure, context)
  return null
}

function cut({ bye }: Failure, { host, now }: ErrorContext): Verdict {
  if (CROWDED.test(bye))
    return {
      code: 'too_many_connections',
      kind: 'rate_limited',
      sentence: `${host} allows no more connections at the moment (“${bye}”). Close other mail programs or wait; it goes on by itself.`,
      retryAt: now + 60_000,
    }
  if (bye)
    return {
      code: 'server_closed',
      kind: 'transient',
      sentence: `${host} closed the connection (“${bye}”); it is made anew.`,
    }
  return {
    code: 'connection_cut',
    kind: 'transient',
    sentence: `The connection to ${host} was cut; it is made anew.`,
  }
}
