import type { Change } from '@inlet/protocol/changes'
import type { FeedReader } from '@inlet/sync/feed-port'
import { changesAfter } from '@inlet/testkit/memory-store/feed-reader'
import type { Watched } from './watched.ts'

/**
 * Pages of the feed as they are read: nothing between their ends is left out (I2), no row is another user's (I11), and
 * they keep their bound (I13).
 */
export function watchPages(watched: Watched, inner: FeedReader): FeedReader {
  const own = (userId: string, changes: readonly Change[]) => {
    const accounts = watched.state.users.get(userId)?.accounts
    for (const change of changes) {
      if (change.op === 'delete') continue
      if (accounts?.has(change.kind === 'account' ? change.id : change.row.accountId)) continue
      watched.violations.report(
        'I11',
        `A page for ${userId} holds the ${change.kind} ${change.id}, not theirs.`,
      )
    }
  }
  return {
    ...inner,
    fill: async (userId, position, limit, signal) => {
      const page = await inner.fill(userId, position, limit, signal)
      own(userId, page.changes)
      return page
    },
    follow: async (userId, after, limit, signal) => {
      const page = await inner.follow(userId, after, limit, signal)
      if (page.changes.length > limit)
        watched.violations.report('I13', `A page holds ${page.changes.length} changes of at most ${limit}.`)
      own(userId, page.changes)
      const user = watched.state.users.get(userId)
      const given = new Map(page.changes.map(change => [`${change.kind} ${change.id}`, change.seq]))
      let last = after
      for (const { seq } of page.changes) {
        if (seq <= last || seq > page.next)
          watched.violations.report('I2', `A page after ${after} holds seq ${seq} out of order.`)
        last = seq
      }
      for (const { kind, id, seq } of user ? changesAfter(user, after) : [])
        if (seq <= page.next && given.get(`${kind} ${id}`) !== seq)
          watched.violations.report(
            'I2',
            `A page after ${after} leads to ${page.next} without the ${kind} at seq ${seq}.`,
          )
      return page
    },
  }
}
