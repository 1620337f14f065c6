import { timingSafeEqual } from 'node:crypto'
import { connectAccount } from '@inlet/sync/connect-account'
import { after } from 'next/server'
import * as z from 'zod'
import { CONNECT_COOKIE, callbackUrl } from '@/server/connect.ts'
import type { SignedIn } from '@/server/current-session.ts'
import { type Call, userRoute } from '@/server/route.ts'
import { unseal } from '@/server/sealed-cookie.ts'

const Sealed = z.object({ state: z.string(), codeVerifier: z.string(), userId: z.string() })

/** Google sends the person back here. Every way to fail returns to /connect with a code that the page explains. */
export const GET = userRoute(async call => {
  const outcome = await finish(call)
  const location =
    'connected' in outcome
      ? `/?connected=${encodeURIComponent(outcome.connected)}`
      : `/connect?error=${outcome.error}`
  const cleared = `${CONNECT_COOKIE}=; Path=/api/accounts/callback; HttpOnly; SameSite=Lax; Max-Age=0`
  return new Response(null, {
    status: 303,
    headers: { location, 'set-cookie': cleared, 'cache-control': 'no-store' },
  })
})

type Outcome =
  | { connected: string }
  | { error: 'access_denied' | 'state_mismatch' | 'exchange_failed' | 'scope_missing' }

async function finish({ request: from, runtime, user, signal }: Call & { user: SignedIn }): Promise<Outcome> {
  const params = new URL(from.url).searchParams
  const cookie =
    new RegExp(`(?:^|; )${CONNECT_COOKIE}=([^;]+)`).exec(from.headers.get('cookie') ?? '')?.[1] ?? ''
  const sealed = Sealed.safeParse(unseal(runtime.config.authSecret, cookie, Date.now()))
  if (
    !sealed.success ||
    sealed.data.userId !== user.id ||
    !same(sealed.data.state, params.get('state') ?? '')
  )
    return { error: 'state_mismatch' }
  if (params.get('error')) return { error: 'access_denied' }
  try {
    const { codeVerifier } = sealed.data
    const request = { code: params.get('code') ?? '', codeVerifier, redirectUri: callbackUrl(runtime) }
    const grant = await runtime.gmail().oauth.exchange(request, signal)
    const { accountId, email } = await connectAccount(
      runtime.engine,
      { userId: user.id, provider: 'gmail', grant },
      signal,
    )
    await runtime.audit({ userId: user.id, action: 'account_connected', detail: { accountId, email } })
    after(async () => {
      await runtime.renewWatchesNow(AbortSignal.timeout(20_000))
      await runtime.kick()
    })
    return { connected: email }
  } catch (error) {
    runtime.log.warn({ error: String(error) }, 'an account could not be connected')
    return { error: /permission|scope/i.test(String(error)) ? 'scope_missing' : 'exchange_failed' }
  }
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
