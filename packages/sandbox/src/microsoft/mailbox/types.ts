import type { HeaderIndex, RawRef } from '../../mailbox/types.ts'

export type FlagStatus = 'notFlagged' | 'flagged' | 'complete'
export type Importance = 'low' | 'normal' | 'high'

/** One message of an Outlook mailbox: it lies in exactly one folder. */
export interface StoredItem {
  /** 16 hex digits, stable for life; the wire ids are made of it. */
  readonly id: string
  readonly threadId: string
  /** Key of the folder. */
  readonly folder: string
  /** How often it was moved; part of the id that changes with each move. */
  readonly moves: number
  /** Received, epoch ms. */
  readonly date: number
  readonly sent: number
  readonly created: number
  readonly modified: number
  /** Number of the last change that touched it. */
  readonly change: number
  readonly read: boolean
  readonly draft: boolean
  readonly flag: FlagStatus
  readonly categories: readonly string[]
  readonly importance: Importance
  /** False: sorted to "Other". */
  readonly focused: boolean
  readonly size: number
  readonly raw: RawRef
  readonly index: HeaderIndex
}

/** A folder. The key of a well-known one is its well-known name, of others `folder_<n>`. */
export interface StoredFolder {
  readonly key: string
  readonly number: number
  readonly name: string
  /** Null for the root only. */
  readonly parent: string | null
  readonly hidden: boolean
}

/** What changed about one message: no `before` is an arrival, no `after` a deletion for good. */
export interface Edit {
  readonly before?: StoredItem
  readonly after?: StoredItem
}

export interface ItemRecord {
  readonly id: number
  readonly item: string
  /** The folder whose delta shows it; a move makes two records. */
  readonly folder: string
  /** `read`: nothing but the read mark changed. */
  readonly change: 'created' | 'updated' | 'read' | 'removed'
  /** For `removed`: the count of moves then, so that the id it had can be told. */
  readonly moves: number
}

export interface FolderRecord {
  readonly id: number
  readonly folder: string
  readonly change: 'changed' | 'removed'
  /** Number of the folder, so that a removed one's id can be told. */
  readonly number: number
}

export type ChangeRecord = ItemRecord | FolderRecord

export interface OutlookAccount {
  readonly email: string
  readonly name: string
  /** The user's object id. */
  readonly userId: string
  readonly createdAt: number
  readonly history: number
  readonly floor: number
  readonly nextFolder: number
}
