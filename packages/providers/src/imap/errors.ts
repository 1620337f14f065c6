import { ProviderError, type ProviderErrorKind } from '@inlet/sync/provider-errors'
import { connectVerdict } from './connect-errors.ts'
import { type Failure, readFailure, record } from './failure.ts'
import { loginVerdict } from './login-errors.ts'
import type { Security } from './settings.ts'

/** Stable words for what went wrong; the interface and tests look at these, people at the sentence. */
export type MailErrorCode =
  // who may log in
  | 'wrong_password'
  | 'app_password_needed'
  | 'access_disabled'
  | 'password_expired'
  | 'token_refused'
  | 'login_refused'
  | 'login_alert'
  | 'login_method_missing'
  | 'server_unavailable'
  | 'too_many_connections'
  | 'throttled'
  // where the server is
  | 'host_not_found'
  | 'dns_failed'
  | 'private_address'
  | 'plain_refused'
  | 'connection_refused'
  | 'unreachable'
  | 'connect_timeout'
  | 'no_greeting'
  | 'wrong_service'
  // how it is secured
  | 'not_tls'
  | 'tls_wanted'
  | 'starttls_missing'
  | 'tls_failed'
  | 'tls_too_old'
  | 'certificate_expired'
  | 'certificate_self_signed'
  | 'certificate_untrusted'
  | 'certificate_wrong_host'
  // what happens later
  | 'server_closed'
  | 'connection_cut'
  | 'timeout'
  | 'garbled'
  | 'too_large'
  | 'folder_missing'
  | 'folder_renumbered'
  | 'part_missing'
  | 'over_quota'
  | 'not_permitted'
  | 'refused'
  | 'recipient_refused'
  | 'message_refused'
  | 'unknown'

export type Verdict = {
  code: MailErrorCode
  kind: ProviderErrorKind
  /** What happened and what to do, ending with a full stop. */
  sentence: string
  reconnect?: boolean
  retryAt?: number
}

export type ErrorContext = {
  protocol: 'IMAP' | 'SMTP'
  host: string
  port: number
  security: Security
  /** For the sentence: "could not …". */
  action: string
  login: 'password' | 'token'
  now: number
  /** What must not be repeated, whatever the server says (see `secretForms`). */
  secrets?: readonly string[]
}

/** Whatever imapflow, nodemailer or a socket threw, as one of ours. The code is in `cause.code` (see `codeOf`). Pure. */
export function toProviderError(error: unknown, context: ErrorContext): ProviderError {
  if (error instanceof ProviderError) return error
  const failure = readFailure(error, context.secrets)
  const verdict = judge(failure, context)
  return mailError(verdict, context.action, failure)
}

export function mailError(verdict: Verdict, action: string, failure?: Failure): ProviderError {
  const cause = {
    code: verdict.code,
    ...(failure && { status: failure.status, reason: failure.responseCode || failure.code }),
  }
  return new ProviderError(verdict.kind, `Could not ${action}. ${verdict.sentence}`, {
    cause,
    retryAt: verdict.retryAt ?? null,
    reconnect: verdict.reconnect ?? false,
  })
}

/** The stable code of an error made here; null for any other. */
export function codeOf(error: unknown): MailErrorCode | null {
  const code = error instanceof ProviderError ? record(error.cause).code : null
  return typeof code === 'string' ? (code as MailErrorCode) : null
}

function judge(failure: Failure, context: ErrorContext): Verdict {
  const server = `${context.host}:${context.port}`
  if (failure.throttleMs !== null || failure.code === 'ETHROTTLE') {
    const wait = Math.min(failure.throttleMs ?? 60_000, 86_400_000)
    return {
      code: 'throttled',
      kind: 'rate_limited',
      sentence: `${server} asks us to wait ${Math.ceil(wait / 1_000)} s; it goes on by itself.`,
      retryAt: context.now + wait,
    }
  }
  if (failure.login) return loginVerdict(failure, context)
  return connectVerdict(failure, context) ?? laterVerdict(failure, server)
}

const TOO_LARGE = new Set(['LiteralTooLarge', 'LineTooLarge', 'ResponseTooLarge'])
const GARBLED =
  /^(ParserError|InvalidResponse|UnexpectedTag|ResponseProcessingFailed|MAX_IMAP_NESTING|STARTTLS_INJECTION|Z_|garbled)/

function laterVerdict(failure: Failure, server: string): Verdict {
  const said = failure.said ? ` It says: “${failure.said}”` : ''
  if (TOO_LARGE.has(failure.code))
    return {
      code: 'too_large',
      kind: 'permanent',
      sentence: `${server} sent more at once than is ever read; the message or folder is set aside.`,
    }
  if (GARBLED.test(failure.code))
    return {
      code: 'garbled',
      kind: 'transient',
      sentence: `${server} sent an answer that cannot be read; nothing of it was taken over, and it is asked again.`,
    }
  if (
    failure.folderMissing ||
    ['NONEXISTENT', 'TRYCREATE'].includes(failure.responseCode) ||
    failure.code === 'NotFound'
  )
    return {
      code: 'folder_missing',
      kind: 'not_found',
      sentence: `${server} has no such folder any more.${said}`,
    }
  if (failure.responseCode === 'OVERQUOTA')
    return {
      code: 'over_quota',
      kind: 'permanent',
      sentence: `The mailbox is full. Delete something or ask for more space.${said}`,
    }
  if (failure.responseCode === 'NOPERM')
    return {
      code: 'not_permitted',
      kind: 'permanent',
      sentence: `${server} does not permit it in this folder.${said}`,
    }
  if (
    ['UNAVAILABLE', 'INUSE', 'LIMIT', 'SERVERBUG', 'CONTACTADMIN', 'EXPUNGEISSUED'].includes(
      failure.responseCode,
    )
  )
    return {
      code: 'server_unavailable',
      kind: 'transient',
      sentence: `${server} cannot do it at the moment; it is tried again.${said}`,
    }
  if (failure.status === 'BAD')
    return {
      code: 'refused',
      kind: 'permanent',
      sentence: `${server} does not understand the command.${said}`,
    }
  if (failure.status === 'NO')
    return { code: 'refused', kind: 'transient', sentence: `${server} refused.${said}` }
  return {
    code: 'unknown',
    kind: 'transient',
    sentence: `${server} failed in an unexpected way (${failure.code}: ${failure.message}).`,
  }
}
