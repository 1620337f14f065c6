import type { World } from '@inlet/sync/world'
import { createOAuth, type OAuth } from '../oauth.ts'
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
      refusals: {
        service: 'Google',
        gone: 'access was revoked, the password changed, or it was not used for six months',
        check: "Check the OAuth client's id, secret and redirect URI.",
      },
      // Google ends every token of this project and person with it.
      revocation: { url: new URL('revoke', tokenUrl).href, asClient: false },
    },
    world,
  )
}
