import type { Transaction } from 'dexie'
import type { AccountRow, FeedMeta, LabelRow, MirrorDb, ThreadRow } from './tables.ts'
import type { Tables } from './transact.ts'

/** What was stored and what is stored now; null is no row. */
export interface RowChange<T> {
  before: T | null
  after: T | null
}

/** Every row of these tables that one transaction has changed. Others than these, and the outbox, it has left alone. */
export interface Written {
  accounts: readonly RowChange<AccountRow>[]
  labels: readonly RowChange<LabelRow>[]
  threads: readonly RowChange<ThreadRow>[]
  feed: FeedMeta
}

const known = new WeakMap<object, { db: unknown; written: Written }>()

/**
 * Notes, at the end of a transaction, what it has written: this tab's readers then follow its commit without reading
 * anything again. Dexie tells a commit by an object that it keeps on the transaction. Were it to stop, the readers
 * would find nothing here and read.
 */
export function noteWritten(tables: Tables, written: Written): void {
  const { db, idbtrans } = tables as unknown as Transaction
  const { mutatedParts } = idbtrans as unknown as { mutatedParts?: object }
  if (mutatedParts) known.set(mutatedParts, { db, written })
}

/** Of the commit that Dexie tells with `parts`; undefined if it is not one of this connection's, or was not noted. */
export function writtenIn(parts: object, db: MirrorDb): Written | undefined {
  const note = known.get(parts)
  return note?.db === db ? note.written : undefined
}
