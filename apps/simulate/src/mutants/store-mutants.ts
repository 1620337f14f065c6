import { StaleLease } from '@inlet/sync/provider-errors'
import type { Batch, Store } from '@inlet/sync/store-port'
import type { Scene } from '../substitutes.ts'
import type { Mutant } from './mutant.ts'

const empty = { upserts: [], patches: [], deletions: [], missing: [], labels: null, failures: [] }
const lanesOf = ({ state }: Scene, accountId: string) =>
  [...state.resources.values()].filter(lane => lane.accountId === accountId)

/** A store whose commit is another one. */
const committing =
  (commit: (inner: Store, batch: Batch, scene: Scene) => ReturnType<Store['commit']>) =>
  (inner: Store, scene: Scene): Store => ({ ...inner, commit: batch => commit(inner, batch, scene) })

/** Bugs in what becomes durable, and when. */
export const storeMutants: Mutant[] = [
  {
    name: 'cursor-before-rows',
    breaks: 'I1',
    what: 'the cursor is committed in a transaction of its own, before the rows',
    substitutes: {
      store: committing(async (inner, { cursor, ...batch }) => {
        if (cursor === undefined) return await inner.commit(batch)
        const moved = await inner.commit({ ...batch, ...empty, cursor })
        const committed = await inner.commit({ ...batch, cursorVersion: moved.cursorVersion })
        return { ...committed, head: committed.head ?? moved.head }
      }),
    },
  },
  {
    name: 'rows-forgotten-after-cursor',
    breaks: 'I1',
    what: 'the live lane commits its cursor and drops the label changes that came with it',
    substitutes: {
      store: committing((inner, batch) =>
        inner.commit(batch.cursor === undefined ? batch : { ...batch, patches: [] }),
      ),
    },
  },
  {
    name: 'no-fence',
    breaks: 'I8',
    what: 'a commit takes whatever lease and cursor version are stored for its own',
    substitutes: {
      store: committing((inner, batch, { state }) => {
        const lane = state.resources.get(batch.lease.resourceId)
        if (!lane) throw new StaleLease(batch.lease.resourceId)
        const lease = { resourceId: lane.id, token: lane.leaseToken ?? '' }
        return inner.commit({ ...batch, lease, cursorVersion: lane.cursorVersion })
      }),
    },
  },
  {
    name: 'late-finisher',
    breaks: 'I8',
    what: 'a worker that finishes late ends the run of its successor, with its mark',
    substitutes: {
      store: (inner, { state }) => ({
        ...inner,
        finish: async (claim, _end, now) => {
          const lane = state.resources.get(claim.lease.resourceId)
          const token = lane?.leaseToken ?? claim.lease.token
          if (lane && token !== claim.lease.token) lane.claimedMarks = lane.marks
          return await inner.finish({ ...claim, lease: { ...claim.lease, token } }, { ok: true }, now)
        },
      }),
    },
  },
  {
    name: 'mark-dropped-during-run',
    breaks: 'I8',
    what: 'a push during a running sync marks nothing',
    substitutes: {
      store: (inner, { state }) => ({
        ...inner,
        recordPush: async (event, now) => {
          const before = new Map([...state.resources.values()].map(lane => [lane.id, { ...lane }]))
          const outcome = await inner.recordPush(event, now)
          for (const lane of state.resources.values()) {
            const was = before.get(lane.id)
            if (lane.lane !== 'live' || !was || was.leaseToken === null || lane.leaseToken !== was.leaseToken)
              continue
            lane.claimedMarks = lane.marks
          }
          return outcome
        },
      }),
    },
  },
  {
    name: 'finish-clears-newer-mark',
    breaks: 'I8',
    what: 'the end of a run clears the mark, also one that was made during it',
    substitutes: {
      store: (inner, { state }) => ({
        ...inner,
        finish: async (claim, end, now) => {
          const lane = state.resources.get(claim.lease.resourceId)
          if (end.ok && lane?.leaseToken === claim.lease.token) lane.claimedMarks = lane.marks
          return await inner.finish(claim, end, now)
        },
      }),
    },
  },
  {
    name: 'lease-never-expires',
    breaks: 'I8',
    what: 'a lease is for ever, so a dead worker’s lane is never taken up again',
    substitutes: {
      store: inner => ({ ...inner, claimDue: options => inner.claimDue({ ...options, leaseMs: 1e13 }) }),
    },
  },
  {
    name: 'lease-of-everyone',
    breaks: 'I8',
    what: 'a lane that is leased is claimed all the same',
    substitutes: {
      store: (inner, { state }) => ({
        ...inner,
        claimDue: options => {
          for (const lane of state.resources.values()) lane.leaseUntil = null
          return inner.claimDue(options)
        },
      }),
    },
  },
  {
    name: 'jump-to-now',
    breaks: 'I9',
    what: 'an expired cursor becomes a new one, and the gap is forgotten',
    substitutes: {
      store: committing((inner, { startListing, ...batch }) =>
        inner.commit(startListing && startListing.kind !== 'resync' ? { ...batch, startListing } : batch),
      ),
    },
  },
  {
    name: 'cursor-after-listing',
    breaks: 'I9',
    what: 'the cursor is taken when the listing has ended instead of before it began',
    substitutes: {
      store: committing(async (inner, batch, scene) => {
        const committed = await inner.commit(batch)
        if (batch.cursor !== null) return committed
        const key = scene.state.resources.get(batch.lease.resourceId)?.key
        for (const lane of lanesOf(scene, batch.accountId)) {
          const email = scene.state.users.get(lane.userId)?.accounts.get(lane.accountId)?.row.email ?? ''
          const mailbox = scene.mailboxes.get(email)
          if (lane.lane === 'live' && lane.key === key && mailbox?.resources().some(each => each.key === key))
            lane.cursor = mailbox.cursor(lane.key)
        }
        return committed
      }),
    },
  },
  {
    name: 'failed-item-skipped',
    breaks: 'I10',
    what: 'an item that cannot be fetched is left out',
    substitutes: { store: committing((inner, batch) => inner.commit({ ...batch, failures: [] })) },
  },
  {
    name: 'failed-item-not-retried',
    breaks: 'I10',
    what: 'a failed item is kept, and its lane is never due',
    substitutes: {
      store: committing(async (inner, batch, scene) => {
        const committed = await inner.commit(batch)
        for (const lane of lanesOf(scene, batch.accountId)) if (lane.lane === 'items') lane.dirtyAt = null
        return committed
      }),
    },
  },
  {
    name: 'late-retry-heals',
    breaks: 'I10',
    what: 'a retry that was under way ends the failure of a newer state',
    substitutes: {
      store: committing((inner, { heals, ...batch }) =>
        inner.commit(heals === false ? { ...batch, heals } : batch),
      ),
    },
  },
  {
    name: 'listing-heals',
    breaks: 'I10',
    what: 'what a listing fetched earlier ends the failure of a newer state',
    substitutes: { store: committing((inner, { heals: _, ...batch }) => inner.commit(batch)) },
  },
  {
    name: 'deletion-by-omission',
    breaks: 'I7',
    what: 'what a listing did not hold is deleted without asking',
    substitutes: {
      provider: (inner, { state }) => ({
        ...inner,
        port: {
          ...inner.port,
          async *fetch(conn, resource, ids, options, signal) {
            for await (const fetched of inner.port.fetch(conn, resource, ids, options, signal)) {
              const stored = [...state.users.values()].some(user =>
                [...user.messages.values()].some(
                  each => each.row.accountId === conn.accountId && each.providerId === fetched.id,
                ),
              )
              const checking = options.priority === 'backfill' && stored
              yield checking ? { id: fetched.id, outcome: 'missing' } : fetched
            }
          },
        },
      }),
    },
  },
  {
    name: 'watch-expiry-unnoticed',
    breaks: 'I3',
    what: 'a watch that has ended is never registered again',
    substitutes: {
      store: inner => ({
        ...inner,
        watchesDue: async (now, withinMs, limit) =>
          (await inner.watchesDue(now, withinMs, limit)).filter(watch => watch.expiresAt === null),
      }),
    },
  },
  {
    name: 'silence-trusted',
    breaks: 'I3',
    what: 'a mailbox without pushes is never polled',
    substitutes: { store: inner => ({ ...inner, markSilent: async () => 0 }) },
  },
]
