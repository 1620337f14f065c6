import type { Change, ChangeKind, Deletion, Upsert } from '@inlet/protocol/changes'
import type { EntityTable } from 'dexie'
import { threadKeys } from './thread-keys.ts'
import type { Tables } from './transact.ts'

type Stored = { id: string; seq: number }

/**
 * Writes changes inside the caller's transaction. A change older than what is stored, or than a deletion seen,
 * does nothing: so pages may come twice, overlap, or arrive late (I4). Returns how many messages were written. `changes` is not empty.
 */
export async function applyChanges(
  tables: Tables,
  changes: readonly Change[],
  now: number,
): Promise<{ messages: number }> {
  const latest = latestById(changes)
  const upserts = { account: [], label: [], message: [], thread: [] } as UpsertsByKind
  const deletions: Deletion[] = []
  for (const change of latest) {
    if (change.op === 'delete') deletions.push(change)
    else (upserts[change.kind] as Upsert[]).push(change)
  }
  const rowOf = <C extends Upsert>(change: C): C['row'] & { seq: number } => ({
    ...change.row,
    seq: change.seq,
  })
  const threads = upserts.thread.map(change => ({ ...rowOf(change), keys: threadKeys(change.row) }))
  let messages = 0
  if (upserts.account.length > 0) await put(tables, tables.accounts, 'account', upserts.account.map(rowOf))
  if (upserts.label.length > 0) await put(tables, tables.labels, 'label', upserts.label.map(rowOf))
  if (upserts.message.length > 0)
    messages = await put(tables, tables.messages, 'message', upserts.message.map(rowOf))
  if (threads.length > 0) await put(tables, tables.threads, 'thread', threads)
  if (deletions.length > 0) await remove(tables, deletions, now)
  return { messages }
}

type UpsertsByKind = { [K in ChangeKind]: Extract<Upsert, { kind: K }>[] }

/** A page has each row once; a careless server's second mention would otherwise win by position instead of by seq. */
function latestById(changes: readonly Change[]): Iterable<Change> {
  const latest = new Map<string, Change>()
  for (const change of changes) {
    const key = `${change.kind} ${change.id}`
    const other = latest.get(key)
    if (!other || other.seq <= change.seq) latest.set(key, change)
  }
  return latest.values()
}

async function put<T extends Stored>(
  tables: Tables,
  table: EntityTable<T, 'id'>,
  kind: ChangeKind,
  rows: T[],
): Promise<number> {
  const ids = rows.map(row => row.id)
  // Dexie's key types do not resolve for a type parameter; every one of these tables has a string id.
  const stored = await (table as unknown as EntityTable<Stored, 'id'>).bulkGet(ids)
  const dead = await tables.tombstones.bulkGet(ids.map((id): [string, string] => [kind, id]))
  const newer = rows.filter((row, i) => (stored[i]?.seq ?? -1) < row.seq && (dead[i]?.seq ?? -1) < row.seq)
  if (newer.length > 0) await (table as unknown as EntityTable<Stored, 'id'>).bulkPut(newer)
  return newer.length
}

/**
 * Deletes, and remembers it for a while: a page of the fill or of older mail that was read at the server before
 * the deletion may arrive after it, and must not bring the row back.
 */
async function remove(tables: Tables, deletions: readonly Deletion[], now: number): Promise<void> {
  for (const [kind, table] of tablesByKind(tables)) {
    const ofKind = deletions.filter(deletion => deletion.kind === kind)
    if (ofKind.length === 0) continue
    const stored = await table.bulkGet(ofKind.map(deletion => deletion.id))
    const gone = ofKind.filter((deletion, i) => (stored[i]?.seq ?? -1) <= deletion.seq).map(({ id }) => id)
    await table.bulkDelete(gone)
    if (kind === 'message') await tables.bodies.bulkDelete(gone)
    await tables.tombstones.bulkPut(ofKind.map(({ id, seq }) => ({ kind, id, seq, at: now })))
  }
  await tables.tombstones
    .where('at')
    .below(now - TOMBSTONE_MS)
    .delete()
}

/** Longer than any request that was under way when the deletion came: those are limited to 30 s. */
export const TOMBSTONE_MS = 10 * 60_000

function tablesByKind(tables: Tables): [ChangeKind, EntityTable<Stored, 'id'>][] {
  return [
    ['account', tables.accounts as unknown as EntityTable<Stored, 'id'>],
    ['label', tables.labels as unknown as EntityTable<Stored, 'id'>],
    ['message', tables.messages as unknown as EntityTable<Stored, 'id'>],
    ['thread', tables.threads as unknown as EntityTable<Stored, 'id'>],
  ]
}
