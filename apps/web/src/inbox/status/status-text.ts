import type { Account, AccountStatus, Compared, Provider, StatusReason } from '@inlet/protocol/entities'
import { clock, count, plural } from '../../ui/format.ts'

type State = AccountStatus['state']

const providers: Record<Provider, string> = {
  gmail: 'Gmail',
  graph: 'Outlook',
  imap: 'IMAP',
  'google-calendar': 'Google Calendar',
}
export const providerName = (provider: Provider): string => providers[provider]
/** Who does what a sentence tells. */
const actor = (provider: Provider): string =>
  provider === 'imap' ? 'The mail server' : providerName(provider)

/** Whether the provider tells us of new mail; IMAP servers are asked. */
export const announces = ({ provider }: Pick<Account, 'provider'>): boolean => provider !== 'imap'

export const stateName: Record<State, string> = {
  active: 'Active',
  degraded: 'Degraded',
  disconnected: 'Disconnected',
}

type Facts = { account: Account; name: string; now: number; retry: string }

// "Trying again at 14:05." only where the engine has named a moment that has not passed.
function retryText({ status }: Account, now: number): string {
  return status.retryAt !== null && status.retryAt > now
    ? ` Trying again at ${clock(status.retryAt, now)}.`
    : ''
}

function listing({ progress }: Account): string {
  if (!progress) return ''
  return progress.total === null
    ? ` ${count(progress.done)} so far.`
    : ` ${count(progress.done)} of ${count(progress.total)}.`
}

const sentences: Record<StatusReason, (facts: Facts) => string> = {
  backfilling: ({ account }) =>
    `Copying older mail, newest first.${listing(account)} New mail arrives meanwhile.`,
  resyncing: ({ account, name }) =>
    `${name} no longer knows our place in its history, so every message is being compared.${listing(account)} Nothing is lost.`,
  watch_missing: ({ name }) =>
    `${name} does not announce new mail yet, so we ask every 2–3 minutes until it does.`,
  watch_expired: ({ name, account, now }) =>
    `${name}'s announcements ended${account.watchExpiresAt ? ` at ${clock(account.watchExpiresAt, now)}` : ''}. We ask every 2–3 minutes while they are renewed.`,
  push_silent: ({ name }) =>
    `${name} has announced nothing for 10 minutes, so we ask every 2–3 minutes to be sure.`,
  throttled: ({ name, retry }) => `${name} asked us to slow down.${retry}`,
  failing: ({ account, retry }) =>
    `The last sync failed${account.status.error ? `: ${account.status.error}` : ''}.${retry}`,
  cooling_down: ({ account, retry }) =>
    `Several syncs in a row failed, so we pause before the next.${retry}${account.status.error ? ` The last one said: ${account.status.error}` : ''}`,
  failed_items: ({ account }) =>
    `${plural(account.failedItems, 'message')} could not be fetched and will be tried again. Everything else is here.`,
  never_synced: () => 'The first sync has not run yet.',
  reconnect_needed: ({ name }) =>
    `${name} no longer accepts our access. Reconnect to go on; what is here stays, and nothing is skipped.`,
  stopped: () => 'Live sync is switched off for this account. Start it in settings.',
}

const calm: Record<State, (facts: Facts) => string> = {
  active: ({ account, name }) =>
    announces(account)
      ? `${name} announces new mail the moment it arrives.`
      : `${name} is asked for new mail every 30 s while you are here.`,
  degraded: () => 'Mail is up to date, but may come later than usual.',
  disconnected: () => 'This account is not syncing.',
}

/** One or two plain sentences: what is the matter, and what happens next. */
export function statusSentence(account: Account, now: number): string {
  const facts = { account, name: actor(account.provider), now, retry: retryText(account, now) }
  const { reason, state } = account.status
  return (reason ? sentences[reason] : calm[state])(facts)
}

/** "6,046 of 6,046 mirrored". */
export const proofText = ({ proof }: Account): string | null =>
  proof ? `${count(proof.stored)} of ${count(proof.provider)} mirrored` : null

/** Of an account that we listen at. */
export const listeningSentence =
  'Inlet listens at its inbox, so new mail shows at once. Other folders are asked every 30 s while you are here.'

/**
 * "no differences", or "2 messages were missing and have been stored, 1 was gone there and has been removed": what a
 * comparison of every id found, and what became of it.
 */
export function foundText({ missing, extra, differing, failed }: Omit<Compared, 'at'>): string {
  const was = (n: number, what: string, done: string, dones = done.replace(/^has/, 'have')) =>
    n === 0 ? [] : [`${count(n)} ${n === 1 ? 'was' : 'were'} ${what} and ${n === 1 ? done : dones}`]
  const parts = [
    ...was(missing, 'missing', 'has been stored'),
    ...was(extra, 'no longer there', 'has been removed'),
    ...was(differing, 'different', 'has been corrected'),
    ...was(failed, 'unreadable', 'will be tried again', 'will be tried again'),
  ]
  return parts.length === 0 ? 'no differences' : parts.join(', ')
}

/** "03:12, no differences". */
export function comparedText({ proof }: Account, now: number): string {
  const compared = proof?.compared
  return compared ? `${clock(compared.at, now)}, ${foundText(compared)}` : 'not yet; it is every night'
}
