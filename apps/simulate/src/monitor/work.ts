import { BATCH_MAX, type Lane, type Store } from '@inlet/sync/store-port'
import type { ResourceState } from '@inlet/testkit/memory-store/state'
import type { Watched } from './watched.ts'

/**
 * Marks, claims and commits: a mark is durable before it is answered (I6) and followed by a run, whoever has lost a lease
 * commits nothing (I8), and batches keep their bound (I13).
 */
export class WorkWatch {
  readonly #watched: Watched
  /** Order of calls and answers, for what must come after what. */
  #tick = 0
  /** The lease that each lane was given last, and when: an answer that comes late says nothing about it. */
  readonly #leases = new Map<string, { token: string; at: number }>()
  /** When a run of a lane was last begun. */
  readonly #claims = new Map<string, number>()
  readonly #marks = new Map<string, number>()

  constructor(watched: Watched) {
    this.#watched = watched
  }

  store(inner: Store): Store {
    const marked = (accountId: string, lane: Lane, at: number) => this.#marks.set(`${accountId} ${lane}`, at)
    return {
      ...inner,
      claimDue: async options => {
        const claims = await inner.claimDue(options)
        for (const { accountId, lane, trigger } of claims) {
          this.#claims.set(`${accountId} ${lane}`, ++this.#tick)
          this.#watched.trace.say('claim', `${lane} (${trigger})`)
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

  /** After each transaction. */
  committed(name: string): void {
    if (name !== 'claimDue') return
    for (const { id, leaseToken } of this.#watched.state.resources.values())
      if (leaseToken !== null && this.#leases.get(id)?.token !== leaseToken)
        this.#leases.set(id, { token: leaseToken, at: ++this.#tick })
  }

  /** When nothing is due any more: each mark was followed by a run. */
  marksHonoured(): void {
    for (const [key, at] of this.#marks) {
      const [accountId = ''] = key.split(' ')
      const paused = [...this.#watched.state.resources.values()].some(
        lane => lane.accountId === accountId && lane.paused,
      )
      if (!paused && (this.#claims.get(key) ?? 0) < at)
        this.#watched.violations.report('I8', `A mark on ${key} was answered and no run ever followed it.`)
    }
  }

  /** I6: at the moment a push is answered, its mark is in the database. Taken before the push is handed over, called after. */
  acknowledging(email: string): () => void {
    const before = new Map([...this.#liveLanes(email)].map(lane => [lane.id, lane.marks]))
    return () => {
      for (const lane of this.#liveLanes(email)) {
        const marks = before.get(lane.id)
        if (marks !== undefined && !lane.paused && lane.marks <= marks)
          this.#watched.violations.report(
            'I6',
            `A push for ${email} was answered before its mark was durable.`,
          )
      }
    }
  }

  *#liveLanes(email: string): Generator<ResourceState> {
    for (const lane of this.#watched.state.resources.values()) {
      const row = this.#watched.state.users.get(lane.userId)?.accounts.get(lane.accountId)?.row
      if (lane.lane === 'live' && row?.email === email && !lane.paused) yield lane
    }
  }
}
