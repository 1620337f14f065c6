import type { Reconciliation } from '@inlet/protocol/sync-api'
import { RECONCILIATIONS_KEPT, type ReconciliationStart } from '@inlet/sync/reconciliation-store'
import type { Committed } from '@inlet/sync/store-port'
import { changeAccount } from './accounts.ts'
import { openListings } from './listings.ts'
import { comparisonsOf, endReconciliations, walkable } from './reconciliations.ts'
import { type MemoryState, resourcesOf } from './state.ts'

export function startReconciliation(
  state: MemoryState,
  accountId: string,
  { listing, trigger, notSince }: ReconciliationStart,
  now: number,
): Committed & { started: boolean } {
  let started = false
  const committed = changeAccount(state, accountId, now, account => {
    const live = resourcesOf(state, accountId).filter(lane => lane.lane === 'live')
    const recent = comparisonsOf(state, accountId).some(
      ({ row }) => notSince !== undefined && row.startedAt > notSince,
    )
    if (!account.enabled || account.reconnect || recent || live.length === 0) return false
    if (!walkable(state, accountId)) return false
    started = true
    openListings(state, live, listing, now)
    endReconciliations(state, accountId, now)
    const row: Reconciliation = {
      ...{ id: listing.compare?.id ?? '', accountId, trigger, startedAt: now, endedAt: null },
      ...{ outcome: 'running', resources: [] },
      ...{ provider: 0, stored: 0, missing: 0, extra: 0, differing: 0, failed: 0 },
    }
    state.reconciliations.push({ row, pending: live.map(lane => lane.key) })
    const kept = new Set(comparisonsOf(state, accountId).slice(0, RECONCILIATIONS_KEPT))
    state.reconciliations = state.reconciliations.filter(
      each => each.row.accountId !== accountId || kept.has(each),
    )
    return {}
  })
  return { ...committed, started }
}
