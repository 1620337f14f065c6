import { timingSafeEqual } from 'node:crypto'
import { ImapSettingsRequest } from '@inlet/protocol/imap-api'
import type { Runtime } from '@inlet/runtime/compose'
import { connectAccount } from '@inlet/sync/connect-account'
import { isProviderError } from '@inlet/sync/provider-errors'
import * as z from 'zod'
import { type Way, wayOf } from './adapter-of.ts'
import type { SignedIn } from './current-session.ts'
import type { Call, Handler } from './handle.ts'
import { mailGrant, type Refused, refusedCookie, tooManyLogins, wayBack } from './imap-consent.ts'
import { seal, unseal } from './sealed-cookie.ts'

type UserCall = Call & { user: SignedIn }

const COOKIE = 'inlet_connect'
/** Time to read a consent page. */
const TTL_S = 15 * 60
const RENEW_LIMIT_MS = 20_000
const EMAIL_MAX = 320
const NAME_MAX = 200

/** OAuth's and OpenID's words that the person did not want to, or was not there. */
const DENIED = ['access_denied', 'consent_required', 'interaction_required', 'login_required']

const Sealed = z.object({
  provider: z.string(),
  state: z.string(),
  codeVerifier: z.string(),
  userId: z.string(),
  email: z.string().nullable(),
  name: z.string(),
})
type Sealed = z.infer<typeof Sealed>

/**
 * Sends a person to a provider's consent page (OAuth 2.0 with PKCE, RFC 7636, and state). ?email= suggests an account; of
 * a mailbox by IMAP it names it, with ?name= for its owner. By `imap` alone a mailbox is connected again as it was before.
 */
export const leaveForConsent: Handler<UserCall> = async ({ request, params, runtime, user }) => {
  const asked = new URL(request.url).searchParams
  const email = asked.get('email')?.trim().slice(0, EMAIL_MAX) || null
  if (params.provider === 'imap') return redirect(await wayBack(runtime, user, email ?? ''))
  const way = wayOf(runtime, params.provider)
  // It becomes the user name at the mail servers.
  if (way.consent && !ImapSettingsRequest.safeParse({ email }).success) return redirect('/connect/imap')
  const redirectUri = callbackUrl(runtime, way)
  const { url, state, codeVerifier } = way.oauth.authorize({ redirectUri, loginHint: email })
  const name = asked.get('name')?.trim().slice(0, NAME_MAX) ?? ''
  const kept: Sealed = { provider: way.key, state, codeVerifier, userId: user.id, email, name }
  const sealed = seal(runtime.config.authSecret, kept, Date.now() + TTL_S * 1_000)
  return redirect(url, `${COOKIE}=${sealed}; Max-Age=${TTL_S}; ${attributes(runtime)}`)
}

/** The provider sends the person back here. Every way to fail returns to where it began, with a code that the page explains. */
export const backFromConsent: Handler<UserCall> = async call => {
  const { runtime, user } = call
  const way = wayOf(runtime, call.params.provider)
  const sealed = sealedIn(call, way)
  const outcome = sealed ? await finish(call, way, sealed) : ({ error: 'state_mismatch' } as const)
  const gone = `${COOKIE}=; Max-Age=0; ${attributes(runtime)}`
  if ('connected' in outcome) return redirect(`/?connected=${encodeURIComponent(outcome.connected)}`, gone)
  const home = new URLSearchParams({ error: outcome.error, provider: way.key })
  if (!way.consent) return redirect(`/connect?${home}`, gone)
  if (sealed?.email) home.set('email', sealed.email)
  if (!('message' in outcome)) return redirect(`/connect/imap?${home}`, gone)
  if ('reason' in outcome) home.set('reason', outcome.reason)
  return redirect(`/connect/imap?${home}`, gone, refusedCookie(runtime, user, outcome))
}

type Outcome =
  | { connected: string }
  | { error: 'access_denied' | 'state_mismatch' | 'exchange_failed' | 'scope_missing' }
  | Refused

/** What was kept while the person was away; null where this is not the way back from there. */
function sealedIn({ request, runtime, user }: UserCall, way: Way): Sealed | null {
  const cookie = new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(request.headers.get('cookie') ?? '')?.[1] ?? ''
  const { data } = Sealed.safeParse(unseal(runtime.config.authSecret, cookie, Date.now()))
  const state = new URL(request.url).searchParams.get('state') ?? ''
  if (!data || data.provider !== way.key || data.userId !== user.id || !same(data.state, state)) return null
  return data
}

async function finish(call: UserCall, way: Way, { codeVerifier, email, name }: Sealed): Promise<Outcome> {
  const { request, runtime, user, signal } = call
  const params = new URL(request.url).searchParams
  const { oauth, provider, consent } = way
  const denied = params.get('error')
  try {
    if (denied && DENIED.includes(denied)) return { error: 'access_denied' }
    if (denied) throw new Error(`The consent page answered ${denied.slice(0, 60)}.`)
    // Before the code is exchanged: nothing is granted that nobody would use.
    const refused = consent && (await tooManyLogins(call))
    if (refused) return refused
    const code = params.get('code') ?? ''
    const redirectUri = callbackUrl(runtime, way)
    const given = await oauth.exchange({ code, codeVerifier, redirectUri }, signal)
    const grant = consent ? await mailGrant(call, consent, given, { email: email ?? '', name }) : given
    if ('error' in grant) return grant
    const connected = await connectAccount(runtime.engine, { userId: user.id, provider, grant }, signal)
    const detail = { accountId: connected.accountId, email: connected.email }
    await runtime.audit({ userId: user.id, action: 'account_connected', detail })
    call.afterwards(async () => {
      await runtime.renewWatchesNow(AbortSignal.timeout(RENEW_LIMIT_MS))
      await runtime.kick()
    })
    return { connected: connected.email }
  } catch (error) {
    runtime.log.warn({ provider: way.key, error: String(error) }, 'an account could not be connected')
    return { error: isScopeMissing(error) ? 'scope_missing' : 'exchange_failed' }
  }
}

const isScopeMissing = (error: unknown): boolean =>
  isProviderError(error) && (error.cause as { reason?: unknown } | undefined)?.reason === 'scope_missing'

const callbackUrl = ({ config }: Runtime, { key }: Way): string =>
  `${config.baseUrl}/api/accounts/callback/${key}`

const attributes = ({ config }: Runtime): string =>
  `Path=/api/accounts/callback; HttpOnly; SameSite=Lax${config.baseUrl.startsWith('https:') ? '; Secure' : ''}`

function redirect(location: string, ...cookies: string[]): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

function same(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}
