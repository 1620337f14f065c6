import type { Upsert } from '@inlet/protocol/changes'
import type { MessageBody } from '@inlet/protocol/messages-api'
import type { MutationBody } from '@inlet/protocol/mutations'
import type { SyncResponse } from '@inlet/protocol/sync-api'
import type { MirrorState } from './mirror-state.ts'
import type { ReadableStore } from './store.ts'
import type { MirrorDb } from './tables.ts'

export interface OlderQuery {
  accountId?: string
  labelId?: string
  threadId?: string
  /** Threads whose newest message is older than this (ms since the epoch). */
  before?: number
  limit?: number
}

/**
 * One user's live copy of their mail in this browser.
 * The hooks of react.ts use only this interface, and read rows only from `db`: a test may give an object of
 * its own with a database that it filled itself.
 */
export interface LiveMirror {
  readonly userId: string
  readonly db: MirrorDb
  readonly state: ReadableStore<MirrorState>
  /** Opens the database, joins the other tabs and connects. Returns at once; watch `state`. */
  start(): void
  /** Ends every timer, request and listener of this tab; local data stays. It does not start again: create another. */
  stop(): Promise<void>
  /**
   * Stores the change, shows it at once, sends it as soon as possible. Resolves with its client id once it is
   * durable here. Rejects only if it cannot be stored (quota, signed out, outbox full).
   */
  mutate(body: MutationBody): Promise<string>
  /** Sends a failed or unknown mutation again as a new one; resolves with the new client id. */
  retryMutation(clientId: string): Promise<string>
  /** Forgets a failed or unknown mutation. */
  dismissMutation(clientId: string): Promise<void>
  /** Asks the server to sync now (one account or all) and pulls what it found. Rejects with ApiFailure. */
  syncNow(accountId?: string): Promise<SyncResponse>
  /** From the cache, or fetched and cached. Rejects with ApiFailure. */
  body(messageId: string, signal?: AbortSignal): Promise<MessageBody>
  /** Fetches a page beyond the mirror and stores it; `next` is the `before` of the next page. Rejects with ApiFailure. */
  loadOlder(query: OlderQuery, signal?: AbortSignal): Promise<{ next: number | null; added: number }>
  /** Full text search at the server. Rejects with ApiFailure. */
  search(q: string, options?: { accountId?: string; limit?: number }, signal?: AbortSignal): Promise<Upsert[]>
  /** Ends everything in every tab and deletes the local data; writes that come late find no database. */
  signOut(): Promise<void>
}
