import type { Change, ChangeKind, Deletion, Upsert } from '@inlet/protocol/changes'
import { Dexie, type EntityTable } from 'dexie'
import type { AccountRow, LabelRow, MessageRow, ThreadRow } from './tables.ts'
import { threadKeys } from './thread-keys.ts'
import type { Tables } from './transact.ts'
import type { RowChange } from './written.ts'

/** What was changed of each table. */
export interface AppliedRows {
  accounts: RowChange<AccountRow>[]
  labels: RowChange<LabelRow>[]
  messages: RowChange<MessageRow>[]
  threads: RowChange<ThreadRow>[]
}

/**
 * following: most rows are here already, and are compared. filling: most are not, and are added unread; only those
 * that turn out to be here are compared.
 */
export type ApplyHow = 'following' | 'filling'

/**
 * Writes changes inside the caller's transaction. A change older than what is stored, or than a deletion seen,
 * does nothing: so pages may come twice, overlap, or arrive late (I4).
 */
export async function applyChanges(
  tables: Tables,
  changes: readonly Change[],
  now: number,
  how: ApplyHow,
): Promise<AppliedRows> {
  const rows = rowsOf(changes)
  // Requests are sent together: what a transaction costs is the number of times it waits.
  const anyDead = tables.tombstones.count()
  const write = <T extends Stored>(table: EntityTable<T, 'id'>, kind: ChangeKind, upserts: T[]) =>
    upserts.length === 0 ? [] : put(tables, table as unknown as Rows<T>, kind, upserts, anyDead, how)
  const [accounts, labels, messages, threads] = await Promise.all([
    write(tables.accounts, 'account', rows.accounts),
    write(tables.labels, 'label', rows.labels),
    write(tables.messages, 'message', rows.messages),
    write(tables.threads, 'thread', rows.threads),
  ])
  const applied = { accounts, labels, messages, threads }
  if (rows.deletions.length > 0) await remove(tables, rows.deletions, applied, now)
  return applied
}

type Stored = { id: string; seq: number }
/** Dexie's key types do not resolve for a type parameter; every one of these tables has a string id. */
interface Rows<T> {
  bulkGet(ids: string[]): Promise<(T | undefined)[]>
  bulkPut(rows: readonly T[]): Promise<unknown>
  bulkAdd(rows: readonly T[]): Promise<unknown>
  bulkDelete(ids: string[]): Promise<void>
}

function rowsOf(changes: readonly Change[]) {
  const rows = {
    accounts: [] as AccountRow[],
    labels: [] as LabelRow[],
    messages: [] as MessageRow[],
    threads: [] as ThreadRow[],
    deletions: [] as Deletion[],
  }
  for (const change of latestById(changes)) {
    if (change.op === 'delete') rows.deletions.push(change)
    else push(rows, change)
  }
  return rows
}

function push(rows: ReturnType<typeof rowsOf>, { kind, row, seq }: Upsert): void {
  switch (kind) {
    case 'account':
      return void rows.accounts.push({ ...row, seq })
    case 'label':
      return void rows.labels.push({ ...row, seq })
    case 'message':
      return void rows.messages.push({ ...row, seq })
    case 'thread':
      return void rows.threads.push({ ...row, seq, keys: threadKeys(row) })
  }
}

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
  table: Rows<T>,
  kind: ChangeKind,
  rows: T[],
  anyDead: PromiseLike<number>,
  how: ApplyHow,
): Promise<RowChange<T>[]> {
  const dead = anyDead.then(count => (count === 0 ? [] : tombstonesOf(tables, kind, rows)))
  if (how === 'following') return replace(table, rows, dead)
  const tombstones = await dead
  const alive = rows.filter((row, i) => (tombstones[i]?.seq ?? -1) < row.seq)
  const there = await add(table, alive)
  const added = alive.filter((_, i) => !there.has(i)).map((after): RowChange<T> => ({ before: null, after }))
  if (there.size === 0) return added
  const others = alive.filter((_, i) => there.has(i))
  return [...added, ...(await replace(table, others, []))]
}

const tombstonesOf = (tables: Tables, kind: ChangeKind, rows: readonly Stored[]) =>
  tables.tombstones.bulkGet(rows.map((row): [string, string] => [kind, row.id]))

async function replace<T extends Stored>(
  table: Rows<T>,
  rows: T[],
  tombstones: PromiseLike<({ seq: number } | undefined)[]> | [],
): Promise<RowChange<T>[]> {
  const [stored, dead] = await Promise.all([table.bulkGet(rows.map(row => row.id)), tombstones])
  const changes = rows.map((after, i) => ({ before: stored[i] ?? null, after }))
  const newer = changes.filter(
    ({ before, after }, i) => (before?.seq ?? -1) < after.seq && (dead[i]?.seq ?? -1) < after.seq,
  )
  if (newer.length > 0) await table.bulkPut(newer.map(change => change.after))
  return newer
}

/** Adds those that are not there; returns the positions of the others. */
async function add<T>(table: Rows<T>, rows: T[]): Promise<Set<number>> {
  try {
    await table.bulkAdd(rows)
    return new Set()
  } catch (error) {
    if (!(error instanceof Dexie.BulkError)) throw error
    const failures = Object.entries(error.failuresByPos as Record<number, Error>)
    const other = failures.find(([, failure]) => failure.name !== 'ConstraintError')
    if (other) throw other[1]
    return new Set(failures.map(([position]) => Number(position)))
  }
}

/**
 * Deletes, and remembers it for a while: a page of the fill or of older mail that was read at the server before
 * the deletion may arrive after it, and must not bring the row back.
 */
async function remove(
  tables: Tables,
  deletions: readonly Deletion[],
  applied: AppliedRows,
  now: number,
): Promise<void> {
  const from = async <T extends Stored>(
    kind: ChangeKind,
    table: EntityTable<T, 'id'>,
    changes: RowChange<T>[],
  ) => {
    const ofKind = deletions.filter(deletion => deletion.kind === kind)
    if (ofKind.length === 0) return
    const rows = table as unknown as Rows<T>
    const stored = await rows.bulkGet(ofKind.map(({ id }) => id))
    const gone = stored.filter((row, i) => row !== undefined && row.seq <= (ofKind[i]?.seq ?? -1)) as T[]
    const ids = gone.map(({ id }) => id)
    await rows.bulkDelete(ids)
    if (kind === 'message') await tables.bodies.bulkDelete(ids)
    await tables.tombstones.bulkPut(ofKind.map(({ id, seq }) => ({ kind, id, seq, at: now })))
    for (const before of gone) changes.push({ before, after: null })
  }
  await from('account', tables.accounts, applied.accounts)
  await from('label', tables.labels, applied.labels)
  await from('message', tables.messages, applied.messages)
  await from('thread', tables.threads, applied.threads)
  await tables.tombstones
    .where('at')
    .below(now - TOMBSTONE_MS)
    .delete()
}

/** Longer than any request that was under way when the deletion came: those are limited to 30 s. */
export const TOMBSTONE_MS = 10 * 60_000
