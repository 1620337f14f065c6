import { ProviderError } from '@inlet/sync/provider-errors'
import type { World } from '@inlet/sync/world'
import * as z from 'zod'
import { createOAuth, type OAuth, type TokenAnswer } from '../oauth.ts'
import type { GmailSettings } from './config.ts'

/**
 * Read, label, trash, draft and send (gmail.modify covers all of these and watch), and who the person is. Deleting
 * for ever would need the full scope mail.google.com; Inlet never does.
 */
export const GMAIL_SCOPES = [
  'https://www.googleapis.com/auth/gmail.modify',
  'openid',
  'email',
  'profile',
] as const
const NEEDED = GMAIL_SCOPES[0]
const FULL = 'https://mail.google.com/'

const TokenError = z.object({ error: z.string(), error_description: z.string().optional() })

export function googleOAuth(settings: GmailSettings, world: World): OAuth {
  const { clientId, clientSecret, tokenUrl } = settings
  return createOAuth(
    {
      clientId,
      clientSecret,
      tokenUrl,
      authorizeUrl: new URL('/o/oauth2/v2/auth', settings.oauthBaseUrl).href,
      scopes: GMAIL_SCOPES,
      parameters: loginHint => ({
        // Together these make Google give a refresh token each time, not only at the first consent.
        access_type: 'offline',
        prompt: 'consent',
        include_granted_scopes: 'true',
        ...(loginHint && { login_hint: loginHint }),
      }),
      suffices: granted => granted.includes(NEEDED) || granted.includes(FULL),
      says: {
        scopeMissing:
          'Google granted access without the permission to read and change mail. Connect again and leave its box ticked.',
        noRefreshToken:
          'Google gave no refresh token, so access would end within the hour. Remove Inlet at myaccount.google.com/permissions and connect again.',
      },
      refusal,
      unreachable(error) {
        const code = error instanceof Error ? error.name : 'error'
        return new ProviderError('transient', `Google's token service could not be reached (${code}).`, {
          cause: { code },
        })
      },
      // Google ends every token of this project and person with it.
      async revoke(held, post) {
        const { status } = await post(new URL('revoke', tokenUrl).href, { token: held })
        if (status >= 500 || status === 429)
          throw new ProviderError('transient', `Google could not revoke the grant just now (${status}).`)
      },
    },
    world,
  )
}

/** RFC 6749 §5.2. Only invalid_grant says that the person's consent is gone; the others are ours to mend. */
function refusal({ status, body, retryAt }: TokenAnswer): ProviderError {
  const said = TokenError.safeParse(body)
  const reason = said.success ? said.data.error.slice(0, 60) : ''
  const cause = { status, reason }
  if (reason === 'invalid_grant')
    return new ProviderError(
      'unauthorized',
      'Google no longer accepts the grant (invalid_grant): access was revoked, the password changed, or it was not used for six months. Connect the account again.',
      { cause, reconnect: true },
    )
  if (status === 429)
    return new ProviderError('rate_limited', "Google's token service asks us to slow down.", {
      cause,
      retryAt,
    })
  if (status >= 500 || status === 408 || (status === 200 && !reason))
    return new ProviderError('transient', `Google's token service failed for the moment (${status}).`, {
      cause,
      retryAt,
    })
  return new ProviderError(
    'permanent',
    `Google's token service refused us (${status} ${reason || 'without a reason'}). Check the OAuth client's id, secret and redirect URI.`,
    { cause },
  )
}
