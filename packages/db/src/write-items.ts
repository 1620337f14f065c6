import type { Writes } from '@inlet/sync/plan'
import { rowId } from '@inlet/sync/row-id'
import type { Batch } from '@inlet/sync/store-port'
import { columns } from './columns.ts'
import { failItems } from './sql/fail-items.ts'
import { healItems } from './sql/heal-items.ts'
import type { Tx } from './transaction.ts'

/** Failed items come and go (I10). They show in the account's row, not in the feed. `failing`: there are some. */
export function writeItems(tx: Tx, batch: Batch, writes: Writes, failing: boolean): void {
  const { userId, accountId } = batch
  const idOf = (providerId: string) => rowId(accountId, 'message', providerId)
  if (failing && writes.healed.length > 0)
    tx.send(healItems, [
      userId,
      ...columns(writes.healed, [item => idOf(item.providerId), item => item.attempts]),
    ])
  const failures = [...new Map(writes.failures.map(failure => [failure.providerId, failure])).values()]
  if (failures.length === 0) return
  const picked = columns(failures, [
    failure => idOf(failure.providerId),
    failure => failure.providerId,
    failure => failure.code,
    failure => failure.message,
    failure => failure.retryAt,
  ])
  tx.send(failItems, [userId, accountId, ...picked])
}
