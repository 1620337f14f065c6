import { randomBytes } from 'node:crypto'
import { connect } from './connection.ts'
import { announce, type Engine, providerOf } from './engine.ts'
import { ProviderError } from './provider-errors.ts'
import { backoffMs } from './retry.ts'
import type { WatchDue } from './store-port.ts'

/** A watch with less than this to live is renewed. Gmail's live 7 days, and renewing is the same call as registering. */
export const RENEW_WITHIN_MS = 24 * 60 * 60_000
/** Renewed daily whatever is left, as Gmail's push guide asks. */
export const RENEW_DAILY_MS = 6 * 24 * 60 * 60_000

const PAGE = 50
const AT_ONCE = 4
const RETRY_BASE_MS = 60_000
const RETRY_CAP_MS = 60 * 60_000

export type Renewals = { renewed: number; failed: number }

/**
 * Registers what is missing, renews what ends within `withinMs`: each watch once, also where a new one lives no longer
 * than that. Each account on its own: one that fails is noted on its row with a time to try again, and the others go on.
 */
export async function renewWatches(engine: Engine, withinMs: number, signal: AbortSignal): Promise<Renewals> {
  const total: Renewals = { renewed: 0, failed: 0 }
  const until = engine.world.now() + withinMs
  const tried = new Set<string>()
  for (;;) {
    signal.throwIfAborted()
    const now = engine.world.now()
    const due = (await engine.store.watchesDue(now, until - now, PAGE + tried.size)).filter(
      ({ resourceId }) => !tried.has(resourceId),
    )
    if (due.length === 0) return total
    for (let from = 0; from < due.length; from += AT_ONCE) {
      const results = await Promise.all(
        due.slice(from, from + AT_ONCE).map(watch => renew(engine, watch, signal)),
      )
      for (const ok of results) total[ok ? 'renewed' : 'failed'] += 1
    }
    for (const { resourceId } of due) tried.add(resourceId)
  }
}

async function renew(engine: Engine, due: WatchDue, signal: AbortSignal): Promise<boolean> {
  const now = engine.world.now()
  try {
    const { port } = providerOf(engine, due.provider)
    const secret = randomBytes(24).toString('base64url')
    const callbackUrl = engine.callbackUrl(due.provider)
    const current = due.providerId === null ? null : { providerId: due.providerId }
    const grant = await port.watch(connect(engine, due), due.key, { secret, callbackUrl, current }, signal)
    if (!grant) {
      const none = 'There is no doorbell here; the mailbox is polled.'
      await announce(engine, await engine.store.failWatch(due.resourceId, none, now + RETRY_CAP_MS, now))
      return false
    }
    const { providerId, expiresAt, renewed } = grant
    const watch = { providerId, expiresAt, secret: renewed ? null : secret }
    await announce(engine, await engine.store.saveWatch(due.resourceId, watch, now))
    // What changed between the end of the old doorbell and this one rang nobody.
    if (!renewed) await engine.store.mark({ resourceId: due.resourceId }, 'schedule', now)
    return true
  } catch (error) {
    signal.throwIfAborted()
    const message = error instanceof Error ? error.message : String(error)
    const floor = error instanceof ProviderError ? (error.retryAt ?? 0) : 0
    const wait = RETRY_BASE_MS + backoffMs(1, engine.world.random(), RETRY_BASE_MS, RETRY_CAP_MS)
    engine.log.warn({ accountId: due.accountId, error: message }, 'watch not registered')
    const retryAt = Math.max(now + wait, floor)
    await announce(engine, await engine.store.failWatch(due.resourceId, message, retryAt, now))
    return false
  }
}

/** Stops the doorbell and forgets it. A provider that fails to answer is ignored: the watch lapses by itself. */
export async function stopWatches(engine: Engine, accountId: string, signal: AbortSignal): Promise<void> {
  const account = await engine.store.account(accountId)
  if (!account) return
  const { port } = providerOf(engine, account.provider)
  const conn = connect(engine, { accountId, email: account.email, provider: account.provider })
  for (const resource of account.resources) {
    if (resource.watchId === null) continue
    try {
      await port.unwatch(conn, { providerId: resource.watchId }, signal)
    } catch (error) {
      engine.log.warn({ accountId, error: String(error) }, 'watch not stopped at the provider')
    }
    await announce(engine, await engine.store.removeWatch(resource.id))
  }
}
