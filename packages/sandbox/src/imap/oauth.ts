import { answerConsent, showConsent } from '../google/oauth/consent.ts'
import { revokeEndpoint, tokenEndpoint } from '../google/oauth/token-endpoint.ts'
import type { OAuthClient } from '../google/oauth/tokens.ts'
import { json, type Reply } from '../http/reply.ts'
import { type Request, Router } from '../http/router.ts'
import type { Imap } from './imap.ts'

/** `redirectUris` empty: any https address and any on this machine. */
export const DEFAULT_MAIL_CLIENT: OAuthClient = {
  id: 'inlet-mail',
  secret: 'sandbox-mail-secret',
  redirectUris: [],
}

/** The authorization server of the IMAP accounts; undefined for a path that is none of its own. */
export function mailSite(imap: Imap) {
  const router = new Router<Request>()
    .on('GET', '/imap/oauth/authorize', request => showConsent(imap, request.query))
    .on('POST', '/imap/oauth/authorize', request => answerConsent(imap, request))
    .on('POST', '/imap/oauth/token', request => tokenEndpoint(imap, request))
    .on('POST', '/imap/oauth/revoke', request => revokeEndpoint(imap, request))
    .on('POST', '/imap/oauth/introspect', request => introspect(imap, request))
  return async (request: Request): Promise<{ reply: Reply; template: string } | undefined> => {
    const found = router.find(request.method, request.path)
    return 'run' in found ? { reply: await found.run(request), template: found.template } : undefined
  }
}

/** RFC 7662, for mail servers that take these tokens. Anybody may ask. */
function introspect({ tokens, clock }: Imap, request: Request): Reply {
  const token = new URLSearchParams(request.body.toString('utf8')).get('token') ?? ''
  const caller = tokens.caller(token)
  if (!caller) return json({ active: false })
  const { email, client, scopes, expires } = caller
  return json({
    active: true,
    username: email,
    email,
    client_id: client,
    scope: scopes.join(' '),
    exp: Math.floor((Date.now() + expires - clock.now()) / 1000),
  })
}

/** User and token of a client's message, XOAUTH2's or OAUTHBEARER's (RFC 7628 §3.1); null: it is neither. */
export function bearerOf(response: string): { user: string; token: string } | null {
  const [first = '', ...fields] = Buffer.from(response, 'base64').toString('utf8').split('\x01')
  const user = /^(?:user=(.*)|n,a=([^,]*),)$/.exec(first)
  const token = fields.map(field => /^auth=Bearer (.+)$/i.exec(field)?.[1]).find(Boolean)
  if (!user || token === undefined) return null
  return { user: user[1] ?? user[2]?.replaceAll('=2C', ',').replaceAll('=3D', '=') ?? '', token }
}
