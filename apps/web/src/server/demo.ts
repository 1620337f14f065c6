import type { Runtime } from '@inlet/runtime/compose'
import { connectAccount } from '@inlet/sync/connect-account'
import { type Auth, DEMO_EMAIL } from './auth.ts'

/** The demo user's mailbox in the sandbox. */
const DEMO_MAILBOX = 'demo@inlet.test'

/** A session for the demo user, made on first use. The response carries the cookies. */
export async function signInDemo(auth: Auth, token: string): Promise<Response> {
  const credentials = { email: DEMO_EMAIL, password: token }
  const response = await auth.api.signInEmail({ body: credentials, asResponse: true })
  if (response.ok) return response
  return await auth.api.signUpEmail({ body: { ...credentials, name: 'Demo' }, asResponse: true })
}

/** With the sandbox: the demo user exists and has a Gmail account, so that the first page shows mail. */
export async function seedDemo(runtime: Runtime, auth: Auth, signal: AbortSignal): Promise<void> {
  const { demoToken, sandboxUrl } = runtime.config
  if (!demoToken || !sandboxUrl) return
  let userId = await runtime.userIdByEmail(DEMO_EMAIL)
  if (!userId) {
    await auth.api.signUpEmail({ body: { email: DEMO_EMAIL, password: demoToken, name: 'Demo' } })
    userId = await runtime.userIdByEmail(DEMO_EMAIL)
  }
  if (!userId || (await runtime.engine.store.accountsOf(userId)).length > 0) return
  const response = await fetch(`${sandboxUrl}/control/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account: DEMO_MAILBOX }),
    signal,
  })
  if (!response.ok)
    throw new Error(
      `The sandbox gave no token for ${DEMO_MAILBOX}: ${response.status} ${await response.text()}`,
    )
  const token = (await response.json()) as {
    access_token: string
    refresh_token: string
    expires_in?: number
    scope?: string
  }
  const data = {
    accessToken: token.access_token,
    refreshToken: token.refresh_token,
    expiresAt: Date.now() + (token.expires_in ?? 3_600) * 1_000,
    scopes: token.scope ?? '',
  }
  await connectAccount(runtime.engine, { userId, provider: 'gmail', grant: { data } }, signal)
  await runtime.renewWatchesNow(signal)
}
