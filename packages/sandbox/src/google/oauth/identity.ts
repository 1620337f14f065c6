import { createHash } from 'node:crypto'
import { json, type Reply } from '../../http/reply.ts'
import { unauthorized } from '../errors.ts'
import type { Google } from '../google.ts'
import type { Caller } from './tokens.ts'

export const ISSUER = 'https://accounts.google.com'

/** The OpenID Connect identity token of a token response. */
export function identityToken(
  google: Google,
  grant: { email: string; client: string; scopes: readonly string[] },
  accessToken: string,
  nonce?: string,
): Promise<string> {
  const iat = Math.floor(google.wallClock.now() / 1000)
  const half = createHash('sha256').update(accessToken).digest().subarray(0, 16)
  return google.keys.sign({
    iss: ISSUER,
    azp: grant.client,
    aud: grant.client,
    ...profileOf(google, grant.email, grant.scopes),
    at_hash: half.toString('base64url'),
    ...(nonce !== undefined && { nonce }),
    iat,
    exp: iat + 3600,
  })
}

export function userinfo(google: Google, caller: Caller): Reply {
  return json(profileOf(google, caller.email, caller.scopes))
}

function profileOf(
  google: Google,
  email: string,
  scopes: readonly string[],
): Record<string, string | boolean> {
  const account = google.mailboxes.get(email)?.account ?? unauthorized()
  const has = (name: string): boolean =>
    scopes.includes(name) || scopes.includes(`https://www.googleapis.com/auth/userinfo.${name}`)
  const [given = account.name, ...family] = account.name.split(' ')
  return {
    sub: account.subject,
    ...(has('email') && { email: account.email, email_verified: true }),
    ...(has('profile') && { name: account.name, given_name: given, family_name: family.join(' ') }),
  }
}

/** `GET /tokeninfo?access_token=`. */
export function tokenInfo(google: Google, token: string): Reply {
  const caller = google.tokens.caller(token)
  if (!caller) return json({ error: 'invalid_token', error_description: 'Invalid Value' }, 400)
  return json({
    azp: caller.client,
    aud: caller.client,
    sub: google.mailboxes.get(caller.email)?.account.subject,
    scope: caller.scopes.join(' '),
    exp: String(Math.floor(caller.expires / 1000)),
    expires_in: String(Math.max(0, Math.floor((caller.expires - google.clock.now()) / 1000))),
    email: caller.email,
    email_verified: 'true',
    access_type: 'offline',
  })
}
