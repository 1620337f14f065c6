import type { Runtime } from '@inlet/runtime/compose'
import type { Grant } from '@inlet/sync/store-port'
import * as z from 'zod'
import { problemText } from '../settings/connect-text.ts'
import { adapterOf, BY_IMAP, type Way } from './adapter-of.ts'
import type { SignedIn } from './current-session.ts'
import type { Call } from './handle.ts'
import { imapAccount, LOGINS, tooMany } from './imap-account.ts'
import { seal, unseal } from './sealed-cookie.ts'

type UserCall = Call & { user: SignedIn }

/** A mail server did not let the granted access in, or is not asked again so soon. `message` is for the person. */
export type Refused =
  | { error: 'mail_server_refused'; reason: string; message: string }
  | { error: 'rate_limited'; message: string }

export const REFUSED_COOKIE = 'inlet_refused'
const REFUSED_S = 10 * 60
const Sealed = z.object({ userId: z.string(), error: z.string(), message: z.string() })

/** Whether this person may have a login tried: to the mail server it is one, whatever proves who is there. */
export async function tooManyLogins({ runtime, user }: UserCall): Promise<Refused | null> {
  const refusal = await tooMany(runtime, LOGINS, user)
  return refusal && { error: 'rate_limited', message: refusal.message }
}

/** What was granted, tried at the mail servers; the same address again keeps its name. */
export async function mailGrant(
  { runtime, user, signal }: UserCall,
  consent: NonNullable<Way['consent']>,
  given: Grant,
  { email, name }: { email: string; name: string },
): Promise<Grant | Refused> {
  const before = await imapAccount(runtime, user, email)
  const grant = consent.grant(given, { email, displayName: name || before?.displayName || '' })
  const problem = await adapterOf(runtime, 'imap').tryLogin(grant, signal)
  if (!problem) return grant
  const { server, code: reason, message } = problem
  runtime.log.warn({ server, reason }, 'a mailbox could not be logged in to')
  return { error: 'mail_server_refused', reason, message }
}

/** The way by which a mailbox was connected before: its provider's consent page, or the form. */
export async function wayBack(runtime: Runtime, user: SignedIn, email: string): Promise<string> {
  const account = await imapAccount(runtime, user, email)
  const stored = account && (await runtime.engine.store.readGrant(account.id))
  const id = stored?.grant.data.oauth
  const consent = typeof id === 'string' ? runtime.adapters.imap?.consents.of(id) : null
  const page = consent ? `/api/accounts/connect/${BY_IMAP}${consent.provider.id}` : '/connect/imap'
  return `${page}?${new URLSearchParams({ email })}`
}

/** Carries the words to the page: in the address they could be anybody's. */
export function refusedCookie({ config }: Runtime, { id: userId }: SignedIn, refused: Refused): string {
  const { error, message } = refused
  const sealed = seal(config.authSecret, { userId, error, message }, Date.now() + REFUSED_S * 1_000)
  const secure = config.baseUrl.startsWith('https:') ? '; Secure' : ''
  return `${REFUSED_COOKIE}=${sealed}; Max-Age=${REFUSED_S}; Path=/connect/imap; HttpOnly; SameSite=Lax${secure}`
}

/** Why somebody came back from a consent page without a mailbox, in a sentence; null where nobody did. */
export function whyBack(
  { config, adapters }: Runtime,
  { id: userId }: SignedIn,
  { error, provider }: { error?: unknown; provider?: unknown },
  cookie: string | undefined,
): string | null {
  if (typeof error !== 'string') return null
  const key = typeof provider === 'string' ? provider : ''
  const name = adapters.imap?.consents.of(key.slice(BY_IMAP.length))?.provider.name
  const { data } = Sealed.safeParse(unseal(config.authSecret, cookie ?? '', Date.now()))
  if (data?.userId === userId && data.error === error) return data.message
  return problemText(error, key, name)
}
