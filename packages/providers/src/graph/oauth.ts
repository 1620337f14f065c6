import { ProviderError } from '@inlet/sync/provider-errors'
import type { World } from '@inlet/sync/world'
import * as z from 'zod'
import { createOAuth, type OAuth, type TokenAnswer } from '../oauth.ts'
import type { GraphSettings } from './config.ts'
import { failureOfThrown } from './errors.ts'

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

const TokenError = z.object({ error: z.string(), error_codes: z.array(z.number()).optional() })

/** Words by which Entra says that the person is wanted; everything else is ours or Microsoft's to mend. */
const PERSON = new Set(['invalid_grant', 'interaction_required', 'consent_required', 'login_required'])
const PASSING = new Set(['temporarily_unavailable', 'server_error'])

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
      refusal,
      unreachable(error) {
        const { code } = failureOfThrown(error)
        return new ProviderError('transient', `Microsoft's token service could not be reached (${code}).`, {
          cause: { code },
        })
      },
    },
    world,
  )
}

/** Entra's document: OAuth's word and AADSTS numbers. Its description may quote what was sent, so it is not kept (I12). */
function refusal({ status, body, retryAt }: TokenAnswer): ProviderError {
  const said = TokenError.safeParse(body)
  const word = said.success ? said.data.error.slice(0, 60) : ''
  const codes = said.success ? (said.data.error_codes ?? []).map(code => `AADSTS${code}`).join(' ') : ''
  const reason = [word, codes].filter(Boolean).join(' ')
  const cause = { status, reason }
  if (PERSON.has(word))
    return new ProviderError(
      'unauthorized',
      `Microsoft no longer accepts the grant (${reason}): access was revoked, the password changed, it was not used for 90 days, or the organisation wants another sign-in. Connect the account again.`,
      { cause, reconnect: true },
    )
  if (status === 429)
    return new ProviderError('rate_limited', "Microsoft's token service asks us to slow down.", {
      cause,
      retryAt,
    })
  if (status >= 500 || status === 408 || PASSING.has(word) || (status === 200 && !word))
    return new ProviderError('transient', `Microsoft's token service failed for the moment (${status}).`, {
      cause,
      retryAt,
    })
  return new ProviderError(
    'permanent',
    `Microsoft's token service refused us (${status} ${reason || 'without a reason'}). Check the app's id, its secret (and whether that has expired), its redirect URI and the tenant.`,
    { cause },
  )
}
