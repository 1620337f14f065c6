import type { BlobRef } from '../store/blobs.ts'

/** Bytes of a message: a file of the corpus by its index (never copied), or what was delivered. */
export type RawRef = { readonly corpus: number } | { readonly blob: BlobRef }

/**
 * One message of a mailbox. Label ids are the sandbox's own: lower-case roles (`inbox`, `unread`,
 * `category_social` …) and `label_<n>`; each provider translates them to its own words.
 */
export interface StoredMessage {
  readonly id: string
  readonly threadId: string
  readonly labels: readonly string[]
  /** When the provider received it, epoch ms. */
  readonly date: number
  /** Number of the last change that touched it. */
  readonly history: number
  readonly size: number
  readonly raw: RawRef
  readonly index: HeaderIndex
}

/** What listing, searching and threading need, so that no raw message is read for them. */
export interface HeaderIndex {
  readonly messageId: string
  readonly from: string
  readonly to: string
  readonly subject: string
  /** Subject without reply and forward marks, in lower case: the thread's key. */
  readonly topic: string
  readonly isReply: boolean
}

export interface StoredLabel {
  readonly id: string
  readonly name: string
  readonly listVisibility?: string
  readonly messageVisibility?: string
  readonly color?: { readonly text: string; readonly background: string }
}

/** One change to one message; `id` grows by more than one at times, as real providers' numbers do. */
export interface HistoryRecord {
  readonly id: number
  readonly messageId: string
  readonly threadId: string
  /** Labels after the change (before it, for a deletion). */
  readonly labels: readonly string[]
  readonly change: 'added' | 'deleted' | 'labels'
  readonly labelsAdded?: readonly string[]
  readonly labelsRemoved?: readonly string[]
}

export interface StoredAccount {
  readonly email: string
  readonly name: string
  /** Subject of the identity tokens: a decimal string, stable for the account's life. */
  readonly subject: string
  readonly createdAt: number
  readonly history: number
  /** Changes up to and including this number are forgotten. */
  readonly floor: number
  readonly nextLabel: number
}

export interface StoredDraft {
  readonly id: string
  readonly messageId: string
}

export const SYSTEM_LABELS = [
  'inbox',
  'sent',
  'draft',
  'spam',
  'trash',
  'unread',
  'starred',
  'important',
  'chat',
  'category_personal',
  'category_social',
  'category_promotions',
  'category_updates',
  'category_forums',
] as const
