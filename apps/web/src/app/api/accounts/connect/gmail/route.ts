import { CONNECT_COOKIE, CONNECT_TTL_S, callbackUrl } from '@/server/connect.ts'
import { userRoute } from '@/server/route.ts'
import { seal } from '@/server/sealed-cookie.ts'

/** Sends a person to Google's consent page (OAuth 2.0 with PKCE, RFC 7636, and state). ?email= suggests an account. */
export const GET = userRoute(({ request, runtime, user }) => {
  const loginHint = new URL(request.url).searchParams.get('email')?.slice(0, 320) ?? null
  const { url, state, codeVerifier } = runtime
    .gmail()
    .oauth.authorize({ redirectUri: callbackUrl(runtime), loginHint })
  const expiresAt = Date.now() + CONNECT_TTL_S * 1_000
  const sealed = seal(runtime.config.authSecret, { state, codeVerifier, userId: user.id }, expiresAt)
  const secure = runtime.config.baseUrl.startsWith('https:') ? '; Secure' : ''
  const cookie = `${CONNECT_COOKIE}=${sealed}; Path=/api/accounts/callback; HttpOnly; SameSite=Lax; Max-Age=${CONNECT_TTL_S}${secure}`
  return new Response(null, {
    status: 303,
    headers: { location: url, 'set-cookie': cookie, 'cache-control': 'no-store' },
  })
})
