import type { World } from '@inlet/sync/world'
import * as z from 'zod'
import { createOAuth, type OAuth } from '../oauth.ts'
import type { GraphSettings } from './config.ts'

/** A refresh token, who the person is, and their mail: to read, file, flag and draft it, and to send. */
export const GRAPH_SCOPES = [
  'offline_access',
  'openid',
  'profile',
  'email',
  'User.Read',
  'Mail.ReadWrite',
  'Mail.Send',
] as const
const NEEDED = ['mail.readwrite', 'mail.send']

const Codes = z.object({ error_codes: z.array(z.number()) })

/** Each refresh brings a new refresh token; the old one dies of age. Entra lets no app give a grant back. */
export function microsoftOAuth(settings: GraphSettings, world: World): OAuth {
  const { clientId, clientSecret, tenant, loginBaseUrl } = settings
  const endpoint = (name: 'authorize' | 'token') =>
    new URL(`/${encodeURIComponent(tenant)}/oauth2/v2.0/${name}`, loginBaseUrl).href
  return createOAuth(
    {
      clientId,
      clientSecret,
      authorizeUrl: endpoint('authorize'),
      tokenUrl: endpoint('token'),
      scopes: GRAPH_SCOPES,
      parameters: loginHint => ({
        response_mode: 'query',
        // Without it Microsoft silently takes whoever is signed in to the browser.
        ...(loginHint ? { login_hint: loginHint } : { prompt: 'select_account' }),
      }),
      suffices(given) {
        // Scopes may come with Graph's address before them.
        const granted = given.map(scope => scope.toLowerCase().replace(/^.*\//, ''))
        return NEEDED.every(scope => granted.includes(scope))
      },
      says: {
        scopeMissing:
          'Microsoft granted access without the permission to read, change and send mail. Connect again and accept all that is asked for.',
        noRefreshToken:
          'Microsoft gave no refresh token, so access would end within the hour. Connect again, and accept that access is kept.',
      },
      refusals: {
        service: 'Microsoft',
        gone: 'access was revoked, the password changed, it was not used for 90 days, or the organisation wants another sign-in',
        check:
          "Check the app's id, its secret (and whether that has expired), its redirect URI and the tenant.",
        detail: numbersOf,
      },
    },
    world,
  )
}

/** Entra's numbers for what OAuth has one word for. */
function numbersOf(body: unknown): string {
  const said = Codes.safeParse(body)
  return said.success ? said.data.error_codes.map(code => `AADSTS${code}`).join(' ') : ''
}
