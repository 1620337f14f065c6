import { createHash, randomBytes } from 'node:crypto'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Grant } from '@inlet/sync/store-port'
import type { World } from '@inlet/sync/world'
import * as z from 'zod'
import type { GoogleOAuth } from '../gmail/oauth.ts'
import { parseRetryAfter } from '../retry-after.ts'
import { withDeadline } from '../with-deadline.ts'
import type { GraphSettings } from './config.ts'
import { failureOfThrown } from './errors.ts'

/** A refresh token, who the person is, and their mail: to read, file, flag and draft it, and to send. */
export const GRAPH_SCOPES = [
  'offline_access',
  'openid',
  'profile',
  'email',
  'User.Read',
  'Mail.ReadWrite',
  'Mail.Send',
] as const
const NEEDED = ['mail.readwrite', 'mail.send']

const TIMEOUT_MS = 15_000

/** As Google's, so that whoever connects accounts can treat both alike. `revoke` only forgets: Entra lets no app give a grant back. */
export type MicrosoftOAuth = GoogleOAuth

const TokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive(),
  refresh_token: z.string().min(1).optional(),
  scope: z.string().optional(),
})
const TokenError = z.object({ error: z.string(), error_codes: z.array(z.number()).optional() })

/** Words by which Entra says that the person is wanted; everything else is ours or Microsoft's to mend. */
const PERSON = new Set(['invalid_grant', 'interaction_required', 'consent_required', 'login_required'])
const PASSING = new Set(['temporarily_unavailable', 'server_error'])

export function createOAuth(settings: GraphSettings, world: World): MicrosoftOAuth {
  const endpoint = (name: 'authorize' | 'token') =>
    new URL(`/${encodeURIComponent(settings.tenant)}/oauth2/v2.0/${name}`, settings.loginBaseUrl)

  async function token(form: Record<string, string>, signal: AbortSignal) {
    const client = { client_id: settings.clientId, client_secret: settings.clientSecret }
    const { status, body, retryAfter } = await post(endpoint('token').href, { ...client, ...form }, signal)
    const answer = TokenAnswer.safeParse(body)
    if (status === 200 && answer.success) return answer.data
    throw refusal(status, body, parseRetryAfter(retryAfter, world.now()))
  }

  return {
    authorize({ redirectUri, loginHint }) {
      const state = randomBytes(24).toString('base64url')
      const codeVerifier = randomBytes(48).toString('base64url')
      const url = endpoint('authorize')
      url.search = new URLSearchParams({
        client_id: settings.clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        response_mode: 'query',
        scope: GRAPH_SCOPES.join(' '),
        state,
        code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
        code_challenge_method: 'S256',
        // Without it Microsoft silently takes whoever is signed in to the browser.
        ...(loginHint ? { login_hint: loginHint } : { prompt: 'select_account' }),
      }).toString()
      return { url: url.href, state, codeVerifier }
    },

    async exchange({ code, codeVerifier, redirectUri }, signal) {
      const answer = await token(
        { grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: redirectUri },
        signal,
      )
      const scopes = answer.scope ?? ''
      // Scopes may come with Graph's address before them.
      const granted = scopes.split(' ').map(scope => scope.toLowerCase().replace(/^.*\//, ''))
      if (scopes && NEEDED.some(scope => !granted.includes(scope)))
        throw new ProviderError(
          'unauthorized',
          'Microsoft granted access without the permission to read, change and send mail. Connect again and accept all that is asked for.',
          { reconnect: true },
        )
      if (!answer.refresh_token)
        throw new ProviderError(
          'unauthorized',
          'Microsoft gave no refresh token, so access would end within the hour. Connect again, and accept that access is kept.',
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
      // Each use brings a new one; the old one dies of age.
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

    async revoke(_grant, signal) {
      signal.throwIfAborted()
    },
  }
}

async function post(
  url: string,
  form: Record<string, string>,
  signal: AbortSignal,
): Promise<{ status: number; body: unknown; retryAfter: string | null }> {
  try {
    return await withDeadline(signal, TIMEOUT_MS, async inner => {
      const body = new URLSearchParams(form)
      const response = await fetch(url, { method: 'POST', body, signal: inner, redirect: 'error' })
      return {
        status: response.status,
        body: parseJson(await response.text()),
        retryAfter: response.headers.get('retry-after'),
      }
    })
  } catch (error) {
    signal.throwIfAborted()
    const { code } = failureOfThrown(error)
    throw new ProviderError('transient', `Microsoft's token service could not be reached (${code}).`, {
      cause: { code },
    })
  }
}

/** Entra's document: OAuth's word and AADSTS numbers. Its description may quote what was sent, so it is not kept (I12). */
function refusal(status: number, body: unknown, retryAt: number | null): ProviderError {
  const said = TokenError.safeParse(body)
  const word = said.success ? said.data.error.slice(0, 60) : ''
  const codes = said.success ? (said.data.error_codes ?? []).map(code => `AADSTS${code}`).join(' ') : ''
  const reason = [word, codes].filter(Boolean).join(' ')
  const cause = { status, reason }
  if (PERSON.has(word))
    return new ProviderError(
      'unauthorized',
      `Microsoft no longer accepts the grant (${reason}): access was revoked, the password changed, it was not used for 90 days, or the organisation wants another sign-in. Connect the account again.`,
      { cause, reconnect: true },
    )
  if (status === 429)
    return new ProviderError('rate_limited', "Microsoft's token service asks us to slow down.", {
      cause,
      retryAt,
    })
  if (status >= 500 || status === 408 || PASSING.has(word) || (status === 200 && !word))
    return new ProviderError('transient', `Microsoft's token service failed for the moment (${status}).`, {
      cause,
      retryAt,
    })
  return new ProviderError(
    'permanent',
    `Microsoft's token service refused us (${status} ${reason || 'without a reason'}). Check the app's id, its secret (and whether that has expired), its redirect URI and the tenant.`,
    { cause },
  )
}

function toGrant(
  answer: z.infer<typeof TokenAnswer>,
  refreshToken: string,
  scopes: string,
  now: number,
): Grant {
  const expiresAt = now + answer.expires_in * 1_000
  return { data: { refreshToken, accessToken: answer.access_token, expiresAt, scopes } }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

const text = (value: string | number | null | undefined): string => (typeof value === 'string' ? value : '')
