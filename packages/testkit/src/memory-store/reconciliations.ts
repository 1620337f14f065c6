import type { Compared } from '@inlet/protocol/entities'
import type { Reconciliation } from '@inlet/protocol/sync-api'
import type { Batch } from '@inlet/sync/store-port'
import { byText, type MemoryState, type ReconciliationEntry, resourcesOf, userOf } from './state.ts'

export const comparisonsOf = (state: MemoryState, accountId: string): ReconciliationEntry[] =>
  state.reconciliations
    .filter(each => each.row.accountId === accountId)
    .sort((a, b) => b.row.startedAt - a.row.startedAt || byText(a.row.id, b.row.id))

export const walkable = (state: MemoryState, accountId: string): boolean =>
  resourcesOf(state, accountId).every(({ lane, cursor }) =>
    lane === 'live' ? cursor !== null : lane !== 'listing' || cursor === null,
  )

/** In a commit: findings are added, and a comparison ends with the last of its listings. */
export function keepReconciliation(state: MemoryState, batch: Batch): void {
  const { reconciled, accountId, now } = batch
  const lane = state.resources.get(batch.lease.resourceId)
  const entry = state.reconciliations.find(({ row }) => row.id === reconciled?.id)
  if (reconciled && entry && lane && entry.pending.includes(lane.key)) {
    const { id: _, ...found } = reconciled
    const { row } = entry
    const any = found.missing + found.extra + found.differing + found.failed > 0
    entry.pending = entry.pending.filter(key => key !== lane.key)
    entry.row = {
      ...row,
      provider: row.provider + found.provider,
      stored: row.stored + found.stored,
      missing: row.missing + found.missing,
      extra: row.extra + found.extra,
      differing: row.differing + found.differing,
      failed: row.failed + found.failed,
      resources: any ? [...row.resources, { name: lane.key, ...found }] : row.resources,
    }
  }
  if (batch.cursor === null || batch.startListing || batch.resources)
    endReconciliations(state, accountId, now)
}

export function endReconciliations(state: MemoryState, accountId: string, now: number): void {
  const lanes = resourcesOf(state, accountId)
  for (const entry of comparisonsOf(state, accountId)) {
    if (entry.row.outcome !== 'running') continue
    const walked = lanes.some(
      ({ lane, cursor }) =>
        lane === 'listing' && cursor !== null && JSON.parse(cursor).compare?.id === entry.row.id,
    )
    if (walked) continue
    const left = lanes.some(({ lane, key }) => lane === 'live' && entry.pending.includes(key))
    entry.row = { ...entry.row, endedAt: now, outcome: left ? 'interrupted' : 'done' }
  }
}

export function comparedOf(state: MemoryState, accountId: string): Compared | null {
  const last = comparisonsOf(state, accountId).find(({ row }) => row.outcome === 'done')?.row
  if (!last) return null
  const { missing, extra, differing, failed, endedAt } = last
  return { at: endedAt ?? 0, missing, extra, differing, failed }
}

export const reconciliations = (state: MemoryState, accountId: string, limit: number): Reconciliation[] =>
  comparisonsOf(state, accountId)
    .slice(0, limit)
    .map(({ row }) => row)

export function reconciliationsDue(
  state: MemoryState,
  before: number,
  stuck: number,
  atOnce: number,
): string[] {
  const able = [...state.accounts.values()].filter(account => account.enabled && account.reconnect === null)
  const running = able
    .flatMap(({ id }) => comparisonsOf(state, id))
    .filter(({ row }) => row.outcome === 'running' && row.startedAt >= stuck)
  const due = able
    .map(({ id, userId }) => {
      const rows = comparisonsOf(state, id).map(({ row }) => row)
      const created = userOf(state, userId).accounts.get(id)?.row.createdAt ?? 0
      const done = rows.filter(row => row.outcome === 'done').map(row => row.endedAt ?? 0)
      const at = done.length > 0 ? Math.max(...done) : created
      return { id, at, turn: Math.max(created, ...done, ...rows.map(row => row.startedAt)) }
    })
    .filter(({ id, at }) => at < before && walkable(state, id))
  due.sort((a, b) => a.turn - b.turn || byText(a.id, b.id))
  return due.slice(0, Math.max(0, atOnce - running.length)).map(({ id }) => id)
}

export const livePassed = (state: MemoryState, accountId: string, key: string): number | null =>
  resourcesOf(state, accountId).find(lane => lane.lane === 'live' && lane.key === key)?.passedAt ?? null
