import { createHash } from 'node:crypto'
import { json, type Reply } from '../../http/reply.ts'
import type { Request } from '../../http/router.ts'
import type { Authority } from './authority.ts'
import type { OAuthClient } from './tokens.ts'

/** Makes the OpenID Connect identity token of an answer, where there is one. */
export type Identify = (
  grant: { email: string; client: string; scopes: readonly string[] },
  accessToken: string,
  nonce?: string,
) => Promise<string>

/** `POST`: authorization_code (with PKCE) and refresh_token. Errors as RFC 6749 §5.2 and Google word them. */
export async function tokenEndpoint(
  authority: Authority,
  request: Request,
  identify?: Identify,
): Promise<Reply> {
  const fault = authority.faults.take('status', { method: 'POST', path: request.path })
  if (fault)
    return oauthError(
      fault.reason ?? 'internal_failure',
      fault.message ?? 'A fault asked for this.',
      fault.status ?? 500,
    )
  const form = new URLSearchParams(request.body.toString('utf8'))
  const client = authenticate(authority, request, form)
  if ('status' in client) return client
  const grantType = form.get('grant_type')
  if (grantType === 'authorization_code') return exchangeCode(authority, client, form, identify)
  if (grantType === 'refresh_token') return refresh(authority, client, form, identify)
  return oauthError('unsupported_grant_type', `Invalid grant_type: ${grantType ?? ''}`)
}

export function oauthError(error: string, description: string, status = 400): Reply {
  return json({ error, error_description: description }, status)
}

function authenticate(authority: Authority, request: Request, form: URLSearchParams): OAuthClient | Reply {
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const [basicId, basicSecret] = basic
    ? Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
    : []
  const id = basicId ?? form.get('client_id') ?? ''
  const client = authority.clients.find(candidate => candidate.id === id)
  if (!client) return oauthError('invalid_client', 'The OAuth client was not found.', 401)
  if ((basicSecret ?? form.get('client_secret') ?? '') !== client.secret) {
    return oauthError('invalid_client', 'Unauthorized', 401)
  }
  return client
}

async function exchangeCode(
  authority: Authority,
  client: OAuthClient,
  form: URLSearchParams,
  identify: Identify | undefined,
): Promise<Reply> {
  const code = authority.tokens.takeCode(form.get('code') ?? '')
  if (!code || code.client !== client.id) return oauthError('invalid_grant', 'Malformed auth code.')
  if (form.get('redirect_uri') !== code.redirectUri) return oauthError('redirect_uri_mismatch', 'Bad Request')
  if (code.challenge !== undefined) {
    const verifier = form.get('code_verifier')
    if (!verifier) return oauthError('invalid_grant', 'Missing code verifier.')
    const hashed = createHash('sha256').update(verifier).digest('base64url')
    if (hashed !== code.challenge) return oauthError('invalid_grant', 'Invalid code verifier.')
  }
  const issued = authority.tokens.issue(code, code.offline === true)
  return tokenReply(code, issued, identify, code.nonce)
}

async function refresh(
  authority: Authority,
  client: OAuthClient,
  form: URLSearchParams,
  identify: Identify | undefined,
): Promise<Reply> {
  const token = form.get('refresh_token') ?? ''
  const found = authority.tokens.refresh(token)
  if (!found || found.client !== client.id || !authority.mailboxes.get(found.email)) {
    return oauthError('invalid_grant', 'Token has been expired or revoked.')
  }
  const rotated = authority.faults.take('oauth.rotate', { account: found.email })
    ? authority.tokens.rotate(token)
    : undefined
  const issued = authority.tokens.issue(found, false)
  return tokenReply(found, rotated ? { ...issued, refresh: rotated } : issued, identify)
}

async function tokenReply(
  grant: { email: string; client: string; scopes: readonly string[] },
  issued: { access: string; refresh?: string; expiresIn: number },
  identify: Identify | undefined,
  nonce?: string,
): Promise<Reply> {
  const idToken = grant.scopes.includes('openid') ? await identify?.(grant, issued.access, nonce) : undefined
  return json({
    access_token: issued.access,
    expires_in: issued.expiresIn,
    ...(issued.refresh && { refresh_token: issued.refresh }),
    scope: grant.scopes.join(' '),
    token_type: 'Bearer',
    ...(idToken && { id_token: idToken }),
  })
}

/** `POST`: ends every token of the token's user (RFC 7009). */
export function revokeEndpoint({ tokens }: Authority, request: Request): Reply {
  const form = new URLSearchParams(request.body.toString('utf8'))
  const token = request.query.get('token') ?? form.get('token') ?? ''
  return tokens.revoke(token) ? json({}) : oauthError('invalid_token', 'Token expired or revoked')
}
