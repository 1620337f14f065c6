import { html, type Reply } from '../../http/reply.ts'
import type { Request } from '../../http/router.ts'
import type { Microsoft } from '../microsoft.ts'
import { type EntraClient, isTenant, readScopes } from './clients.ts'
import { type AadstsCode, aadstsText } from './errors.ts'
import { signInErrorPage, signInPage } from './sign-in-page.ts'

interface Authorization {
  client: EntraClient
  redirectUri: string
  scopes: string[]
}

/** `GET /{tenant}/oauth2/v2.0/authorize`. A wrong client or redirect address is never redirected to. */
export function showSignIn(microsoft: Microsoft, request: Request, tenant: string): Reply {
  const found = readAuthorization(microsoft, request.query, tenant)
  if ('status' in found) return found
  const accounts = microsoft.mailboxes.all().map(mailbox => mailbox.account)
  return html(signInPage(found.scopes, request.query, accounts))
}

/** `POST` to the same address: the person's answer; form fields `account` and `answer` beside the query. */
export function answerSignIn(microsoft: Microsoft, request: Request, tenant: string): Reply {
  const { query } = request
  const found = readAuthorization(microsoft, query, tenant)
  if ('status' in found) return found
  const form = new URLSearchParams(request.body.toString('utf8'))
  const target = new URL(found.redirectUri)
  const state = query.get('state')
  const back = (fields: Record<string, string>): Reply => {
    const all = { ...fields, ...(state !== null && { state }) }
    for (const [name, value] of Object.entries(all)) target.searchParams.set(name, value)
    return { status: 302, headers: { location: target.href } }
  }
  const mailbox = microsoft.mailboxes.get(form.get('account') ?? '')
  if (form.get('answer') !== 'allow' || !mailbox) {
    return back({ error: 'access_denied', error_subcode: 'cancel', error_description: aadstsText(65004) })
  }
  const challenge = query.get('code_challenge')
  const nonce = query.get('nonce')
  const code = microsoft.tokens.issueCode({
    email: mailbox.email,
    client: found.client.id,
    scopes: found.scopes,
    redirectUri: found.redirectUri,
    ...(challenge !== null && { challenge, plainChallenge: query.get('code_challenge_method') !== 'S256' }),
    ...(nonce !== null && { nonce }),
  })
  return back({ code, session_state: mailbox.account.userId })
}

function readAuthorization(
  microsoft: Microsoft,
  query: URLSearchParams,
  tenant: string,
): Authorization | Reply {
  const refuse = (code: AadstsCode, detail?: string): Reply => html(signInErrorPage(code, detail), 400)
  if (!isTenant(tenant)) return refuse(90002, tenant)
  const client = microsoft.clients.find(candidate => candidate.id === query.get('client_id'))
  if (!client) return refuse(700016, query.get('client_id') ?? '')
  const redirectUri = query.get('redirect_uri') ?? ''
  if (!allowedRedirect(client, redirectUri)) return refuse(50011, redirectUri)
  if (query.get('response_type') !== 'code') return refuse(900144, 'Only response_type=code is offered.')
  if ((query.get('response_mode') ?? 'query') !== 'query')
    return refuse(900144, 'Only response_mode=query is offered.')
  const scopes = readScopes(query.get('scope'))
  if (scopes.length === 0) return refuse(900144, 'scope')
  return { client, redirectUri, scopes }
}

function allowedRedirect(client: EntraClient, uri: string): boolean {
  if (client.redirectUris.length > 0) return client.redirectUris.includes(uri)
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  const loopback = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  return protocol === 'https:' || (protocol === 'http:' && loopback)
}
