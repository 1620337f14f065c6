import type { Connection, ProviderPort } from '@inlet/sync/provider-port'

/** A provider (a simulated one, usually) that the suite can play on. Filled in by each adapter's own test. */
export interface ProviderWorld {
  readonly port: ProviderPort
  /** The same adapter over the same provider, with a time limit of a second or less for each request. */
  readonly impatient: ProviderPort
  /** The adapter as another process would have it: nothing remembered. */
  restarted(): ProviderPort
  /** Where a doorbell may ring, if this provider's needs an address: it confirms whatever it is asked to. */
  readonly callbackUrl: string | null
  /** A new, empty mailbox that the port may use. */
  newAccount(): Promise<TestAccount>
  /** Takes every fault back. */
  calm(): void
  close(): Promise<void>
}

/**
 * What sets a provider apart, declared where the suite is called: cases that would say nothing of it are left out, not
 * passed over in silence.
 */
export type ProviderTraits = {
  /** Methods that answer without asking anybody, and so cannot fail with the provider. */
  readonly local?: readonly (keyof ProviderPort)[]
  /** A thread is what the messages' headers say, and cannot be chosen when sending. */
  readonly threadsByHeaders?: boolean
  /** Nobody can tell afterwards whether a message whose answer was lost has left. */
  readonly sendsBlindly?: boolean
  /** Listings tell ids, never states. */
  readonly listsIds?: boolean
  /** It tells in one answer which resources have news. */
  readonly surveys?: boolean
  /** Access is a password: there is no token that dies. */
  readonly tokenless?: boolean
  /** A mailbox in this process: no connection that is cut, waits or loses an answer, and nobody else to send to. */
  readonly inMemory?: boolean
  /**
   * Made to be mirrored: messages hold nothing of the letters that they came by, not every role has a label, changes are
   * carried out without being judged, and what is sent is only counted.
   */
  readonly mirrorOnly?: boolean
}

/** One mailbox, and what can be done to it behind the adapter's back. Label ids are the provider's own. */
export interface TestAccount {
  readonly conn: Connection
  /** The provider's own ids, as `labelsOf` and `relabel` have them. */
  readonly ids: { inbox: string; trash: string; unread: string; starred: string }
  /** How often a token was asked for after a refusal. */
  readonly refreshes: () => number
  deliver(raw: string, options?: { spam?: boolean; trash?: boolean }): Promise<string>
  /** Where labels are places, the last of `add` is where the message then is. */
  relabel(id: string, change: { add?: string[]; remove?: string[] }): Promise<void>
  delete(id: string): Promise<void>
  makeLabel(name: string): Promise<string>
  labelsOf(id: string): Promise<string[]>
  /** Raw sources of what is in the inbox, of what is filed as sent, and of the drafts. */
  received(): Promise<string[]>
  sent(): Promise<string[]>
  drafts(): Promise<string[]>
  /** The provider forgets all history up to now. */
  expireCursor(): Promise<void>
  /** Access tokens die; a refresh works. Left out where access is a password. */
  expireAccess?(): Promise<void>
  /** The person takes the grant back. */
  revoke(): Promise<void>
  readonly fault: {
    /** Every request is refused as too fast, with or without the time to come back (seconds). */
    throttle(retryAfter: number | null): void
    /** Every request fails on the provider's side. */
    outage(): void
    /** Reading this one message always fails on the provider's side. */
    breakItem(id: string): void
    /** Connections are cut before an answer. */
    cut(times?: number): void
    /** Requests are never answered. */
    hang(): void
    /** The next `count` pages of changes are empty and have successors. */
    emptyPages(count: number): void
    /** The next send is carried out and its answer is lost, at once or by being too late for `impatient`. */
    loseSendAnswer(how: 'garbled' | 'late'): void
    /** The next send is refused before it is carried out, in a way that may be tried again. */
    refuseSend(): void
  }
}
