import { createHash } from 'node:crypto'
import { json, type Reply } from '../../http/reply.ts'
import type { Request } from '../../http/router.ts'
import type { Google } from '../google.ts'
import { identityToken } from './identity.ts'
import type { OAuthClient } from './tokens.ts'

/** `POST /token`: authorization_code (with PKCE) and refresh_token. Errors as RFC 6749 §5.2 and Google word them. */
export async function tokenEndpoint(google: Google, request: Request): Promise<Reply> {
  const form = new URLSearchParams(request.body.toString('utf8'))
  const client = authenticate(google, request, form)
  if ('status' in client) return client
  const grantType = form.get('grant_type')
  if (grantType === 'authorization_code') return exchangeCode(google, client, form)
  if (grantType === 'refresh_token') return refresh(google, client, form)
  return oauthError('unsupported_grant_type', `Invalid grant_type: ${grantType ?? ''}`)
}

export function oauthError(error: string, description: string, status = 400): Reply {
  return json({ error, error_description: description }, status)
}

function authenticate(google: Google, request: Request, form: URLSearchParams): OAuthClient | Reply {
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const [basicId, basicSecret] = basic
    ? Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
    : []
  const id = basicId ?? form.get('client_id') ?? ''
  const client = google.clients.find(candidate => candidate.id === id)
  if (!client) return oauthError('invalid_client', 'The OAuth client was not found.', 401)
  if ((basicSecret ?? form.get('client_secret') ?? '') !== client.secret) {
    return oauthError('invalid_client', 'Unauthorized', 401)
  }
  return client
}

async function exchangeCode(google: Google, client: OAuthClient, form: URLSearchParams): Promise<Reply> {
  const code = google.tokens.takeCode(form.get('code') ?? '')
  if (!code || code.client !== client.id) return oauthError('invalid_grant', 'Malformed auth code.')
  if (form.get('redirect_uri') !== code.redirectUri) return oauthError('redirect_uri_mismatch', 'Bad Request')
  if (code.challenge !== undefined) {
    const verifier = form.get('code_verifier')
    if (!verifier) return oauthError('invalid_grant', 'Missing code verifier.')
    const hashed = createHash('sha256').update(verifier).digest('base64url')
    if (hashed !== code.challenge) return oauthError('invalid_grant', 'Invalid code verifier.')
  }
  const issued = google.tokens.issue(code, code.offline === true)
  return tokenReply(google, code, issued, code.nonce)
}

async function refresh(google: Google, client: OAuthClient, form: URLSearchParams): Promise<Reply> {
  const token = form.get('refresh_token') ?? ''
  const found = google.tokens.refresh(token)
  if (!found || found.client !== client.id || !google.mailboxes.get(found.email)) {
    return oauthError('invalid_grant', 'Token has been expired or revoked.')
  }
  const rotated = google.faults.take('oauth.rotate', { account: found.email })
    ? google.tokens.rotate(token)
    : undefined
  const issued = google.tokens.issue(found, false)
  return tokenReply(google, found, rotated ? { ...issued, refresh: rotated } : issued)
}

async function tokenReply(
  google: Google,
  grant: { email: string; client: string; scopes: readonly string[] },
  issued: { access: string; refresh?: string; expiresIn: number },
  nonce?: string,
): Promise<Reply> {
  const idToken = grant.scopes.includes('openid')
    ? await identityToken(google, grant, issued.access, nonce)
    : undefined
  return json({
    access_token: issued.access,
    expires_in: issued.expiresIn,
    ...(issued.refresh && { refresh_token: issued.refresh }),
    scope: grant.scopes.join(' '),
    token_type: 'Bearer',
    ...(idToken && { id_token: idToken }),
  })
}
