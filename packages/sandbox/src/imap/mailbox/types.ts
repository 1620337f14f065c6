import type { RawRef } from '../../mailbox/types.ts'

export type SpecialUse = '\\Archive' | '\\Drafts' | '\\Junk' | '\\Sent' | '\\Trash'

export interface StoredFolder {
  /** Stays through renames. */
  readonly id: number
  /** Names with `/` between them; the inbox is `INBOX`. */
  readonly path: string
  readonly specialUse: SpecialUse | null
  readonly uidValidity: number
  readonly uidNext: number
  /** Grows by one with each change in the folder (RFC 7162). */
  readonly highestModseq: number
}

/** A message in a folder. A copy is another place with the same bytes. */
export interface StoredPlace {
  readonly uid: number
  readonly flags: readonly string[]
  /** INTERNALDATE, epoch ms. */
  readonly date: number
  /** Bytes as they are served, with CRLF. */
  readonly size: number
  readonly modseq: number
  readonly raw: RawRef
}

export interface ImapAccount {
  readonly email: string
  readonly name: string
  readonly password: string
  readonly createdAt: number
  readonly nextFolder: number
  readonly nextUidValidity: number
  /** Paths; one may outlive its folder (RFC 3501 §6.3.6). */
  readonly subscriptions: readonly string[]
}

/** What a new place is made of. */
export interface NewPlace {
  readonly raw: RawRef
  readonly flags: readonly string[]
  readonly date: number
  readonly size: number
}
