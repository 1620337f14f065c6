import { createHash, randomBytes } from 'node:crypto'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Grant } from '@inlet/sync/store-port'
import type { World } from '@inlet/sync/world'
import * as z from 'zod'
import { type Refusals, refusalOf, type TokenAnswer, unreachable } from './oauth-refusal.ts'
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

/** One provider's authorisation server: OAuth 2.0's code grant (RFC 6749) with PKCE (RFC 7636). */
export type Issuer = {
  clientId: string
  /** null: a public client, which PKCE alone proves. */
  clientSecret: string | null
  /** Where the client's id and secret go (RFC 6749 §2.3.1). Default `post`. */
  clientAuthentication?: ClientAuthentication
  /** The consent page; what its query says already stays. */
  authorizeUrl: string
  tokenUrl: string
  scopes: readonly string[]
  /** What its consent page wants beside the standard parameters. */
  parameters(loginHint: string | null): Record<string, string>
  /** Whether the scopes that were granted are enough. */
  suffices(granted: string[]): boolean
  /** Sentences for the person. */
  says: { scopeMissing: string; noRefreshToken: string }
  refusals: Refusals
  /** Where a grant is given back (RFC 7009); left out: nowhere. `asClient`: it wants to know who asks. */
  revocation?: { url: string; asClient: boolean } | null
}

export type ClientAuthentication = 'post' | 'basic'

const TIMEOUT_MS = 15_000

/** A lifetime that is not told (RFC 6749 §5.1 lets it be) is taken for short: a token is refreshed too early rather than late. */
const UNTOLD_S = 600

const Tokens = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().default(UNTOLD_S),
  refresh_token: z.string().min(1).optional(),
  scope: z.string().optional(),
})

export function createOAuth(issuer: Issuer, world: World): OAuth {
  const { clientId, clientSecret, refusals } = issuer
  const inHeader = issuer.clientAuthentication === 'basic' && clientSecret !== null
  const client = { client_id: clientId, ...(clientSecret !== null && { client_secret: clientSecret }) }

  async function post(
    url: string,
    form: Record<string, string>,
    asClient: boolean,
    signal: AbortSignal,
  ): Promise<TokenAnswer> {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (asClient && inHeader) headers.authorization = basic(clientId, clientSecret)
    const body = new URLSearchParams(asClient && !inHeader ? { ...client, ...form } : form)
    try {
      return await withDeadline(signal, TIMEOUT_MS, async inner => {
        const response = await fetch(url, { method: 'POST', headers, body, signal: inner, redirect: 'error' })
        const given = parseJson(await response.text())
        const retryAt = parseRetryAfter(response.headers.get('retry-after'), world.now())
        return { status: response.status, body: given, retryAt }
      })
    } catch (error) {
      signal.throwIfAborted()
      throw unreachable(refusals, error)
    }
  }

  async function tokens(form: Record<string, string>, signal: AbortSignal) {
    const answer = await post(issuer.tokenUrl, form, true, signal)
    const given = Tokens.safeParse(answer.body)
    if (answer.status === 200 && given.success) return given.data
    throw refusalOf(refusals, answer)
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
      const parameters = {
        ...issuer.parameters(loginHint ?? null),
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: issuer.scopes.join(' '),
        state,
        code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
        code_challenge_method: 'S256',
      }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return { url: url.href, state, codeVerifier }
    },

    async exchange({ code, codeVerifier, redirectUri }, signal) {
      const given = await tokens(
        { grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: redirectUri },
        signal,
      )
      const scopes = given.scope ?? ''
      if (scopes && !issuer.suffices(scopes.split(' ')))
        throw new ProviderError('unauthorized', issuer.says.scopeMissing, {
          cause: { reason: 'scope_missing' },
          reconnect: true,
        })
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
      const fresh = toGrant(
        given,
        given.refresh_token ?? refreshToken,
        given.scope ?? text(grant.data.scopes),
      )
      return { data: { ...grant.data, ...fresh.data } }
    },

    token(grant) {
      const accessToken = text(grant.data.accessToken)
      const expiresAt = Number(grant.data.expiresAt)
      return accessToken && Number.isFinite(expiresAt) ? { accessToken, expiresAt } : null
    },

    async revoke(grant, signal) {
      signal.throwIfAborted()
      const held = text(grant.data.refreshToken) || text(grant.data.accessToken)
      const { revocation } = issuer
      if (!held || !revocation) return
      const { status } = await post(revocation.url, { token: held }, revocation.asClient, signal)
      if (status >= 500 || status === 429)
        throw new ProviderError(
          'transient',
          `${refusals.service} could not revoke the grant just now (${status}).`,
        )
    },
  }
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function basic(id: string, secret: string): string {
  const encoded = (part: string) => new URLSearchParams({ '': part }).toString().slice(1)
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

const text = (value: string | number | null | undefined): string => (typeof value === 'string' ? value : '')
