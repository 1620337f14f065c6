import { timingSafeEqual } from 'node:crypto'
import type { Runtime } from '@inlet/runtime/compose'
import { connectAccount } from '@inlet/sync/connect-account'
import * as z from 'zod'
import { adapterOf, type Consentable, offered } from './adapter-of.ts'
import { ApiError } from './api-error.ts'
import type { SignedIn } from './current-session.ts'
import type { Call, Handler } from './handle.ts'
import { seal, unseal } from './sealed-cookie.ts'

type UserCall = Call & { user: SignedIn }

const COOKIE = 'inlet_connect'
/** Time to read a consent page. */
const TTL_S = 15 * 60
const RENEW_LIMIT_MS = 20_000

const Sealed = z.object({
  provider: z.string(),
  state: z.string(),
  codeVerifier: z.string(),
  userId: z.string(),
})

/** Sends a person to a provider's consent page (OAuth 2.0 with PKCE, RFC 7636, and state). ?email= suggests an account. */
export const leaveForConsent: Handler<UserCall> = ({ request, params, runtime, user }) => {
  const provider = providerIn(params, runtime)
  const loginHint = new URL(request.url).searchParams.get('email')?.slice(0, 320) ?? null
  const redirectUri = callbackUrl(runtime, provider)
  const { url, state, codeVerifier } = adapterOf(runtime, provider).oauth.authorize({
    redirectUri,
    loginHint,
  })
  const kept = { provider, state, codeVerifier, userId: user.id }
  const sealed = seal(runtime.config.authSecret, kept, Date.now() + TTL_S * 1_000)
  const secure = runtime.config.baseUrl.startsWith('https:') ? '; Secure' : ''
  return redirect(url, `${sealed}; Max-Age=${TTL_S}${secure}`)
}

/** The provider sends the person back here. Every way to fail returns to /connect with a code that the page explains. */
export const backFromConsent: Handler<UserCall> = async call => {
  const provider = providerIn(call.params, call.runtime)
  const outcome = await finish(call, provider)
  const location =
    'connected' in outcome
      ? `/?connected=${encodeURIComponent(outcome.connected)}`
      : `/connect?error=${outcome.error}&provider=${provider}`
  return redirect(location, '; Max-Age=0')
}

type Outcome =
  | { connected: string }
  | { error: 'access_denied' | 'state_mismatch' | 'exchange_failed' | 'scope_missing' }

async function finish(call: UserCall, provider: Consentable): Promise<Outcome> {
  const { request, runtime, user, signal } = call
  const params = new URL(request.url).searchParams
  const cookie = new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(request.headers.get('cookie') ?? '')?.[1] ?? ''
  const sealed = Sealed.safeParse(unseal(runtime.config.authSecret, cookie, Date.now()))
  if (
    !sealed.success ||
    sealed.data.provider !== provider ||
    sealed.data.userId !== user.id ||
    !same(sealed.data.state, params.get('state') ?? '')
  )
    return { error: 'state_mismatch' }
  if (params.get('error')) return { error: 'access_denied' }
  try {
    const code = params.get('code') ?? ''
    const { codeVerifier } = sealed.data
    const redirectUri = callbackUrl(runtime, provider)
    const { oauth } = adapterOf(runtime, provider)
    const grant = await oauth.exchange({ code, codeVerifier, redirectUri }, signal)
    const access = { userId: user.id, provider, grant }
    const { accountId, email } = await connectAccount(runtime.engine, access, signal)
    await runtime.audit({ userId: user.id, action: 'account_connected', detail: { accountId, email } })
    call.afterwards(async () => {
      await runtime.renewWatchesNow(AbortSignal.timeout(RENEW_LIMIT_MS))
      await runtime.kick()
    })
    return { connected: email }
  } catch (error) {
    runtime.log.warn({ provider, error: String(error) }, 'an account could not be connected')
    return { error: /permission|scope/i.test(String(error)) ? 'scope_missing' : 'exchange_failed' }
  }
}

function providerIn(params: Record<string, string>, runtime: Runtime): Consentable {
  const provider = offered(runtime).find(each => each === params.provider)
  if (!provider || provider === 'imap')
    throw new ApiError('not_found', 'This provider is not configured here.')
  return provider
}

const callbackUrl = ({ config }: Runtime, provider: Consentable): string =>
  `${config.baseUrl}/api/accounts/callback/${provider}`

function redirect(location: string, cookie: string): Response {
  const set = `${COOKIE}=${cookie}; Path=/api/accounts/callback; HttpOnly; SameSite=Lax`
  return new Response(null, {
    status: 303,
    headers: { location, 'set-cookie': set, 'cache-control': 'no-store' },
  })
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
