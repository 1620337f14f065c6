import { BATCH_MAX, type MarkTarget, type Store } from '@inlet/sync/store-port'
import type { ResourceState } from '@inlet/testkit/memory-store/state'
import type { Ring } from '../mailbox.ts'
import type { Watched } from './watched.ts'

/** Transactions that give, prolong or take leases. */
const MOVES_LEASES = new Set(['claimDue', 'renewLease', 'finish', 'commit', 'startReconciliation'])

/**
 * Marks, claims and commits: a mark is durable before it is answered (I6) and followed by a run, a lease has one
 * holder and whoever has lost it commits nothing (I8), and batches keep their bound (I13).
 */
export class WorkWatch {
  readonly #watched: Watched
  /** Order of calls and answers, for what must come after what. */
  #tick = 0
  /**
   * The lease that each lane was given last, when that was, and until when it is good; 0 once it is given back. Read from
   * the database: an answer that comes late says nothing about it.
   */
  readonly #leases = new Map<string, { token: string; at: number; until: number }>()
  /** When a run of a lane was last begun. */
  readonly #claims = new Map<string, number>()
  readonly #marks = new Map<string, number>()

  constructor(watched: Watched) {
    this.#watched = watched
  }

  store(inner: Store): Store {
    return {
      ...inner,
      claimDue: async options => {
        const claims = await inner.claimDue(options)
        for (const { lease, lane, key, trigger } of claims) {
          this.#claims.set(lease.resourceId, ++this.#tick)
          this.#watched.trace.say('claim', `${lane} ${key} (${trigger})`)
        }
        return claims
      },
      commit: async batch => {
        const at = ++this.#tick
        const said =
          batch.upserts.length + batch.patches.length + batch.deletions.length + batch.missing.length
        if (said > 4 * BATCH_MAX)
          this.#watched.violations.report('I13', `A batch speaks of ${said} messages.`)
        const latest = this.#leases.get(batch.lease.resourceId)
        const stale = latest !== undefined && latest.token !== batch.lease.token && latest.at < at
        const committed = await inner.commit(batch)
        if (stale)
          this.#watched.violations.report(
            'I8',
            `A worker whose lease on ${batch.lease.resourceId} had passed to another committed.`,
          )
        return committed
      },
      mark: async (target, trigger, now) => {
        const at = ++this.#tick
        const count = await inner.mark(target, trigger, now)
        for (const lane of this.#targets(target)) this.#marks.set(lane.id, at)
        return count
      },
      recordPush: async (event, now) => {
        const at = ++this.#tick
        const outcome = await inner.recordPush(event, now)
        if (outcome.outcome !== 'marked' && outcome.outcome !== 'duplicate') return outcome
        const { watch, mailbox: email } = event
        for (const lane of this.#rung(
          email === null ? { watch } : { mailbox: email, resource: event.resource },
        ))
          this.#marks.set(lane.id, at)
        if (watch && !this.#isTrue(watch))
          this.#watched.violations.report(
            'I13',
            `A push in the name of ${watch.providerId} was believed without its secret.`,
          )
        return outcome
      },
      startReconciliation: async (accountId, start, now) => {
        const outcome = await inner.startReconciliation(accountId, start, now)
        // It would mend what live sync has lost, and nobody would hear of the loss.
        if (outcome.started && start.trigger === 'counts')
          this.#watched.violations.report(
            'rest',
            `The provider's count of ${accountId} went on disagreeing with what is stored.`,
          )
        return outcome
      },
    }
  }

  /** After each transaction. */
  committed(name: string): void {
    if (!MOVES_LEASES.has(name)) return
    for (const { id, leaseToken, leaseUntil } of this.#watched.state.resources.values()) {
      const known = this.#leases.get(id)
      if (leaseToken === null) {
        if (known) known.until = 0
      } else if (known?.token === leaseToken) known.until = leaseUntil ?? known.until
      else {
        if (known && known.until > this.#watched.now())
          this.#watched.violations.report('I8', `The lane ${id} was claimed while another held it.`)
        this.#leases.set(id, { token: leaseToken, at: ++this.#tick, until: leaseUntil ?? 0 })
      }
    }
  }

  /** When nothing is due any more: each mark was followed by a run. */
  marksHonoured(): void {
    for (const [id, at] of this.#marks) {
      const lane = this.#watched.state.resources.get(id)
      if (lane && !lane.paused && (this.#claims.get(id) ?? 0) < at)
        this.#watched.violations.report('I8', `A mark on ${id} was answered and no run ever followed it.`)
    }
  }

  /** I6: at the moment a push is answered, its mark is in the database. Taken before the push is handed over, called after. */
  acknowledging(ring: Ring): () => void {
    if ('watch' in ring && !this.#isTrue(ring.watch)) return () => {}
    const before = new Map([...this.#rung(ring)].map(lane => [lane.id, lane.marks]))
    return () => {
      for (const lane of this.#rung(ring)) {
        const marks = before.get(lane.id)
        if (marks !== undefined && lane.marks <= marks)
          this.#watched.violations.report(
            'I6',
            `A push for ${lane.id} was answered before its mark was durable.`,
          )
      }
    }
  }

  #isTrue({ providerId, secret }: { providerId: string; secret: string }): boolean {
    return [...this.#watched.mailboxes.values()].some(mailbox => mailbox.secretOf(providerId) === secret)
  }

  /** The live lanes that a push names and that are not stopped. */
  *#rung(
    ring: { mailbox: string; resource: string | null } | { watch: { providerId: string } | null },
  ): Generator<ResourceState> {
    for (const lane of this.#watched.state.resources.values()) {
      if (lane.lane !== 'live' || lane.paused) continue
      const row = this.#watched.state.users.get(lane.userId)?.accounts.get(lane.accountId)?.row
      const named =
        'mailbox' in ring
          ? row?.email === ring.mailbox && (ring.resource === null || ring.resource === lane.key)
          : lane.watch?.providerId === ring.watch?.providerId
      if (named) yield lane
    }
  }

  *#targets(target: MarkTarget): Generator<ResourceState> {
    for (const lane of this.#watched.state.resources.values()) {
      if ('resourceId' in target ? lane.id === target.resourceId : this.#isOf(lane, target)) yield lane
    }
  }

  #isOf(lane: ResourceState, target: Exclude<MarkTarget, { resourceId: string }>): boolean {
    const owned = 'accountId' in target ? lane.accountId === target.accountId : lane.userId === target.userId
    return owned && target.lanes.includes(lane.lane)
  }
}
