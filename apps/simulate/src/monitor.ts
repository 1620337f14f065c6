import type { Change } from '@inlet/protocol/changes'
import type { FeedReader } from '@inlet/sync/feed-port'
import { BATCH_MAX, type Lane, type Store } from '@inlet/sync/store-port'
import { changesAfter } from '@inlet/testkit/memory-store/feed-reader'
import type { MemoryState, ResourceState } from '@inlet/testkit/memory-store/state'
import type { Browser } from './browser.ts'
import { expectedRow } from './expected.ts'
import { idOf } from './ids.ts'
import type { Mailbox } from './mailbox.ts'
import type { Trace } from './trace.ts'
import type { Violations } from './violation.ts'

type Seen = { head: number; rows: Map<string, string> }

/**
 * Looks at everything that becomes durable and at every page that is read, at once, and says which invariant does not
 * hold. It stands outside of all that is under test (and of all planted bugs), and knows the provider's truth.
 */
export class Monitor {
  readonly #state: MemoryState
  readonly #mailboxes: ReadonlyMap<string, Mailbox>
  readonly #violations: Violations
  readonly #trace: Trace
  readonly #users = new Map<string, Seen>()
  readonly #cursors = new Map<string, string | null>()
  /** Order of calls and answers, for what must come after what. */
  #tick = 0
  readonly #claims = new Map<string, { token: string; at: number }>()
  readonly #marks = new Map<string, number>()

  constructor(parts: {
    state: MemoryState
    mailboxes: ReadonlyMap<string, Mailbox>
    violations: Violations
    trace: Trace
  }) {
    this.#state = parts.state
    this.#mailboxes = parts.mailboxes
    this.#violations = parts.violations
    this.#trace = parts.trace
  }

  /** After each transaction of the database, in the same step. */
  committed(name: string): void {
    for (const user of this.#state.users.values()) {
      const seen = this.#users.get(user.userId) ?? { head: 0, rows: new Map() }
      this.#users.set(user.userId, seen)
      if (user.head === seen.head) continue
      const changes = changesAfter(user, seen.head)
      seen.head = user.head
      for (const change of changes) this.#changed(seen, change, name)
    }
    for (const lane of this.#state.resources.values()) {
      if (lane.lane !== 'live' && lane.lane !== 'listing') continue
      const before = this.#cursors.get(lane.id) ?? null
      if (lane.cursor === before) continue
      this.#cursors.set(lane.id, lane.cursor)
      if (lane.lane === 'live') this.#liveCursorMoved(lane, before)
      else if (lane.cursor === null) this.#covered(lane, 'when the listing ended')
    }
  }

