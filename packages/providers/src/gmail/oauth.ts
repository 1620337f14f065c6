import { createHash, randomBytes } from 'node:crypto'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Grant } from '@inlet/sync/store-port'
import type { World } from '@inlet/sync/world'
import * as z from 'zod'
import { parseRetryAfter } from '../retry-after.ts'
import { withDeadline } from '../with-deadline.ts'
import type { GmailSettings } from './config.ts'

/**
 * Read, label, trash, draft and send (gmail.modify covers all of these and watch), and who the person is. Deleting
 * for ever would need the full scope mail.google.com; Inlet never does.
 */
export const GMAIL_SCOPES = [
  'https://www.googleapis.com/auth/gmail.modify',
  'openid',
  'email',
  'profile',
] as const
const NEEDED = GMAIL_SCOPES[0]
const FULL = 'https://mail.google.com/'

const TIMEOUT_MS = 15_000

/** What must be remembered between leaving for Google and coming back, in a sealed cookie or the session. */
export type AuthorizationRequest = { url: string; state: string; codeVerifier: string }

export type GoogleOAuth = {
  /** Where to send the person. `loginHint` preselects the mailbox (when reconnecting). */
  authorize(request: { redirectUri: string; loginHint?: string | null }): AuthorizationRequest
  /** The code from the redirect for a grant. The caller has compared `state`. Throws `unauthorized` with `reconnect` when Google refuses it or a permission is missing. */
  exchange(
    request: { code: string; codeVerifier: string; redirectUri: string },
    signal: AbortSignal,
  ): Promise<Grant>
  /** A grant with a fresh access token; keeps a rotated refresh token. Throws `unauthorized` with `reconnect` on invalid_grant. */
  refresh(grant: Grant, signal: AbortSignal): Promise<Grant>
  token(grant: Grant): { accessToken: string; expiresAt: number } | null
  /** Gives the grant back. Google ends every token of this project and person with it. An already dead grant is fine. */
  revoke(grant: Grant, signal: AbortSignal): Promise<void>
}

const TokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  refresh_token: z.string().min(1).optional(),
  scope: z.string().optional(),
})
const TokenError = z.object({ error: z.string(), error_description: z.string().optional() })

export function createOAuth(settings: GmailSettings, world: World): GoogleOAuth {
  async function post(
    url: string,
    form: Record<string, string>,
    signal: AbortSignal,
  ): Promise<{ status: number; body: unknown; retryAfter: string | null }> {
    try {
      return await withDeadline(signal, TIMEOUT_MS, async inner => {
        const response = await fetch(url, {
          method: 'POST',
          body: new URLSearchParams(form),
          signal: inner,
          redirect: 'error',
        })
        const text = await response.text()
        return {
          status: response.status,
          body: parseJson(text),
          retryAfter: response.headers.get('retry-after'),
        }
      })
    } catch (error) {
      signal.throwIfAborted()
      const code = error instanceof Error ? error.name : 'error'
      throw new ProviderError('transient', `Google's token service could not be reached (${code}).`, {
        cause: { code },
      })
    }
  }

  async function token(form: Record<string, string>, signal: AbortSignal) {
    const client = { client_id: settings.clientId, client_secret: settings.clientSecret }
    const { status, body, retryAfter } = await post(settings.tokenUrl, { ...client, ...form }, signal)
    const answer = TokenAnswer.safeParse(body)
    if (status === 200 && answer.success) return answer.data
    throw refusal(status, body, parseRetryAfter(retryAfter, world.now()))
  }

  return {
    authorize({ redirectUri, loginHint }) {
      const state = randomBytes(24).toString('base64url')
      const codeVerifier = randomBytes(48).toString('base64url')
      const url = new URL('/o/oauth2/v2/auth', settings.oauthBaseUrl)
      url.search = new URLSearchParams({
        client_id: settings.clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: GMAIL_SCOPES.join(' '),
        // Together these make Google give a refresh token each time, not only at the first consent.
        access_type: 'offline',
        prompt: 'consent',
        include_granted_scopes: 'true',
        state,
        code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...(loginHint && { login_hint: loginHint }),
      }).toString()
      return { url: url.href, state, codeVerifier }
    },

    async exchange({ code, codeVerifier, redirectUri }, signal) {
      const answer = await token(
        { grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: redirectUri },
        signal,
      )
      const scopes = answer.scope ?? ''
      const granted = scopes.split(' ')
      if (scopes && !granted.includes(NEEDED) && !granted.includes(FULL))
        throw new ProviderError(
          'unauthorized',
          'Google granted access without the permission to read and change mail. Connect again and leave its box ticked.',
          { reconnect: true },
        )
      if (!answer.refresh_token)
        throw new ProviderError(
          'unauthorized',
          'Google gave no refresh token, so access would end within the hour. Remove Inlet at myaccount.google.com/permissions and connect again.',
          { reconnect: true },
        )
      return toGrant(answer, answer.refresh_token, scopes, world.now())
    },

    async refresh(grant, signal) {
      const refreshToken = text(grant.data.refreshToken)
      if (!refreshToken)
        throw new ProviderError(
          'unauthorized',
          'The stored grant holds no refresh token. Connect the account again.',
          { reconnect: true },
        )
      const answer = await token({ grant_type: 'refresh_token', refresh_token: refreshToken }, signal)
      return toGrant(
        answer,
        answer.refresh_token ?? refreshToken,
        answer.scope ?? text(grant.data.scopes),
        world.now(),
      )
    },

    token(grant) {
      const accessToken = text(grant.data.accessToken)
      const expiresAt = Number(grant.data.expiresAt)
      return accessToken && Number.isFinite(expiresAt) ? { accessToken, expiresAt } : null
    },

    async revoke(grant, signal) {
      const held = text(grant.data.refreshToken) || text(grant.data.accessToken)
      if (!held) return
      const { status } = await post(new URL('revoke', settings.tokenUrl).href, { token: held }, signal)
      if (status >= 500 || status === 429)
        throw new ProviderError('transient', `Google could not revoke the grant just now (${status}).`)
    },
  }
}

/** RFC 6749 §5.2. Only invalid_grant says that the person's consent is gone; the others are ours to mend. */
function refusal(status: number, body: unknown, retryAt: number | null): ProviderError {
  const said = TokenError.safeParse(body)
  const reason = said.success ? said.data.error.slice(0, 60) : ''
  const cause = { status, reason }
  if (reason === 'invalid_grant')
    return new ProviderError(
      'unauthorized',
      'Google no longer accepts the grant (invalid_grant): access was revoked, the password changed, or it was not used for six months. Connect the account again.',
      { cause, reconnect: true },
    )
  if (status === 429)
    return new ProviderError('rate_limited', "Google's token service asks us to slow down.", {
      cause,
      retryAt,
    })
  if (status >= 500 || status === 408 || (status === 200 && !reason))
    return new ProviderError('transient', `Google's token service failed for the moment (${status}).`, {
      cause,
      retryAt,
    })
  return new ProviderError(
    'permanent',
    `Google's token service refused us (${status} ${reason || 'without a reason'}). Check the OAuth client's id, secret and redirect URI.`,
    { cause },
  )
}

function toGrant(
  answer: z.infer<typeof TokenAnswer>,
  refreshToken: string,
  scopes: string,
  now: number,
): Grant {
  return {
    data: {
      refreshToken,
      accessToken: answer.access_token,
      expiresAt: now + answer.expires_in * 1_000,
      scopes,
    },
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

const text = (value: string | number | null | undefined): string => (typeof value === 'string' ? value : '')
