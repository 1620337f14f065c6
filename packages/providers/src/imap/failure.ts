import { oneLine as shortened } from '../mime.ts'
import type { MailSecret } from './settings.ts'

/**
 * What is left of an error of imapflow, nodemailer or a socket: plain data, so that no command, password or mail text
 * travels with it (I12). Their own error objects hold whole commands and certificates.
 */
export type Failure = {
  /** System, TLS or library code: ECONNREFUSED, CERT_HAS_EXPIRED, NoConnection … */
  code: string
  message: string
  /** NO or BAD of the command that failed; '' when it was none. */
  status: string
  /** IMAP response code (RFC 5530): AUTHENTICATIONFAILED, LIMIT … */
  responseCode: string
  /** The server's own words, one line. */
  said: string
  /** SMTP reply code; 0 when there was none. */
  reply: number
  login: boolean
  /** What is wrong with a token (RFC 7628 §3.2.2): invalid_token, insufficient_scope …; '' when it was not told. */
  tokenStatus: string
  /** Why the server closed (BYE). */
  bye: string
  throttleMs: number | null
  startTlsFailed: boolean
  folderMissing: boolean
}

const SAID_MAX = 200

/** What a server might repeat of a login: the password or token itself, and the forms in which it was sent. */
export function secretForms(user: string, secret: MailSecret): string[] {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const text = 'password' in secret ? secret.password : secret.accessToken
  const sent = 'password' in secret ? `\0${user}\0${text}` : `user=${user}\x01auth=Bearer ${text}\x01\x01`
  // Of less than four characters nothing can be hidden without telling by the gaps what it was.
  return [text, base64(text), base64(sent)].filter(form => text.length > 3 && form)
}

/** A SASL message as it is sent. Repeated whole or cut off, it is no words of a server's. */
const ENCODED = /[A-Za-z0-9+/]{64,}={0,2}/g

/** Anything thrown, as plain data. `secrets` are taken out of the server's words. */
export function readFailure(error: unknown, secrets: readonly string[] = []): Failure {
  const oneLine = (words: string, max: number) =>
    shortened(
      secrets.reduce((left, secret) => left.replaceAll(secret, '…'), words).replace(ENCODED, '…'),
      max,
    )
  const thrown = record(error)
  const cause = record(thrown._err ?? thrown.cause)
  const reply = Number(thrown.responseCode)
  const response = typeof thrown.response === 'string' ? thrown.response : ''
  return {
    code:
      thrown.name === 'TimeoutError'
        ? 'TimeoutError'
        : text(thrown.code) || text(cause.code) || text(thrown.name) || 'unknown',
    message: oneLine(text(thrown.message) || (typeof error === 'string' ? error : 'no message'), SAID_MAX),
    status: text(thrown.responseStatus),
    responseCode: (text(thrown.serverResponseCode) || sectionOf(thrown.response)).toUpperCase(),
    said: oneLine(text(thrown.responseText) || withoutTag(response), SAID_MAX),
    reply: Number.isInteger(reply) ? reply : 0,
    login: thrown.authenticationFailed === true || text(thrown.code) === 'EAUTH',
    tokenStatus: /^[\w.-]{1,40}$/.exec(text(record(thrown.oauthError).status))?.[0] ?? '',
    bye: oneLine(text(thrown.reason), SAID_MAX),
    throttleMs:
      typeof thrown.throttleReset === 'number' && thrown.throttleReset > 0 ? thrown.throttleReset : null,
    startTlsFailed: thrown.tlsFailed === true,
    folderMissing: thrown.mailboxMissing === true,
  }
}

/** The bracketed code of a parsed response: `NO [OVERQUOTA] …`. */
function sectionOf(response: unknown): string {
  const attributes = record(response).attributes
  const first = Array.isArray(attributes) ? record(attributes[0]) : {}
  const section = Array.isArray(first.section) ? record(first.section[0]) : {}
  return text(section.value)
}

/** `A4 NO [ALERT] text` and `535 5.7.8 text` without what stands before the words. */
function withoutTag(response: string): string {
  return response
    .replace(/^\S+ (?:NO|BAD|BYE) /i, '')
    .replace(/^\[[^\]]{0,100}\] ?/, '')
    .replace(/^\d{3}[ -](?:\d\.\d{1,3}\.\d{1,3} )?/, '')
}

export const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