  #changed(seen: Seen, change: Change, name: string): void {
    const key = `${change.kind} ${change.id}`
    if (change.op === 'delete') {
      const old = seen.rows.get(key)
      seen.rows.delete(key)
      this.#trace.say('database', `#${change.seq} ${change.kind} deleted`)
      if (change.kind === 'message' && old !== undefined && name === 'commit') this.#deleted(change.id)
      return
    }
    const json = JSON.stringify(change.row)
    if (this.#trace.on) this.#trace.say('database', `#${change.seq} ${change.kind} ${describe(change)}`)
    if (change.kind !== 'account' && seen.rows.get(key) === json)
      this.#violations.report(
        'I4',
        `The ${change.kind} ${change.id} took seq ${change.seq} without having changed: a replay is not a no-op.`,
      )
    seen.rows.set(key, json)
  }

  #deleted(id: string): void {
    for (const mailbox of this.#mailboxes.values())
      for (const account of this.#accountsOf(mailbox.email))
        for (const messageId of mailbox.messages.keys())
          if (idOf(account, 'message', messageId) === id)
            this.#violations.report(
              'I7',
              `Message ${messageId} of ${mailbox.email} was deleted here, and the provider still has it.`,
            )
  }

  *#accountsOf(email: string): Generator<string> {
    for (const user of this.#state.users.values())
      for (const { row } of user.accounts.values()) if (row.email === email) yield row.id
  }

  #liveCursorMoved(lane: ResourceState, before: string | null): void {
    this.#trace.say('database', `live cursor ${before ?? 'none'} → ${lane.cursor ?? 'none'}`)
    if (before !== null && lane.cursor !== null && BigInt(lane.cursor) < BigInt(before))
      this.#violations.report('I8', `The live cursor went back from ${before} to ${lane.cursor}.`)
    this.#covered(lane, 'when the cursor moved')
  }

  /**
   * I1 and I9, seen from outside: whatever the provider has up to the cursor is stored as it is, or is a failed item, or
   * lies in a gap that a listing is going to walk.
   */
  #covered(lane: ResourceState, when: string): void {
    const user = this.#state.users.get(lane.userId)
    const email = user?.accounts.get(lane.accountId)?.row.email
    const mailbox = email === undefined ? undefined : this.#mailboxes.get(email)
    const lanes = [...this.#state.resources.values()].filter(each => each.accountId === lane.accountId)
    const cursor = lanes.find(each => each.lane === 'live')?.cursor ?? null
    if (!user || !mailbox || cursor === null) return
    if (lanes.some(each => each.lane === 'listing' && each.cursor !== null)) return
    const upTo = BigInt(cursor)
    for (const message of mailbox.messages.values()) {
      if (message.version > upTo) continue
      const id = idOf(lane.accountId, 'message', message.id)
      if (user.failedItems.has(id)) continue
      const stored = user.messages.get(id)
      const where = `${mailbox.email} ${when} (cursor ${cursor})`
      if (!stored)
        this.#violations.report(
          'I1',
          `Message ${message.id} (version ${message.version}) is missing from ${where}.`,
        )
      else if (
        stored.version < message.version &&
        JSON.stringify(stored.row) !== JSON.stringify(expectedRow(lane.accountId, message))
      )
        this.#violations.report(
          'I1',
          `Message ${message.id} is stored as of ${stored.version} instead of ${message.version} in ${where}.`,
        )
    }
  }

  store(inner: Store): Store {
    const marked = (accountId: string, lane: Lane, at: number) => this.#marks.set(`${accountId} ${lane}`, at)
    return {
      ...inner,
      claimDue: async options => {
        const claims = await inner.claimDue(options)
        for (const { lease, accountId, lane, trigger } of claims) {
          const at = ++this.#tick
          this.#claims.set(lease.resourceId, { token: lease.token, at })
          this.#claims.set(`${accountId} ${lane}`, { token: lease.token, at })
          this.#trace.say('claim', `${lane} (${trigger})`)
        }
        return claims
      },
      commit: async batch => {
        const at = ++this.#tick
        const said =
          batch.upserts.length + batch.patches.length + batch.deletions.length + batch.missing.length
        if (said > 4 * BATCH_MAX) this.#violations.report('I13', `A batch speaks of ${said} messages.`)
        const latest = this.#claims.get(batch.lease.resourceId)
        const stale = latest !== undefined && latest.token !== batch.lease.token && latest.at < at
        const committed = await inner.commit(batch)
        if (stale)
          this.#violations.report(
            'I8',
            `A worker whose lease on ${batch.lease.resourceId} had passed to another committed.`,
          )
        return committed
      },
      mark: async (target, trigger, now) => {
        const at = ++this.#tick
        const count = await inner.mark(target, trigger, now)
        if ('accountId' in target) for (const lane of target.lanes) marked(target.accountId, lane, at)
        return count
      },
      recordPush: async (event, now) => {
        const at = ++this.#tick
        const outcome = await inner.recordPush(event, now)
        if (outcome.outcome === 'marked' || outcome.outcome === 'duplicate')
          for (const accountId of outcome.accountIds) marked(accountId, 'live', at)
        return outcome
      },
    }
  }

  /** When nothing is due any more: each mark was followed by a run. */
  marksHonoured(): void {
    for (const [key, at] of this.#marks) {
      const [accountId = ''] = key.split(' ')
      const paused = [...this.#state.resources.values()].some(
        lane => lane.accountId === accountId && lane.paused,
      )
      const claim = this.#claims.get(key)
      if (!paused && (!claim || claim.at < at))
        this.#violations.report('I8', `A mark on ${key} was answered and no run ever followed it.`)
    }
  }

  /** I6: at the moment a push is answered, its mark is in the database. Taken before the push is handed over, called after. */
  acknowledging(email: string): () => void {
    const before = new Map([...this.#liveLanes(email)].map(lane => [lane.id, lane.marks]))
    return () => {
      for (const lane of this.#liveLanes(email)) {
        const marks = before.get(lane.id)
        if (marks !== undefined && !lane.paused && lane.marks <= marks)
          this.#violations.report('I6', `A push for ${email} was answered before its mark was durable.`)
      }
    }
  }

  *#liveLanes(email: string): Generator<ResourceState> {
    for (const lane of this.#state.resources.values()) {
      const row = this.#state.users.get(lane.userId)?.accounts.get(lane.accountId)?.row
      if (lane.lane === 'live' && row?.email === email && !lane.paused) yield lane
    }
  }

  feed(inner: FeedReader): FeedReader {
    return {
      ...inner,
      follow: async (userId, after, limit, signal) => {
        const page = await inner.follow(userId, after, limit, signal)
        if (page.changes.length > limit)
          this.#violations.report('I13', `A page holds ${page.changes.length} changes of at most ${limit}.`)
        const user = this.#state.users.get(userId)
        const given = new Map(page.changes.map(change => [`${change.kind} ${change.id}`, change.seq]))
        let last = after
        for (const { seq } of page.changes) {
          if (seq <= last || seq > page.next)
            this.#violations.report('I2', `A page after ${after} holds seq ${seq} out of order.`)
          last = seq
        }
        for (const { kind, id, seq } of user ? changesAfter(user, after) : [])
          if (seq <= page.next && given.get(`${kind} ${id}`) !== seq)
            this.#violations.report(
              'I2',
              `A page after ${after} leads to ${page.next} without the ${kind} at seq ${seq}.`,
            )
        return page
      },
    }
  }

  /** After each transaction of a mirror: what its cursor says it has, it has (I3, I5). */
  mirrored(browser: Browser): void {
    const feed = browser.feed()
    const user = this.#state.users.get(browser.userId)
    if (!feed || feed.cursor === null || !user) return
    const { cursor } = feed
    if (cursor > user.head)
      this.#violations.report('I5', `${browser.name} is at ${cursor}, the feed ends at ${user.head}.`)
    // Rows at or below the head at which the fill began are complete only when it has ended.
    const filled = feed.fill.position === null
    for (const [kind, table, rows] of mirrored(browser, user)) {
      for (const [id, { seq }] of rows) {
        const held = table.get(id) as { seq: number } | undefined
        if (held && held.seq > user.head)
          this.#violations.report('I4', `${browser.name} holds a ${kind} at ${held.seq}, beyond the head.`)
        if (seq > cursor || held?.seq === seq || (!filled && held === undefined)) continue
        this.#violations.report(
          'I5',
          `${browser.name} is at ${cursor} and holds the ${kind} of seq ${seq} ${held ? `as of ${held.seq}` : 'not at all'}.`,
        )
      }
      for (const id of table.keys()) {
        if (rows.has(id)) continue
        const tombstone = user.tombstones.get(`${kind} ${id}`)
        if (tombstone ? (tombstone.seq ?? 0) > cursor : user.floor > cursor) continue
        this.#violations.report(
          'I5',
          `${browser.name} is at ${cursor} and still holds a ${kind} that was deleted at ${tombstone?.seq ?? 'a pruned seq'}.`,
        )
      }
    }
  }
}

type Rows = ReadonlyMap<string, { seq: number }>
export function mirrored(
  browser: Browser,
  user: { accounts: Rows; labels: Rows; messages: Rows; threads: Rows },
): ['account' | 'label' | 'message' | 'thread', ReadonlyMap<string, unknown>, Rows][] {
  return [
    ['account', browser.disk.table('accounts'), user.accounts],
    ['label', browser.disk.table('labels'), user.labels],
    ['message', browser.disk.table('messages'), user.messages],
    ['thread', browser.disk.table('threads'), user.threads],
  ]
}

function describe(change: Extract<Change, { op: 'upsert' }>): string {
  switch (change.kind) {
    case 'message':
      return `"${change.row.subject}"${change.row.unread ? ' unread' : ''}${change.row.starred ? ' starred' : ''} (${change.row.labelIds.length} labels)`
    case 'thread':
      return `"${change.row.subject}" of ${change.row.messageCount}`
    case 'label':
      return `${change.row.name} ${change.row.unread}/${change.row.total}`
    case 'account':
      return `${change.row.status.state}${change.row.status.reason ? ` (${change.row.status.reason})` : ''}`
  }
}
