import { COOL_DOWN_AFTER, SURVEYED_MS } from '@inlet/sync/status'
import type { MarkTarget, Store, Trigger } from '@inlet/sync/store-port'
import type { Pool, Queryable } from './pool.ts'
import { mark as markSql } from './sql/mark.ts'
import { silentLanes } from './sql/silent-lanes.ts'
import { inTransaction } from './transaction.ts'

export async function mark(
  db: Queryable,
  target: MarkTarget,
  trigger: Trigger,
  now: number,
): Promise<number> {
  return await markIds(db, await targetIds(db, target), trigger, now)
}

export async function markIds(db: Queryable, ids: string[], trigger: Trigger, now: number): Promise<number> {
  if (ids.length === 0) return 0
  return (await db.query(markSql, [ids, now, trigger])).rowCount ?? 0
}

async function targetIds(db: Queryable, target: MarkTarget): Promise<string[]> {
  if ('resourceId' in target) return [target.resourceId]
  const [column, id] = 'accountId' in target ? ['account_id', target.accountId] : ['user_id', target.userId]
  const { rows } = await db.query<{ id: string }>(
    `SELECT id FROM resource WHERE ${column} = $1 AND lane = ANY($2)`,
    [id, target.lanes],
  )
  return rows.map(row => row.id)
}

export async function markSilent(pool: Pool, options: Parameters<Store['markSilent']>[0]): Promise<number> {
  const { now, silentMs, everyMs, userIds, surveyed = [] } = options
  return await inTransaction(pool, async tx => {
    const { rows } = await tx.query<{ id: string }>(silentLanes, [
      now,
      now - silentMs,
      now - everyMs,
      userIds ?? null,
      surveyed.map(({ provider }) => provider),
      surveyed.map(({ tree }) => tree),
      COOL_DOWN_AFTER,
      now - SURVEYED_MS,
    ])
    return await markIds(
      tx,
      rows.map(row => row.id),
      'poll',
      now,
    )
  })
}
