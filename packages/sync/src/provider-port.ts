import type { Address, LabelRole, Provider } from '@inlet/protocol/entities'
import type { PlaceReader, PlacesPage } from './places.ts'

/**
 * What the engine needs of a mail provider. One adapter each; all of them pass the same contract suite
 * (@inlet/testkit/contract/provider). Every method throws only ProviderError (or the signal's reason),
 * and takes an AbortSignal. Ids in these shapes are the provider's own; `rowId` turns them into ours.
 */
export interface ProviderPort {
  readonly provider: Provider
  /**
   * After a pull that found something, look once more after so many ms: the provider swallows doorbells that follow
   * another closely, so the end of a burst may be silent. Left out where none are swallowed.
   */
  readonly lookAgainMs?: number
  /** Labels are made and renamed without a word in what is pulled (Gmail): the list is asked for at every poll. */
  readonly silentLabels?: boolean
  /**
   * Where labels are folders: the key of the resource that follows their list. It alone writes labels and resources, one
   * after the other, so that an older list never undoes a newer one. A folder that goes has moved or removed its messages
   * without a word.
   */
  readonly tree?: string
  /**
   * It tells where messages lie (IMAP) and not what state they are in: pages carry `places`, and folders, unread, starred
   * and draft of a message follow from all of its places (plan-places.ts). A state of a message is its content alone.
   */
  readonly placed?: boolean
  /** Who granted access. Called once after connecting. */
  identify(conn: Connection, signal: AbortSignal): Promise<{ email: string; displayName: string }>
  /**
   * What has a cursor of its own, all of it: Gmail one mailbox; Graph and IMAP one per folder, and the list of folders
   * itself, which holds no messages. Asked again whenever a pull of the tree has said that labels changed.
   */
  resources(conn: Connection, signal: AbortSignal): Promise<ResourceSpec[]>
  /**
   * Where one question tells of many resources (IMAP: STATUS): what to do about each whose cursor is given. A run of the
   * tree asks it, and is then all that is polled of the account. `same` is evidence, not absence of it: with numbers that
   * the provider has told since the call began, a pull from this cursor would yield nothing. What is left out is pulled.
   */
  survey?(
    conn: Connection,
    cursors: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Look>>
  /** A cursor for "now", taken before any listing begins. */
  currentCursor(conn: Connection, resource: string, signal: AbortSignal): Promise<string>
  /**
   * Everything after `cursor`, page by page. A page's rows may be committed at once; its `cursor` is set only where
   * everything up to it has been yielded (Gmail: on the last page). Throws `cursor_expired`.
   */
  pull(conn: Connection, resource: string, cursor: string, signal: AbortSignal): AsyncIterable<PulledPage>
  /**
   * The sets of ids that together describe the resource, in the order in which they should be walked. The first is
   * every message, newest first, and is all that a backfill walks. Further ones (Gmail: one per label) hold the ids that
   * carry `labelId`. Empty where the resource holds no messages.
   */
  listings(conn: Connection, resource: string, signal: AbortSignal): Promise<Listing[]>
  /**
   * One page of a listing from `position` (null: the beginning). `whole`: hardly anything of it is thought to be stored,
   * so where messages are `placed`, they may come with it rather than be named first and asked for again.
   */
  list(
    conn: Connection,
    resource: string,
    listing: string,
    position: string | null,
    signal: AbortSignal,
    whole?: boolean,
  ): Promise<ListedPage>
  /**
   * Current state of each id: yields exactly one outcome per id, in any order, as each arrives. `missing` is the
   * provider's confirmed not-found, nothing else. `priority` decides who goes first when the budget is short.
   */
  fetch(
    conn: Connection,
    resource: string,
    ids: string[],
    options: FetchOptions,
    signal: AbortSignal,
  ): AsyncIterable<Fetched>
  labels(conn: Connection, signal: AbortSignal): Promise<PulledLabel[]>
  /** The provider's own totals, of one resource, or of the whole account (null) to prove that nothing is missing. */
  counts(
    conn: Connection,
    resource: string | null,
    signal: AbortSignal,
  ): Promise<{ messages: number; unread: number | null }>
  /** Registers the doorbell, or renews `current`. null where the provider has none. */
  watch(
    conn: Connection,
    resource: string,
    watch: WatchRequest,
    signal: AbortSignal,
  ): Promise<WatchGrant | null>
  /**
   * Where the doorbell is a connection that somebody must hold (IMAP IDLE): holds it until it breaks, and throws; or until
   * the signal aborts, and ends within two seconds. `ring` names a resource that may have changed, also once when it
   * begins. It must not throw.
   */
  attend?(conn: Connection, ring: (resource: string) => void, signal: AbortSignal): Promise<void>
  /** `providerId` as `watch` granted it. One that is gone already counts as stopped. */
  unwatch(conn: Connection, watch: { providerId: string }, signal: AbortSignal): Promise<void>
  body(conn: Connection, messageId: string, signal: AbortSignal): Promise<PulledBody>
  attachment(conn: Connection, messageId: string, partId: string, signal: AbortSignal): Promise<Uint8Array>
  /** Carries out a person's change. Doing it twice is doing it once: states are set, sends carry a client id. */
  mutate(conn: Connection, change: ProviderMutation, signal: AbortSignal): Promise<MutateOutcome>
}

/** An account's access, as the adapter sees it. Tokens are read at each request, so a refresh reaches running work. */
export interface Connection {
  readonly accountId: string
  readonly email: string
  /** A token that is valid now. `stale` is one that the provider has just refused: refresh unless somebody already did. */
  accessToken(signal: AbortSignal, stale?: string): Promise<string>
  /** The grant itself, for providers without tokens. Kept nowhere. */
  secret(signal: AbortSignal): Promise<Record<string, string | number | null>>
  /** What is stored of where messages lie. */
  readonly places: PlaceReader
}

/** pull: now. same: it has nothing new. unsure: nothing shows, but not everything would; in turn. */
export type Look = 'pull' | 'same' | 'unsure'

/** `watched`: it has a doorbell of its own; what has none is polled. */
export type ResourceSpec = { key: string; name: string; watched: boolean }

export type FetchOptions = { bodies: boolean; priority: Priority }
/** Interactive work goes before live sync, live sync before backfill. */
export type Priority = 'interactive' | 'live' | 'backfill'

/** Orders states of one item: of two states of a message, the greater version is the newer. Gmail: historyId. */
export type Version = bigint

export type PulledMessage = {
  id: string
  threadId: string
  version: Version
  subject: string
  from: Address
  to: Address[]
  cc: Address[]
  bcc: Address[]
  replyTo: Address[]
  snippet: string
  receivedAt: number
  sentAt: number | null
  /** The provider's label ids, including those that stand for unread, starred and draft. */
  labelIds: string[]
  unread: boolean
  starred: boolean
  draft: boolean
  sizeBytes: number
  messageIdHeader: string | null
  inReplyTo: string | null
  references: string[]
  attachments: PulledAttachment[]
  /** null when bodies were not asked for. */
  body: PulledBody | null
}

export type PulledAttachment = {
  /** The provider's stable address of the part inside its message. */
  partId: string
  filename: string
  mimeType: string
  sizeBytes: number
  inline: boolean
  contentId: string | null
}

export type PulledBody = { html: string | null; text: string | null; warning: string | null }

/** A change of labels at `version`, known without fetching the message. Applies only to an older stored state. */
export type LabelPatch = {
  id: string
  version: Version
  /** It carries `add` and nothing else, whatever it carried. */
  exactly?: true
  add: string[]
  remove: string[]
  /** What the patch means for the flags; null: nothing. */
  unread: boolean | null
  starred: boolean | null
  draft?: boolean
}

export type PulledPage = {
  /** Of the resource. Stored before what is `touched` is fetched. */
  places?: PlacesPage
  /** Full states that came with the page. */
  upserts: PulledMessage[]
  /** Ids whose state must be fetched unless a state of at least `version` is stored. */
  touched: { id: string; version: Version }[]
  /** In the provider's order. A patch on a message that is not stored is fetched instead. */
  patches: LabelPatch[]
  deletions: { id: string; version: Version }[]
  /** Set when everything up to it has been yielded. */
  cursor: string | null
  /** The provider said that labels were made, renamed or removed. */
  labelsChanged: boolean
}

/** `labelId`: everything in the set carries it. `counted`: the set is part of the progress and of its total. */
export type Listing = { name: string; labelId: string | null; counted: boolean }
export type ListedPage = {
  /** Of the page's messages, in the resource; `gone`: stored between its ends, and confirmed not to be there. */
  places?: PlacesPage
  /** `message`: its state, where the page tells it; otherwise what is needed is fetched. */
  items: { id: string; message: PulledMessage | null }[]
  /** null: this was the last page. */
  next: string | null
  /** The provider's estimate for the whole listing. */
  total: number | null
}

export type Fetched =
  | { id: string; outcome: 'message'; message: PulledMessage }
  | { id: string; outcome: 'missing' }
  /** This one item cannot be had (I10); the others go on. */
  | { id: string; outcome: 'failed'; code: string; message: string; retryAt: number | null }

export type PulledLabel = {
  id: string
  name: string
  role: LabelRole | null
  color: string | null
  hidden: boolean
}

/** `secret` is this watch's own, where the provider lets us set one: kept as it is when `current` is renewed. */
export type WatchRequest = {
  secret: string
  callbackUrl: string | null
  /** What is registered so far, if anything is. */
  current: { providerId: string } | null
}
/**
 * `renewed`: `current` goes on with its own secret. `sole`: however often it is registered, the mailbox has one, so that
 * stopping a registration that came too late would stop the one that counts.
 */
export type WatchGrant = {
  providerId: string
  expiresAt: number
  cursor: string | null
  renewed: boolean
  sole?: true
}

export type ProviderMutation =
  | { type: 'labels'; messageIds: string[]; add: string[]; remove: string[] }
  | { type: 'read'; messageIds: string[]; read: boolean }
  | { type: 'star'; messageIds: string[]; starred: boolean }
  | { type: 'archive'; messageIds: string[] }
  | { type: 'trash' | 'untrash'; messageIds: string[] }
  | {
      type: 'draft' | 'send'
      clientId: string
      mail: OutgoingMail
      /** false: certainly the first attempt, so traces of an earlier one need not be looked for. Left out: unknown. */
      again?: boolean
    }

export type OutgoingMail = {
  from: Address
  to: Address[]
  cc: Address[]
  bcc: Address[]
  subject: string
  text: string
  html: string | null
  threadId: string | null
  inReplyTo: string | null
  references: string[]
}

/** `unknown`: the request left and no answer came; whether it was sent must be looked up or confirmed. */
export type MutateOutcome =
  | { state: 'done'; messageId: string | null }
  | { state: 'unknown'; message: string }

/**
 * What a push says. changed: look. missed: some pushes were not sent, look. lapsing: the watch must be renewed now.
 * removed: the watch is gone, register another and look.
 */
export type PushKind = 'changed' | 'missed' | 'lapsing' | 'removed'

/**
 * A verified push. It names a mailbox as the provider calls it (Gmail: the e-mail address, vouched for by the push's
 * token), or the watch that rang, with the secret that the watch was registered with (Graph: clientState).
 */
export type Notice = { provider: Provider; pushId: string | null } & (
  | { mailbox: string; resource: string | null }
  | { watch: { providerId: string; secret: string }; kind: PushKind }
)
