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

/** A row to be written, beside what was found of it. */
interface Due<T> {
  before: T | null
  after: T
}

/** What a page leaves to be written. */
export interface DueChanges {
  accounts: Due<AccountRow>[]
  labels: Due<LabelRow>[]
  messages: Due<MessageRow>[]
  threads: Due<ThreadRow>[]
  deletions: Deletion[]
}

/**
 * following: most rows are here already, and are compared. filling: most are not, and are added unread; only those
 * that turn out to be here are compared.
 */
export type ApplyHow = 'following' | 'filling'

/**
 * What there is to write of changes: one older than what is stored, or than a deletion seen, does nothing, so pages
 * may come twice, overlap, or arrive late (I4). Reads only, and in one go: what a transaction costs is the number of
 * times it waits.
 */
export async function changesDue(
  tables: Tables,
  changes: readonly Change[],
  how: ApplyHow,
): Promise<DueChanges> {
  const page = rowsOf(changes)
  const anyDead = tables.tombstones.count()
  const due = async <T extends Stored>(table: EntityTable<T, 'id'>, kind: ChangeKind, rows: T[]) => {
    if (rows.length === 0) return []
    const ids = rows.map(({ id }) => id)
    const [stored, tombstones] = await Promise.all([
      how === 'following' ? asRows(table).bulkGet(ids) : [],
      anyDead.then(count =>
        count === 0 ? [] : tables.tombstones.bulkGet(ids.map((id): [string, string] => [kind, id])),
      ),
    ])
    const before = new Map(stored.map(row => [row?.id, row]))
    const alive = rows.filter((row, i) => (tombstones[i]?.seq ?? -1) < row.seq)
    return alive.map((after): Due<T> => ({ before: before.get(after.id) ?? null, after })).filter(isNewer)
  }
  const [accounts, labels, messages, threads] = await Promise.all([
    due(tables.accounts, 'account', page.accounts),
    due(tables.labels, 'label', page.labels),
    due(tables.messages, 'message', page.messages),
    due(tables.threads, 'thread', page.threads),
  ])
  return { accounts, labels, messages, threads, deletions: page.deletions }
}

/** Writes what changesDue found in the same transaction, the caller's. */
export async function applyChanges(
  tables: Tables,
  due: DueChanges,
  now: number,
  how: ApplyHow,
): Promise<AppliedRows> {
  const write = how === 'following' ? put : add
  const [accounts, labels, messages, threads] = await Promise.all([
    write(asRows(tables.accounts), due.accounts),
    write(asRows(tables.labels), due.labels),
    write(asRows(tables.messages), due.messages),
    write(asRows(tables.threads), due.threads),
  ])
  const applied = { accounts, labels, messages, threads }
  if (due.deletions.length > 0) await remove(tables, due.deletions, applied, now)
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
const asRows = <T extends Stored>(table: EntityTable<T, 'id'>) => table as unknown as Rows<T>

const isNewer = <T extends Stored>({ before, after }: Due<T>) => (before?.seq ?? -1) < after.seq

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

async function put<T extends Stored>(table: Rows<T>, due: Due<T>[]): Promise<RowChange<T>[]> {
  if (due.length > 0) await table.bulkPut(due.map(({ after }) => after))
  return due
}

/** As if none of the rows were here; those that turn out to be are compared and put. */
async function add<T extends Stored>(table: Rows<T>, due: Due<T>[]): Promise<RowChange<T>[]> {
  if (due.length === 0) return due
  const rows = due.map(({ after }) => after)
  const there = await addMissing(table, rows)
  if (there.size === 0) return due
  const others = rows.filter((_, i) => there.has(i))
  const stored = await table.bulkGet(others.map(({ id }) => id))
  const compared = others.map((after, i): Due<T> => ({ before: stored[i] ?? null, after }))
  return [...due.filter((_, i) => !there.has(i)), ...(await put(table, compared.filter(isNewer)))]
}

/** Adds those that are not there; returns the positions of the others. */
async function addMissing<T>(table: Rows<T>, rows: T[]): Promise<Set<number>> {
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
    const rows = asRows(table)
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
