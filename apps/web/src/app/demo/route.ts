import { timingSafeEqual } from 'node:crypto'
import { signInDemo } from '@/server/demo.ts'
import { ApiError, openRoute } from '@/server/route.ts'
import { getAuth } from '@/server/runtime.ts'

/** GET /demo?token=…: the link that `npm start` prints. Exists only where INLET_DEMO_TOKEN is set. */
export const GET = openRoute(async ({ request, runtime }) => {
  const wanted = Buffer.from(runtime.config.demoToken ?? '')
  const given = Buffer.from(new URL(request.url).searchParams.get('token') ?? '')
  if (wanted.length === 0 || given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw new ApiError('not_found', 'There is no demo here, or the link is from an earlier installation.')
  const signedIn = await signInDemo(await getAuth(), wanted.toString())
  const headers = new Headers({
    location: '/',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  })
  for (const cookie of signedIn.headers.getSetCookie()) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
})
