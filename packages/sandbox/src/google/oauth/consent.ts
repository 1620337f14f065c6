import { html, type Reply } from '../../http/reply.ts'
import type { Request } from '../../http/router.ts'
import type { Authority } from './authority.ts'
import { consentPage, errorPage } from './consent-page.ts'
import type { OAuthClient } from './tokens.ts'

/** What the page needs, and what comes back from it in a hidden copy of the query. */
export interface Authorization {
  client: OAuthClient
  redirectUri: string
  scopes: string[]
  query: URLSearchParams
}

/** `GET` of the consent page: shows the page. A wrong client or redirect address is never redirected to. */
export function showConsent(authority: Authority, query: URLSearchParams): Reply {
  const found = readAuthorization(authority, query)
  if ('status' in found) return found
  return html(
    consentPage(
      found,
      authority.mailboxes.all().map(mailbox => mailbox.account),
    ),
  )
}

/** `POST` to the same address: the person's answer; form fields `account` and `answer` beside the query. */
export function answerConsent(authority: Authority, request: Request): Reply {
  const found = readAuthorization(authority, request.query)
  if ('status' in found) return found
  const form = new URLSearchParams(request.body.toString('utf8'))
  const target = new URL(found.redirectUri)
  const state = found.query.get('state')
  if (state !== null) target.searchParams.set('state', state)
  const mailbox = authority.mailboxes.get(form.get('account') ?? '')
  if (form.get('answer') !== 'allow' || !mailbox) {
    target.searchParams.set('error', 'access_denied')
    return redirect(target)
  }
  const challenge = found.query.get('code_challenge') ?? undefined
  const nonce = found.query.get('nonce') ?? undefined
  const code = authority.tokens.issueCode({
    email: mailbox.email,
    client: found.client.id,
    scopes: found.scopes,
    redirectUri: found.redirectUri,
    // Google's way to ask for a refresh token, and OpenID Connect's.
    offline: found.query.get('access_type') === 'offline' || found.scopes.includes('offline_access'),
    ...(challenge !== undefined && { challenge }),
    ...(nonce !== undefined && { nonce }),
  })
  target.searchParams.set('code', code)
  target.searchParams.set('scope', found.scopes.join(' '))
  return redirect(target)
}

function redirect(target: URL): Reply {
  return { status: 302, headers: { location: target.href } }
}

function readAuthorization(authority: Authority, query: URLSearchParams): Authorization | Reply {
  const client = authority.clients.find(candidate => candidate.id === query.get('client_id'))
  if (!client) return html(errorPage('invalid_client', 'The OAuth client was not found.'), 401)
  const redirectUri = query.get('redirect_uri') ?? ''
  if (!allowedRedirect(client, redirectUri)) {
    return html(
      errorPage('redirect_uri_mismatch', `${redirectUri || '(none)'} is not registered for this client.`),
      400,
    )
  }
  if (query.get('response_type') !== 'code') {
    return html(errorPage('unsupported_response_type', 'Only response_type=code is offered.'), 400)
  }
  const method = query.get('code_challenge_method')
  if (query.has('code_challenge') && method !== 'S256') {
    return html(errorPage('invalid_request', 'The sandbox takes code_challenge_method=S256 only.'), 400)
  }
  const scopes = (query.get('scope') ?? '').split(/\s+/).filter(Boolean)
  if (scopes.length === 0) return html(errorPage('invalid_request', 'Missing required parameter: scope'), 400)
  return { client, redirectUri, scopes, query }
}

function allowedRedirect(client: OAuthClient, uri: string): boolean {
  if (client.redirectUris.length > 0) return client.redirectUris.includes(uri)
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  const loopback = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  return protocol === 'https:' || (protocol === 'http:' && loopback)
}
