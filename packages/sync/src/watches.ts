import { randomBytes } from 'node:crypto'
import { connect } from './connection.ts'
import { announce, type Engine, providerOf } from './engine.ts'
import { ProviderError } from './provider-errors.ts'
import type { Connection, ProviderPort } from './provider-port.ts'
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
/** What is registering a watch, and has died, holds it as long. */
const CLAIM_MS = 2 * 60_000
/** A registration takes less than its claim. */
const REGISTER_MS = CLAIM_MS - 15_000
/** Also where the round was given up meanwhile. */
const TAKE_BACK_MS = 10_000

export type Renewals = { renewed: number; failed: number }

/**
 * Registers what is missing, renews what ends within `withinMs`: each watch once, also where a new one lives no longer
 * than that. Each account on its own: one that fails is noted on its row with a time to try again, and the others go on.
 * What another process is registering is left to it.
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
      const ends = await Promise.all(
        due.slice(from, from + AT_ONCE).map(watch => renew(engine, watch, signal)),
      )
      for (const end of ends) if (end) total[end] += 1
    }
    for (const { resourceId } of due) tried.add(resourceId)
  }
}

/** null: somebody else is at it, or came before this registration was saved. */
async function renew(engine: Engine, due: WatchDue, outer: AbortSignal): Promise<keyof Renewals | null> {
  const { store, world } = engine
  const now = world.now()
  const claim = await store.claimWatch(due, now, now + CLAIM_MS)
  if (!claim) return null
  const signal = AbortSignal.any([outer, AbortSignal.timeout(REGISTER_MS)])
  const fail = async (error: string, retryAt: number) => {
    const failed = await store.failWatch(claim, error, retryAt, world.now())
    if (failed) await announce(engine, failed)
    return failed && 'failed'
  }
  try {
    const { port } = providerOf(engine, due.provider)
    const secret = randomBytes(24).toString('base64url')
    const callbackUrl = engine.callbackUrl(due.provider)
    const current = due.providerId === null ? null : { providerId: due.providerId }
    const conn = connect(engine, due)
    const grant = await port.watch(conn, due.key, { secret, callbackUrl, current }, signal)
    if (!grant) return await fail('There is no doorbell here; the mailbox is polled.', now + RETRY_CAP_MS)
    const { providerId, expiresAt, renewed } = grant
    const watch = { providerId, expiresAt, secret: renewed ? null : secret }
    const saved = await store.saveWatch(claim, watch, world.now())
    if (!saved) {
      // Kept, it would ring beside the one that counts until it expires.
      if (!renewed && !grant.sole) await unwatch(engine, conn, port, grant, AbortSignal.timeout(TAKE_BACK_MS))
      return null
    }
    await announce(engine, saved)
    // What changed between the end of the old doorbell and this one rang nobody.
    if (!renewed) await store.mark({ resourceId: due.resourceId }, 'schedule', now)
    return 'renewed'
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const floor = error instanceof ProviderError ? (error.retryAt ?? 0) : 0
    const wait = RETRY_BASE_MS + backoffMs(1, world.random(), RETRY_BASE_MS, RETRY_CAP_MS)
    // A round that was given up says nothing of the watch: whoever comes next may try at once.
    const end = await fail(message, outer.aborted ? now : Math.max(now + wait, floor))
    outer.throwIfAborted()
    engine.log.warn({ accountId: due.accountId, error: message }, 'watch not registered')
    return end
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
    await unwatch(engine, conn, port, { providerId: resource.watchId }, signal)
    await announce(engine, await engine.store.removeWatch(resource.id))
  }
}

async function unwatch(
  engine: Engine,
  conn: Connection,
  port: ProviderPort,
  { providerId }: { providerId: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await port.unwatch(conn, { providerId }, signal)
  } catch (error) {
    const { accountId } = conn
    engine.log.warn({ accountId, error: String(error) }, 'watch not stopped at the provider')
  }
}
