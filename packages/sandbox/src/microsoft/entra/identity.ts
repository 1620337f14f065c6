import { json, type Reply } from '../../http/reply.ts'
import { hash32 } from '../../random.ts'
import type { OutlookAccount } from '../mailbox/types.ts'
import type { Microsoft } from '../microsoft.ts'
import { TENANT } from './clients.ts'

function issuer(base: string, tenant: string): string {
  return `${base}/${tenant}/v2.0`
}

/** The OpenID Connect identity token of a token response; it follows real time, since its reader does. */
export function identityToken(
  microsoft: Microsoft,
  account: OutlookAccount,
  client: string,
  nonce?: string,
): Promise<string> {
  const iat = Math.floor(microsoft.wallClock.now() / 1000)
  return microsoft.keys.sign({
    iss: issuer('https://login.microsoftonline.com', TENANT),
    aud: client,
    sub: subjectOf(account),
    oid: account.userId,
    tid: TENANT,
    ver: '2.0',
    name: account.name,
    email: account.email,
    preferred_username: account.email,
    ...(nonce !== undefined && { nonce }),
    iat,
    nbf: iat,
    exp: iat + 3600,
  })
}

/** `GET /oidc/userinfo`. */
export function userinfo(account: OutlookAccount): Reply {
  const [given = account.name, ...family] = account.name.split(' ')
  return json({
    sub: subjectOf(account),
    name: account.name,
    given_name: given,
    family_name: family.join(' '),
    email: account.email,
  })
}

/** `GET /{tenant}/v2.0/.well-known/openid-configuration`. */
export function openidConfiguration(base: string, tenant: string): Reply {
  return json({
    issuer: issuer('https://login.microsoftonline.com', TENANT),
    authorization_endpoint: `${base}/${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/${tenant}/oauth2/v2.0/token`,
    jwks_uri: `${base}/${tenant}/discovery/v2.0/keys`,
    userinfo_endpoint: `${base}/oidc/userinfo`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  })
}

function subjectOf(account: OutlookAccount): string {
  return Buffer.from(`${account.userId}:${hash32(account.email)}`).toString('base64url')
}
