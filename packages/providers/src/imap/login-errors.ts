import type { ErrorContext, Verdict } from './errors.ts'
import type { Failure } from './failure.ts'

/** RFC 5530 codes by which a server says that the login is right and only the moment is wrong. */
const NOT_NOW = new Set(['UNAVAILABLE', 'SERVERBUG', 'CONTACTADMIN'])
const CROWDED = new Set(['LIMIT', 'INUSE'])
const CROWD_WORDS = /too many|simultaneous|connections? (?:limit|from)|maximum number|exceeded the/i
const MOMENT_WORDS =
  /temporar|try again|later|unavailable|internal error|busy|locked by|in use|timed? ?out|backend|cannot connect/i
const APP_PASSWORD_WORDS = /app(?:lication)?[ -](?:specific )?password|application-specific/i
const DISABLED_WORDS =
  /(?:imap|smtp|pop|client(?: authentication)?|basic auth\w*|access|service).{0,40}(?:disabled|not enabled|is off|blocked)|(?:disabled|not enabled).{0,30}(?:imap|smtp|account)|SmtpClientAuthentication/i
const PASSWORD_WORDS =
  /invalid|incorrect|wrong|bad (?:user|login|password|credential)|password|credential|auth\w* fail|login fail|not accepted/i

/**
 * A refused login. Only a server that speaks of the password itself ends the grant: limits, alerts and outages come
 * as the same NO to LOGIN, and connecting again would not help against them (imapflow marks them all alike).
 */
export function loginVerdict(failure: Failure, context: ErrorContext): Verdict {
  const { host, protocol, login, now } = context
  const words = failure.said || failure.message
  const said = failure.said ? ` The server says: “${failure.said}”` : ''
  const code = failure.responseCode
  if (CROWDED.has(code) || CROWD_WORDS.test(words) || failure.reply === 421)
    return {
      code: 'too_many_connections',
      kind: 'rate_limited',
      sentence: `${host} allows no more connections at the moment. Close other mail programs or wait; it goes on by itself.${said}`,
      retryAt: now + 60_000,
    }
  if (NOT_NOW.has(code) || (code !== 'AUTHENTICATIONFAILED' && temporary(failure, words)))
    return {
      code: 'server_unavailable',
      kind: 'transient',
      sentence: `${host} cannot check logins at the moment; it is tried again by itself.${said}`,
    }
  if (
    code === 'PRIVACYREQUIRED' ||
    /login is disabled|encryption required|must issue a STARTTLS/i.test(words)
  )
    return {
      code: 'tls_wanted',
      kind: 'permanent',
      sentence: `${host} takes no password over an unencrypted connection. Choose TLS (${protocol === 'IMAP' ? 993 : 465}) or STARTTLS.`,
    }
  if (login === 'password' && APP_PASSWORD_WORDS.test(words))
    return {
      code: 'app_password_needed',
      kind: 'unauthorized',
      reconnect: true,
      sentence: `${host} wants an app password here, not the account's own. Make one in the provider's security settings and enter it.${said}`,
    }
  if (DISABLED_WORDS.test(words))
    return {
      code: 'access_disabled',
      kind: 'unauthorized',
      reconnect: true,
      sentence: `${protocol} is switched off for this account. Switch it on in the provider's settings, then connect again.${said}`,
    }
  if (login === 'token') return tokenVerdict(failure, host, said)
  if (code === 'EXPIRED')
    return {
      code: 'password_expired',
      kind: 'unauthorized',
      reconnect: true,
      sentence: `The password for ${host} has expired. Choose a new one with the provider, then connect again.${said}`,
    }
  if (code === 'ALERT' && !PASSWORD_WORDS.test(words))
    return {
      code: 'login_alert',
      kind: 'transient',
      sentence: `${host} let nobody in and wants something done first.${said}`,
    }
  if (failure.status === 'BAD')
    return {
      code: 'login_refused',
      kind: 'permanent',
      sentence: `${host} does not understand the login. Check the user name and how the server wants to be logged in to.${said}`,
    }
  return {
    code: 'wrong_password',
    kind: 'unauthorized',
    reconnect: true,
    sentence: `${host} refused user name or password. Check both; many providers want an app password, and some the user name without @ and what follows.${said}`,
  }
}

/** A refused access token. Whether another may help is for whoever has one (`withSecret`). */
function tokenVerdict(failure: Failure, host: string, said: string): Verdict {
  const { status, reply, tokenStatus } = failure
  if (status === 'BAD' || [500, 502, 503, 504].includes(reply))
    return {
      code: 'login_method_missing',
      kind: 'permanent',
      sentence: `${host} takes no access tokens as they are sent here.${said}`,
    }
  const why = tokenStatus ? ` (${tokenStatus})` : ''
  return {
    code: 'token_refused',
    kind: 'unauthorized',
    sentence: `${host} did not accept the access that was granted${why}. It may be for another mailbox, or lack a permission; connect again, and choose the account of this address.${said}`,
  }
}

/** SMTP: 4xx; IMAP: words, as long as they do not speak of the password as well. */
function temporary(failure: Failure, words: string): boolean {
  if (failure.reply > 0) return failure.reply < 500
  return MOMENT_WORDS.test(words) && !PASSWORD_WORDS.test(words.replace(/auth\w* failure/i, ''))
}
