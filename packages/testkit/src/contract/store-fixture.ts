import type { FeedReader } from '@inlet/sync/feed-port'
import type { PulledLabel, PulledMessage } from '@inlet/sync/provider-port'
import type { Batch, Claim, Lane, NewAccount, Store, WatchClaim } from '@inlet/sync/store-port'

export type StoreUnderTest = {
  store: Store
  /** Its writes appear there. */
  feed: FeedReader
  /** Behind the store's back: a message, by its provider's id, carries what is no label. */
  mislabel(accountId: string, messageId: string): Promise<void>
}

export const NOW = 1_800_000_000_000
export const LEASE_MS = 60_000

export function pulledMessage(id: string, more: Partial<PulledMessage> = {}): PulledMessage {
  return {
    id,
    threadId: `t-${id}`,
    version: 1n,
    subject: `Subject of ${id}`,
    from: { name: 'Ada', email: 'ada@example.com' },
    to: [{ name: 'Bob', email: 'bob@example.com' }],
    cc: [],
    bcc: [],
    replyTo: [],
    snippet: `Snippet of ${id}`,
    receivedAt: NOW,
    sentAt: NOW - 1_000,
    labelIds: ['INBOX'],
    unread: false,
    starred: false,
    draft: false,
    sizeBytes: 1_000,
    messageIdHeader: `<${id}@example.com>`,
    inReplyTo: null,
    references: [],
    attachments: [],
    body: { html: null, text: `Body of ${id}`, warning: null },
    ...more,
  }
}

export const inbox: PulledLabel = { id: 'INBOX', name: 'Inbox', role: 'inbox', color: null, hidden: false }

let users = 0

/** A user with one connected account, whose live lane has been claimed. */
export async function connected({ store }: Pick<StoreUnderTest, 'store'>, more: Partial<NewAccount> = {}) {
  users += 1
  const userId = more.userId ?? `user-${users}`
  const email = more.email ?? `box${users}@example.com`
  const { accountId } = await store.createAccount(
    {
      userId,
      provider: 'gmail',
      email,
      displayName: 'Box',
      grant: { data: { refreshToken: 'secret' } },
      resources: [{ key: 'mailbox', name: 'Mailbox', watched: true }],
      ...more,
    },
    NOW,
  )
  const claim = await claimLane(store, accountId, 'live', NOW)
  return { userId, accountId, email, claim }
}

export async function claimLane(store: Store, accountId: string, lane: Lane, now: number): Promise<Claim> {
  const [claim] = await store.claimDue({ now, leaseMs: LEASE_MS, limit: 1, accountId, lanes: [lane] })
  if (!claim) throw new Error(`The ${lane} lane of ${accountId} is not due at ${now}.`)
  return claim
}

/** Registers what is due for it, whenever it ends. */
export async function saveWatch(
  store: Store,
  resourceId: string,
  watch: Parameters<Store['saveWatch']>[1],
  now: number,
): Promise<void> {
  const claim = await claimWatch(store, resourceId, now)
  if (!(await store.saveWatch(claim, watch, now))) throw new Error(`The claim on ${resourceId} has ended.`)
}

export async function claimWatch(store: Store, resourceId: string, now: number): Promise<WatchClaim> {
  const due = await store.watchesDue(now, 1e12, 10_000)
  const claim = await Promise.all(
    due
      .filter(each => each.resourceId === resourceId)
      .map(each => store.claimWatch(each, now, now + LEASE_MS)),
  )
  if (!claim[0]) throw new Error(`The watch of ${resourceId} is not due at ${now}.`)
  return claim[0]
}

/** Commits under a claim, keeping its cursor version in step. */
export async function commitUnder(store: Store, claim: Claim, part: Partial<Batch>) {
  const committed = await store.commit(batchOf(claim, part))
  claim.cursorVersion = committed.cursorVersion
  return committed
}

export function batchOf(claim: Claim, part: Partial<Batch>): Batch {
  return {
    lease: claim.lease,
    cursorVersion: claim.cursorVersion,
    userId: claim.userId,
    accountId: claim.accountId,
    now: NOW,
    upserts: [],
    patches: [],
    deletions: [],
    missing: [],
    labels: null,
    failures: [],
    ...part,
  }
}

/** The whole feed of a user: the latest row or tombstone of everything. */
export async function wholeFeed({ feed }: Pick<StoreUnderTest, 'feed'>, userId: string, after = 0) {
  const changes = []
  let cursor = after
  for (;;) {
    const page = await feed.follow(userId, cursor, 1_000)
    changes.push(...page.changes)
    cursor = page.next
    if (!page.more) return { changes, head: page.head }
  }
}
