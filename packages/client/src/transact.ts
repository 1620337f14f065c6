import type { MirrorDb } from './tables.ts'

type TableName = 'accounts' | 'labels' | 'messages' | 'threads' | 'bodies' | 'outbox' | 'tombstones' | 'meta'

/** The tables as one transaction sees them. A function that takes these runs inside its caller's transaction. */
export type Tables = Pick<MirrorDb, TableName>

export const MIRROR_TABLES: readonly TableName[] = [
  'accounts',
  'labels',
  'messages',
  'threads',
  'bodies',
  'tombstones',
  'meta',
]

/**
 * One read-write transaction. Its tables are bound to it: Dexie otherwise finds the transaction through a zone
 * that it carries along awaits, and that zone is lost when other promise code (a fetch being read) runs between
 * (seen in Node: PrematureCommitError, the rest written outside the transaction, I5 broken). The `!` keeps it
 * from joining a transaction whose zone leaked the other way.
 */
export function transact<T>(
  db: MirrorDb,
  names: readonly TableName[],
  body: (tables: Tables) => Promise<T>,
): Promise<T> {
  // Dexie defines a getter for each table on its transactions, which its types leave out.
  return db.transaction('rw!', names, transaction => body(transaction as unknown as Tables))
}
