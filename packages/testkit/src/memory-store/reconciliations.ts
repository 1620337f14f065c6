import type { Compared } from '@inlet/protocol/entities'
import type { Reconciliation } from '@inlet/protocol/sync-api'
import {
  type Batch,
  type Committed,
  RECONCILIATIONS_KEPT,
  type ReconciliationStart,
} from '@inlet/sync/store-port'
import { changeAccount } from './accounts.ts'
import { openListings } from './listings.ts'
import { byText, type MemoryState, type ReconciliationEntry, resourcesOf, userOf } from './state.ts'

const of = (state: MemoryState, accountId: string): ReconciliationEntry[] =>
  state.reconciliations
    .filter(each => each.row.accountId === accountId)
    .sort((a, b) => b.row.startedAt - a.row.startedAt || byText(a.row.id, b.row.id))

const walkable = (state: MemoryState, accountId: string): boolean =>
  resourcesOf(state, accountId).every(({ lane, cursor }) =>
    lane === 'live' ? cursor !== null : lane !== 'listing' || cursor === null,
  )

export function startReconciliation(
  state: MemoryState,
  accountId: string,
  { listing, trigger, notSince }: ReconciliationStart,
  now: number,
): Committed & { started: boolean } {
  let started = false
  const committed = changeAccount(state, accountId, now, account => {
    const live = resourcesOf(state, accountId).filter(lane => lane.lane === 'live')
    const recent = of(state, accountId).some(({ row }) => notSince !== undefined && row.startedAt > notSince)
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
    const kept = new Set(of(state, accountId).slice(0, RECONCILIATIONS_KEPT))
    state.reconciliations = state.reconciliations.filter(
      each => each.row.accountId !== accountId || kept.has(each),
    )
    return {}
  })
  return { ...committed, started }
}

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

function endReconciliations(state: MemoryState, accountId: string, now: number): void {
  const lanes = resourcesOf(state, accountId)
  for (const entry of of(state, accountId)) {
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
  const last = of(state, accountId).find(({ row }) => row.outcome === 'done')?.row
  if (!last) return null
  const { missing, extra, differing, failed, endedAt } = last
  return { at: endedAt ?? 0, missing, extra, differing, failed }
}

export const reconciliations = (state: MemoryState, accountId: string, limit: number): Reconciliation[] =>
  of(state, accountId)
    .slice(0, limit)
    .map(({ row }) => row)

export function reconciliationsDue(state: MemoryState, before: number, atOnce: number): string[] {
  const able = [...state.accounts.values()].filter(account => account.enabled && account.reconnect === null)
  const running = able.flatMap(({ id }) => of(state, id)).filter(({ row }) => row.outcome === 'running')
  const due = able
    .map(({ id, userId }) => {
      const rows = of(state, id).map(({ row }) => row)
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
