import { ApiErrorBody } from '@inlet/protocol/errors'
import { MailServerRefusal } from '@inlet/protocol/imap-api'
import { Refusal } from '../api.ts'

const PLACES = [
  'email',
  'user',
  'password',
  'displayName',
  'imap.host',
  'imap.port',
  'imap.security',
  'smtp.host',
  'smtp.port',
  'smtp.security',
] as const

/** A field of the form. */
export type Place = (typeof PLACES)[number]

/** What went wrong; `at` null: it belongs to no field. */
export type Problem = { message: string; at: Place | null }

const OF_PASSWORD = /^(wrong_password|app_password_needed|password_expired|access_disabled|login_refused)$/
const OF_HOST = /^(host_not_found|dns_failed|private_address|unreachable|certificate_\w+)$/
const OF_PORT = /^(connection_refused|connect_timeout|no_greeting|wrong_service)$/
const OF_SECURITY = /^(not_tls|tls_wanted|starttls_missing|tls_failed|tls_too_old|plain_refused)$/

/** Why a request failed, and which field can mend it. */
export function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : 'That did not work. Try again.'
  if (!(error instanceof Refusal)) return { message, at: null }
  const refusal = MailServerRefusal.safeParse(error.body)
  if (refusal.success) {
    const { server, reason, message: said } = refusal.data.error
    return { message: said, at: placeOf(server, reason) }
  }
  const known = ApiErrorBody.safeParse(error.body)
  const issue = known.success ? known.data.error.issues?.[0] : undefined
  const at = PLACES.find(place => place === issue?.path)
  return issue && at ? { message: issue.message, at } : { message, at: null }
}

function placeOf(server: 'imap' | 'smtp', reason: string): Place | null {
  // A password that IMAP has just taken is right: then the server for sending is another one, or wants another user.
  if (OF_PASSWORD.test(reason)) return server === 'imap' ? 'password' : 'smtp.host'
  if (OF_HOST.test(reason)) return `${server}.host`
  if (OF_PORT.test(reason)) return `${server}.port`
  if (OF_SECURITY.test(reason)) return `${server}.security`
  return null
}
