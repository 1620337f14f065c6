import type { Runtime } from '@inlet/runtime/compose'
import { connectAccount } from '@inlet/sync/connect-account'
import { offered } from './adapter-of.ts'
import { type Auth, DEMO_EMAIL } from './auth.ts'

/** The demo user's mailboxes in the sandbox, and where its control API gives their tokens. */
const DEMO_MAILBOXES = [
  { provider: 'gmail', email: 'demo@inlet.test', tokens: '/control/token' },
  { provider: 'graph', email: 'demo@outlook.inlet.test', tokens: '/control/microsoft/token' },
] as const

/** A session for the demo user, made on first use. The response carries the cookies. */
export async function signInDemo(auth: Auth, token: string): Promise<Response> {
  const credentials = { email: DEMO_EMAIL, password: token }
  const response = await auth.api.signInEmail({ body: credentials, asResponse: true })
  if (response.ok) return response
  return await auth.api.signUpEmail({ body: { ...credentials, name: 'Demo' }, asResponse: true })
}

/** With the sandbox: the demo user exists and has an account of each provider, so that the first page shows mail. */
export async function seedDemo(runtime: Runtime, auth: Auth, signal: AbortSignal): Promise<void> {
  const { demoToken, sandboxUrl } = runtime.config
  if (!demoToken || !sandboxUrl) return
  let userId = await runtime.userIdByEmail(DEMO_EMAIL)
  if (!userId) {
    await auth.api.signUpEmail({ body: { email: DEMO_EMAIL, password: demoToken, name: 'Demo' } })
    userId = await runtime.userIdByEmail(DEMO_EMAIL)
  }
  if (!userId || (await runtime.engine.store.accountsOf(userId)).length > 0) return
  for (const { provider, email, tokens } of DEMO_MAILBOXES) {
    if (!offered(runtime).includes(provider)) continue
    const data = await sandboxGrant(sandboxUrl + tokens, email, signal)
    await connectAccount(runtime.engine, { userId, provider, grant: { data } }, signal)
  }
  await runtime.renewWatchesNow(signal)
  await connectImapDemo(runtime, userId, signal)
}

/** The third mailbox, by password. */
async function connectImapDemo(runtime: Runtime, userId: string, signal: AbortSignal): Promise<void> {
  const { sandboxImap } = runtime.config
  if (!sandboxImap || !offered(runtime).includes('imap')) return
  const { user, password, host, port, smtpPort } = sandboxImap
  const data = {
    ...{ email: user, displayName: 'Demo', user, password },
    ...{ imapHost: host, imapPort: port, imapSecurity: 'none' },
    ...{ smtpHost: smtpPort && host, smtpPort, smtpSecurity: smtpPort && 'none' },
  }
  await connectAccount(runtime.engine, { userId, provider: 'imap', grant: { data } }, signal)
}

async function sandboxGrant(url: string, email: string, signal: AbortSignal) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account: email }),
    signal,
  })
  if (!response.ok)
    throw new Error(`The sandbox gave no token for ${email}: ${response.status} ${await response.text()}`)
  const token = (await response.json()) as {
    access_token: string
    refresh_token: string
    expires_in?: number
    scope?: string
  }
  return {
    accessToken: token.access_token,
    refreshToken: token.refresh_token,
    expiresAt: Date.now() + (token.expires_in ?? 3_600) * 1_000,
    scopes: token.scope ?? '',
  }
}
