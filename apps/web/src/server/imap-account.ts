import {
  FoundMailbox,
  ImapConnectRequest,
  type ImapConnectResponse,
  ImapSettingsRequest,
  type ImapSettingsResponse,
  type MailServerRefusal,
} from '@inlet/protocol/imap-api'
import type { RateRule } from '@inlet/realtime/rate-limit'
import type { Runtime } from '@inlet/runtime/compose'
import { connectAccount } from '@inlet/sync/connect-account'
import { isProviderError } from '@inlet/sync/provider-errors'
import type { AccountRecord, Grant } from '@inlet/sync/store-port'
import { adapterOf } from './adapter-of.ts'
import { ApiError, noStore } from './api-error.ts'
import type { SignedIn } from './current-session.ts'
import type { Call, Handler } from './handle.ts'
import { parseJson } from './parse.ts'

type UserCall = Call & { user: SignedIn }

/** Each search knocks at a dozen servers at most. */
const SEARCHES: RateRule = { name: 'imap-settings', limit: 10, windowMs: 60_000 }
/** Enough for somebody who looks for the right password, and nothing for somebody who tries them all. */
export const LOGINS: RateRule = { name: 'imap-login', limit: 10, windowMs: 10 * 60_000 }
const SEARCH_MS = 15_000

/** The servers of an address: those it was connected with before, or those that are found. */
export const findImapSettings: Handler<UserCall> = async ({ request, runtime, user, signal }) => {
  const imap = adapterOf(runtime, 'imap')
  const { email } = await parseJson(ImapSettingsRequest, request)
  await stayWithin(runtime, SEARCHES, user)
  const account = await imapAccount(runtime, user, email)
  const stored = account && (await storedSettings(runtime, account))
  if (stored) return answer({ settings: [stored] } satisfies ImapSettingsResponse)
  const limited = AbortSignal.any([signal, AbortSignal.timeout(SEARCH_MS)])
  const settings = await imap.findSettings(email, limited).catch((error: unknown) => {
    signal.throwIfAborted()
    // Found too late is not found: the person can type them.
    if (limited.aborted) return []
    if (isProviderError(error)) throw new ApiError('bad_request', `${email} is no e-mail address.`)
    throw error
  })
  return answer({ settings } satisfies ImapSettingsResponse)
}

/** Logs in with what the person typed and connects the mailbox; the same address again gets a new way in. */
export const connectImap: Handler<UserCall> = async call => {
  const { request, runtime, user, signal } = call
  const imap = adapterOf(runtime, 'imap')
  const typed = await parseJson(ImapConnectRequest, request)
  await stayWithin(runtime, LOGINS, user)
  const before = await imapAccount(runtime, user, typed.email)
  const grant = grantOf(typed, before?.displayName ?? '')
  const problem = await imap.tryLogin({ data: grant }, signal)
  if (problem) {
    const { server, code: reason, message } = problem
    runtime.log.warn({ server, reason }, 'a mailbox could not be logged in to')
    return answer(
      {
        error: { code: 'mail_server_refused', message, server, reason },
      } satisfies MailServerRefusal,
      422,
    )
  }
  const access = { userId: user.id, provider: 'imap', grant: { data: grant } } as const
  const { accountId, email } = await connectAccount(runtime.engine, access, signal)
  await runtime.audit({ userId: user.id, action: 'account_connected', detail: { accountId, email } })
  call.afterwards(() => runtime.kick())
  return answer({ accountId, email } satisfies ImapConnectResponse)
}

async function stayWithin(runtime: Runtime, rule: RateRule, user: SignedIn): Promise<void> {
  const refusal = await tooMany(runtime, rule, user)
  if (refusal) throw refusal
}

/** Counts a try. null: it is within the rule. */
export async function tooMany(runtime: Runtime, rule: RateRule, user: SignedIn): Promise<ApiError | null> {
  const { ok, retryAfterS: retryAfter } = await runtime.limit(rule, user.id)
  if (ok) return null
  const wait = retryAfter > 90 ? `${Math.ceil(retryAfter / 60)} minutes` : `${retryAfter} s`
  return new ApiError('rate_limited', `Too many tries. Wait ${wait} and try again.`, { retryAfter })
}

/** The person's mailbox of this address, if it is connected by IMAP. */
export async function imapAccount(
  { engine }: Runtime,
  user: SignedIn,
  email: string,
): Promise<AccountRecord | undefined> {
  const mine = await engine.store.accountsOf(user.id)
  return mine.find(each => each.provider === 'imap' && each.email === email.toLowerCase())
}

/** How a connected mailbox is reached, without what proves who is there. */
async function storedSettings(
  { engine, adapters }: Runtime,
  account: AccountRecord,
): Promise<FoundMailbox | null> {
  const stored = await engine.store.readGrant(account.id)
  if (!stored) return null
  const { data } = stored.grant
  const server = (name: 'imap' | 'smtp') =>
    data[`${name}Host`] === null
      ? null
      : { host: data[`${name}Host`], port: data[`${name}Port`], security: data[`${name}Security`] }
  const settings = FoundMailbox.omit({ consent: true }).safeParse({
    source: 'stored',
    name: account.email.slice(account.email.lastIndexOf('@') + 1),
    imap: server('imap'),
    smtp: server('smtp'),
    login: 'password',
    user: data.user,
    note: null,
  })
  if (!settings.success) return null
  const found = adapters.imap?.consents.offer({ ...settings.data, source: 'known' })
  return { consent: null, ...found, ...settings.data, login: found?.login ?? 'password' }
}

function grantOf(typed: ImapConnectRequest, displayName: string) {
  const { email, password, imap, smtp } = typed
  return {
    email,
    displayName: typed.displayName || displayName,
    user: typed.user ?? email,
    password,
    imapHost: imap.host,
    imapPort: imap.port,
    imapSecurity: imap.security,
    smtpHost: smtp?.host ?? null,
    smtpPort: smtp?.port ?? null,
    smtpSecurity: smtp?.security ?? null,
  } satisfies Grant['data']
}

const answer = (body: unknown, status = 200): Response => Response.json(body, { status, headers: noStore })
