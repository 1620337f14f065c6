import type { ChangeKind } from '@inlet/protocol/changes'
import type { Account, Label, Message, Thread } from '@inlet/protocol/entities'
import type { MessageBody } from '@inlet/protocol/messages-api'
import type { MutationBody } from '@inlet/protocol/mutations'
import type { Seq } from '@inlet/protocol/seq'
import { Dexie, type DexieOptions, type EntityTable, type Table } from 'dexie'

/**
 * Raised when a stored row changes its shape or an index its meaning. A mirror of another version is
 * dropped and filled again; the outbox stays.
 */
export const MIRROR_VERSION = 1

export type AccountRow = Account & { seq: Seq }
export type LabelRow = Label & { seq: Seq }
export type MessageRow = Message & { seq: Seq }
/** `keys` is what lists threads newest first per label, see thread-keys.ts. */
export type ThreadRow = Thread & { seq: Seq; keys: string[] }

export interface BodyRow {
  id: string
  body: MessageBody
  bytes: number
  /** Least recently used goes first. */
  usedAt: number
}

/** What a mutation makes of one message until the feed says it itself. */
export interface MessagePatch {
  unread?: boolean
  starred?: boolean
  addLabels?: readonly string[]
  removeLabels?: readonly string[]
}

/**
 * queued: not at the server yet. accepted: durable at the server, not carried out yet.
 * done: the provider has it, the feed has not brought it yet (then the row goes).
 * failed: rolled back, see `error`. unknown: a send whose answer was lost; a person decides.
 */
export type OutboxState = 'queued' | 'accepted' | 'done' | 'failed' | 'unknown'

export interface OutboxRow {
  /** Order of sending. */
  position: number
  clientId: string
  body: MutationBody
  patches: Record<string, MessagePatch>
  state: OutboxState
  createdAt: number
  attempts: number
  error: { code: string; message: string } | null
  /** Seqs of its messages when the server said done: a later one carries the outcome, whatever it is. */
  seqsAtDone: Record<string, Seq> | null
  /** When a done mutation is forgotten even if the feed stays silent about it. */
  settleBy: number | null
}

/** A deletion seen, kept for as long as a page asked for before it may still arrive. */
export interface TombstoneRow {
  kind: ChangeKind
  id: string
  seq: Seq
  at: number
}

export interface FillMeta {
  /** Where the walk goes on: 'start', an opaque position, or null at its end. */
  position: string | null
  /** Messages stored by the walk. */
  done: number
  /** The walk stopped at the mirror's size limit: older mail is only at the server. */
  limited: boolean
  /** Receipt time of the oldest message of the walk. Down to here, and only to here, lists are without gaps. */
  horizon: number | null
}

/** One row that says where the mirror stands, so that it moves in the transaction of the rows (I5). */
export interface FeedMeta {
  key: 'feed'
  /** Changes with every reset. A writer that began under another epoch may not write. */
  epoch: string
  /** null: nothing stored yet, the first fill page sets it. */
  cursor: Seq | null
  head: Seq
  floor: Seq
  fill: FillMeta
  protocol: number
  mirror: number
}

/** The local database of one user. The mirror's tables always equal the server; the outbox lies over them at read time. */
export class MirrorDb extends Dexie {
  declare accounts: EntityTable<AccountRow, 'id'>
  declare labels: EntityTable<LabelRow, 'id'>
  declare messages: EntityTable<MessageRow, 'id'>
  declare threads: EntityTable<ThreadRow, 'id'>
  declare bodies: EntityTable<BodyRow, 'id'>
  declare outbox: EntityTable<OutboxRow, 'position'>
  declare tombstones: Table<TombstoneRow, [string, string]>
  declare meta: EntityTable<FeedMeta, 'key'>

  constructor(userId: string, options?: DexieOptions) {
    super(databaseName(userId), options)
    // Every index costs at write time (filling is bound by it, not by the rows): one for each query made, no more.
    this.version(MIRROR_VERSION).stores({
      accounts: 'id',
      labels: 'id, accountId',
      messages: 'id, threadId',
      threads: 'id, lastMessageAt, *keys',
      // Compound, so that the cache is weighed by reading keys and no bodies.
      bodies: 'id, [usedAt+bytes]',
      outbox: '++position, &clientId',
      tombstones: '[kind+id], at',
      meta: 'key',
    })
  }
}

export function databaseName(userId: string): string {
  return `inlet-${userId}`
}
