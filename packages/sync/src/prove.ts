import type { Proof } from '@inlet/protocol/entities'
import { connect } from './connection.ts'
import { announce, type Engine, providerOf } from './engine.ts'
import { startReconcile } from './reconcile.ts'
import type { AccountRecord } from './store-port.ts'

/** Counts that have disagreed for so long, with nothing due, are no mail in transit. */
const PATIENCE_MS = 10 * 60_000
const HOUR_MS = 60 * 60_000

/**
 * Sets the provider's own total beside ours. The number shown as proof is what the provider said, whatever we believe.
 * Where the two go on disagreeing every id is compared. Returns how many are missing here (negative: too many).
 */
export async function prove(engine: Engine, accountId: string, signal: AbortSignal): Promise<number> {
  const account = await engine.store.account(accountId)
  if (!account) return 0
  const { port } = providerOf(engine, account.provider)
  const conn = connect(engine, { accountId, email: account.email, provider: account.provider })
  const { messages: total } = await port.counts(conn, null, signal)
  const stored = await engine.store.storedCount(accountId, port.placed ? 'places' : 'messages')
  const now = engine.world.now()
  const counts = { stored, provider: total, checkedAt: now }
  const differsSince = disagreeing(account, counts)
  await announce(engine, await engine.store.saveProof(accountId, { ...counts, differsSince }))
  if (differsSince !== null && wantsComparison(account, differsSince, now))
    await startReconcile(engine, accountId, 'counts', now - HOUR_MS)
  return total - stored
}

/** Since when the counts differ by this much. What is on its way, and what could not be fetched, is no difference. */
export function disagreeing(
  { proof, failedItems, resources }: Pick<AccountRecord, 'proof' | 'failedItems' | 'resources'>,
  counts: Pick<Proof, 'stored' | 'provider' | 'checkedAt'>,
): number | null {
  const gap = counts.provider - counts.stored
  if (gap >= 0 && gap <= failedItems) return null
  if (
    resources.some(({ lane, due, cursor }) => (lane === 'listing' ? cursor !== null : lane === 'live' && due))
  )
    return null
  const before = proof?.differsSince ?? null
  return before !== null && proof && proof.provider - proof.stored === gap ? before : counts.checkedAt
}

/** Once for each disagreement: a provider may count otherwise than it lists, and that no walk mends. */
export const wantsComparison = (
  { proof }: Pick<AccountRecord, 'proof'>,
  differsSince: number,
  now: number,
): boolean => now - differsSince >= PATIENCE_MS && (proof?.compared?.at ?? 0) < differsSince
