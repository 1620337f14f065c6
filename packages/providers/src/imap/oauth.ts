import type { World } from '@inlet/sync/world'
import { type ClientAuthentication, createOAuth, type OAuth } from '../oauth.ts'
import type { ServerSettings } from './settings.ts'

/** A mail provider with a consent page, as whoever runs Inlet has configured it. */
export type ImapOAuth = {
  /** Stays for good: grants name it, and so does the address that people come back to. */
  id: string
  /** As people know it. */
  name: string
  /** Of addresses. Empty: it is known by its hosts alone. */
  domains: readonly string[]
  /** Further names of its IMAP server, by which mailboxes of other domains are known to be with it. */
  hosts: readonly string[]
  /** The only servers that ever see its tokens. */
  imap: ServerSettings
  smtp: ServerSettings | null
  authorizeUrl: string
  tokenUrl: string
  /** RFC 7009; null: no grant can be given back. */
  revokeUrl: string | null
  clientId: string
  /** null: a public client. */
  clientSecret: string | null
  clientAuthentication: ClientAuthentication
  scopes: readonly string[]
  /** What its consent page wants beside the standard parameters. */
  authorizeParameters: Readonly<Record<string, string>>
  /** Whether it takes passwords as well. */
  passwords: boolean
}

/** Its authorisation server. Whether what was granted is enough, the mail servers say: scopes have no common names. */
export function mailOAuth(provider: ImapOAuth, world: World): OAuth {
  const { name, revokeUrl } = provider
  return createOAuth(
    {
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      clientAuthentication: provider.clientAuthentication,
      authorizeUrl: provider.authorizeUrl,
      tokenUrl: provider.tokenUrl,
      scopes: provider.scopes,
      parameters: loginHint => ({
        ...(loginHint && { login_hint: loginHint }),
        ...provider.authorizeParameters,
      }),
      suffices: () => true,
      says: {
        scopeMissing: `${name} did not grant all that was asked for.`,
        noRefreshToken: `${name} gave no refresh token, so access would end within the hour. Its configuration may lack what asks for one, often the scope offline_access.`,
      },
      refusals: {
        service: name,
        gone: 'access was revoked, the password changed, or it has expired',
        check: "Check the client's id and secret, and that the redirect URI is registered.",
      },
      revocation: revokeUrl === null ? null : { url: revokeUrl, asClient: true },
    },
    world,
  )
}
