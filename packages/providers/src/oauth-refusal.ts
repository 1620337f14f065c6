import { ProviderError } from '@inlet/sync/provider-errors'
import * as z from 'zod'

/** An answer of a token service; `retryAt` in epoch ms. */
export type TokenAnswer = { status: number; body: unknown; retryAt: number | null }

/** How one token service's refusals are told. */
export type Refusals = {
  /** Whose it is, as people know it. */
  service: string
  /** Why a grant may have ended: “access was revoked, or …”. */
  gone: string
  /** Sentence for whoever runs Inlet: what to look at where we are the ones who are refused. */
  check: string
  /** What its document says beside OAuth's word. */
  detail?: (body: unknown) => string
}

const TokenError = z.object({ error: z.string() })

/** OAuth's and OpenID's words that the person is wanted; everything else is ours or the service's to mend. */
const PERSON = new Set(['invalid_grant', 'interaction_required', 'consent_required', 'login_required'])
const PASSING = new Set(['temporarily_unavailable', 'server_error'])

/** What an answer that brings no token means (RFC 6749 §5.2). Descriptions may quote what was sent: they are not kept (I12). */
export function refusalOf(
  { service, gone, check, detail }: Refusals,
  { status, body, retryAt }: TokenAnswer,
): ProviderError {
  const said = TokenError.safeParse(body)
  const word = said.success ? said.data.error.slice(0, 60) : ''
  const reason = [word, detail?.(body)].filter(Boolean).join(' ')
  const cause = { status, reason }
  if (PERSON.has(word))
    return new ProviderError(
      'unauthorized',
      `${service} no longer accepts the grant (${reason}): ${gone}. Connect the account again.`,
      { cause, reconnect: true },
    )
  if (status === 429)
    return new ProviderError('rate_limited', `${service}'s token service asks us to slow down.`, {
      cause,
      retryAt,
    })
  if (status >= 500 || status === 408 || PASSING.has(word) || (status === 200 && !word))
    return new ProviderError('transient', `${service}'s token service failed for the moment (${status}).`, {
      cause,
      retryAt,
    })
  return new ProviderError(
    'permanent',
    `${service}'s token service refused us (${status} ${reason || 'without a reason'}). ${check}`,
    { cause },
  )
}

/** What a request that got no answer means. */
export function unreachable({ service }: Refusals, error: unknown): ProviderError {
  const code = codeOf(error)
  return new ProviderError('transient', `${service}'s token service could not be reached (${code}).`, {
    cause: { code },
  })
}

/** The system's word, which fetch keeps in the cause. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name
}
