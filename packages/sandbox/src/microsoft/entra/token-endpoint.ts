import { createHash } from 'node:crypto'
import { json, type Reply } from '../../http/reply.ts'
import type { Request } from '../../http/router.ts'
import type { Microsoft } from '../microsoft.ts'
import { type EntraClient, isTenant, OPENID_SCOPES, readScopes } from './clients.ts'
import { type AadstsCode, codeOfReason, entraError } from './errors.ts'
import { identityToken } from './identity.ts'

/** `POST /{tenant}/oauth2/v2.0/token`: authorization_code (with PKCE) and refresh_token. */
export async function tokenEndpoint(microsoft: Microsoft, request: Request, tenant: string): Promise<Reply> {
  const refuse = (code: AadstsCode, text?: string): Reply =>
    entraError(code, microsoft.clock.now(), text === undefined ? {} : { text })
  const form = new URLSearchParams(request.body.toString('utf8'))
  const fault = microsoft.faults.take('status', { method: 'POST', path: request.path })
  if (fault) return faultReply(microsoft, fault)
  if (!isTenant(tenant)) return refuse(90002)
  const client = authenticate(microsoft, request, form)
  if (typeof client === 'number') return refuse(client)
  const grantType = form.get('grant_type')
  if (grantType === 'authorization_code') return exchangeCode(microsoft, client, form, refuse)
  if (grantType === 'refresh_token') return refresh(microsoft, client, form, refuse)
  return refuse(grantType === null ? 900144 : 70003)
}

type Refuse = (code: AadstsCode, text?: string) => Reply

function faultReply(
  microsoft: Microsoft,
  fault: { status?: number; reason?: string; message?: string; retryAfter?: number },
): Reply {
  const status = fault.status ?? 503
  const code = codeOfReason(fault.reason, status)
  const reply =
    code === undefined
      ? json({ error: fault.reason, error_description: fault.message ?? 'A fault asked for this.' }, status)
      : entraError(code, microsoft.clock.now(), {
          ...(fault.status !== undefined && { status }),
          ...(fault.message !== undefined && { text: fault.message }),
        })
  if (fault.retryAfter === undefined) return reply
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(fault.retryAfter) } }
}

function authenticate(
  microsoft: Microsoft,
  request: Request,
  form: URLSearchParams,
): EntraClient | AadstsCode {
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const [basicId, basicSecret] = basic
    ? Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
    : []
  const client = microsoft.clients.find(candidate => candidate.id === (basicId ?? form.get('client_id')))
  if (!client) return 700016
  const secret = basicSecret ?? form.get('client_secret')
  if (secret === null) return 7000218
  return secret === client.secret ? client : 7000215
}

async function exchangeCode(
  microsoft: Microsoft,
  client: EntraClient,
  form: URLSearchParams,
  refuse: Refuse,
): Promise<Reply> {
  const code = microsoft.tokens.takeCode(form.get('code') ?? '')
  if (typeof code === 'number') return refuse(code)
  if (code.client !== client.id) return refuse(70000)
  if (form.get('redirect_uri') !== code.redirectUri) return refuse(50011)
  if (code.challenge !== undefined) {
    const verifier = form.get('code_verifier') ?? ''
    const shown = code.plainChallenge ? verifier : createHash('sha256').update(verifier).digest('base64url')
    if (shown !== code.challenge) return refuse(501481)
  }
  const issued = microsoft.tokens.issue(code, { refresh: code.scopes.includes('offline_access') })
  return tokenReply(microsoft, code, issued, code.nonce)
}

/** Each use answers a new refresh token; a narrower `scope` may be asked for, a wider one not. */
async function refresh(
  microsoft: Microsoft,
  client: EntraClient,
  form: URLSearchParams,
  refuse: Refuse,
): Promise<Reply> {
  const used = form.get('refresh_token')
  if (used === null) return refuse(900144)
  const grant = microsoft.tokens.refresh(used)
  if (typeof grant === 'number') return refuse(grant)
  if (grant.client !== client.id || !microsoft.mailboxes.get(grant.email)) return refuse(70000)
  const asked = readScopes(form.get('scope')).filter(scope => scope !== '.default')
  const granted = grant.scopes.map(scope => scope.toLowerCase())
  if (!asked.every(scope => granted.includes(scope.toLowerCase()) || OPENID_SCOPES.includes(scope)))
    return refuse(65001)
  const issued = microsoft.tokens.issue(grant, { refresh: true, used })
  return tokenReply(microsoft, grant, issued)
}

async function tokenReply(
  microsoft: Microsoft,
  grant: { email: string; client: string; scopes: readonly string[] },
  issued: { access: string; refresh?: string; expiresIn: number },
  nonce?: string,
): Promise<Reply> {
  const account = microsoft.mailboxes.get(grant.email)?.account
  const idToken =
    account && grant.scopes.includes('openid')
      ? await identityToken(microsoft, account, grant.client, nonce)
      : undefined
  return json({
    token_type: 'Bearer',
    scope: grant.scopes.filter(scope => scope !== 'offline_access').join(' '),
    expires_in: issued.expiresIn,
    ext_expires_in: issued.expiresIn,
    access_token: issued.access,
    ...(issued.refresh !== undefined && { refresh_token: issued.refresh }),
    ...(idToken !== undefined && { id_token: idToken }),
  })
}
