import { createHash, randomBytes } from 'node:crypto'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Grant } from '@inlet/sync/store-port'
import type { World } from '@inlet/sync/world'
import * as z from 'zod'
import { parseRetryAfter } from './retry-after.ts'
import { withDeadline } from './with-deadline.ts'

/** What must be remembered between leaving for the provider and coming back, in a sealed cookie or the session. */
type AuthorizationRequest = { url: string; state: string; codeVerifier: string }

export type OAuth = {
  /** Where to send the person. `loginHint` preselects the mailbox (when reconnecting). */
  authorize(request: { redirectUri: string; loginHint?: string | null }): AuthorizationRequest
  /** The code from the redirect for a grant. The caller has compared `state`. Throws `unauthorized` with `reconnect` when it is refused or a permission is missing. */
  exchange(
    request: { code: string; codeVerifier: string; redirectUri: string },
    signal: AbortSignal,
  ): Promise<Grant>
  /** A grant with a fresh access token; keeps a rotated refresh token. Throws `unauthorized` with `reconnect` once the person's consent is gone. */
  refresh(grant: Grant, signal: AbortSignal): Promise<Grant>
  token(grant: Grant): { accessToken: string; expiresAt: number } | null
  /** Gives the grant back, where that is possible. An already dead grant is fine. */
  revoke(grant: Grant, signal: AbortSignal): Promise<void>
}

/** An answer of a token service; `retryAt` in epoch ms. */
export type TokenAnswer = { status: number; body: unknown; retryAt: number | null }

/** One provider's authorisation server: OAuth 2.0's code grant (RFC 6749) with PKCE (RFC 7636). */
export type Issuer = {
  clientId: string
  clientSecret: string
  /** The consent page. */
  authorizeUrl: string
  tokenUrl: string
  scopes: readonly string[]
  /** What its consent page wants beside the standard parameters. */
  parameters(loginHint: string | null): Record<string, string>
  /** Whether the scopes that were granted are enough. */
  suffices(granted: string[]): boolean
  /** Sentences for the person. */
  says: { scopeMissing: string; noRefreshToken: string }
  /** What an answer that brings no token means. */
  refusal(answer: TokenAnswer): ProviderError
  /** What a request that got no answer means. */
  unreachable(error: unknown): ProviderError
  /** Left out: no grant can be given back. */
  revoke?: (
    held: string,
    post: (url: string, form: Record<string, string>) => Promise<TokenAnswer>,
  ) => Promise<void>
}

const TIMEOUT_MS = 15_000

const Tokens = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive(),
  refresh_token: z.string().min(1).optional(),
  scope: z.string().optional(),
})

export function createOAuth(issuer: Issuer, world: World): OAuth {
  async function post(url: string, form: Record<string, string>, signal: AbortSignal): Promise<TokenAnswer> {
    try {
      return await withDeadline(signal, TIMEOUT_MS, async inner => {
        const body = new URLSearchParams(form)
        const response = await fetch(url, { method: 'POST', body, signal: inner, redirect: 'error' })
        const given = parseJson(await response.text())
        const retryAt = parseRetryAfter(response.headers.get('retry-after'), world.now())
        return { status: response.status, body: given, retryAt }
      })
    } catch (error) {
      signal.throwIfAborted()
      throw issuer.unreachable(error)
    }
  }

  async function tokens(form: Record<string, string>, signal: AbortSignal) {
    const client = { client_id: issuer.clientId, client_secret: issuer.clientSecret }
    const answer = await post(issuer.tokenUrl, { ...client, ...form }, signal)
    const given = Tokens.safeParse(answer.body)
    if (answer.status === 200 && given.success) return given.data
    throw issuer.refusal(answer)
  }

  const toGrant = (given: z.infer<typeof Tokens>, refreshToken: string, scopes: string): Grant => ({
    data: {
      refreshToken,
      accessToken: given.access_token,
      expiresAt: world.now() + given.expires_in * 1_000,
      scopes,
    },
  })

  return {
    authorize({ redirectUri, loginHint }) {
      const state = randomBytes(24).toString('base64url')
      const codeVerifier = randomBytes(48).toString('base64url')
      const url = new URL(issuer.authorizeUrl)
      url.search = new URLSearchParams({
        client_id: issuer.clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: issuer.scopes.join(' '),
        state,
        code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...issuer.parameters(loginHint ?? null),
      }).toString()
      return { url: url.href, state, codeVerifier }
    },

    async exchange({ code, codeVerifier, redirectUri }, signal) {
      const given = await tokens(
        { grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: redirectUri },
        signal,
      )
      const scopes = given.scope ?? ''
      if (scopes && !issuer.suffices(scopes.split(' ')))
        throw new ProviderError('unauthorized', issuer.says.scopeMissing, { reconnect: true })
      if (!given.refresh_token)
        throw new ProviderError('unauthorized', issuer.says.noRefreshToken, { reconnect: true })
      return toGrant(given, given.refresh_token, scopes)
    },

    async refresh(grant, signal) {
      const refreshToken = text(grant.data.refreshToken)
      if (!refreshToken)
        throw new ProviderError(
          'unauthorized',
          'The stored grant holds no refresh token. Connect the account again.',
          { reconnect: true },
        )
      const given = await tokens({ grant_type: 'refresh_token', refresh_token: refreshToken }, signal)
      return toGrant(given, given.refresh_token ?? refreshToken, given.scope ?? text(grant.data.scopes))
    },

    token(grant) {
      const accessToken = text(grant.data.accessToken)
      const expiresAt = Number(grant.data.expiresAt)
      return accessToken && Number.isFinite(expiresAt) ? { accessToken, expiresAt } : null
    },

    async revoke(grant, signal) {
      signal.throwIfAborted()
      const held = text(grant.data.refreshToken) || text(grant.data.accessToken)
      if (held) await issuer.revoke?.(held, (url, form) => post(url, form, signal))
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
