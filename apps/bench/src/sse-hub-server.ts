import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ChangesPage } from '@inlet/protocol/changes'
import { localBus } from '@inlet/realtime/bus-local'
import { Hub } from '@inlet/realtime/hub'
import { nodeSink } from '@inlet/realtime/sink-node'
import type { FeedReader } from '@inlet/sync/feed-port'

/** The hub over plain Node responses, with a feed in memory: our streams without Next, sessions or a database. */
export type HubOrder = { do: 'serve' } | { do: 'broadcast'; text: string }
export type HubTold = { port: number } | { rungAtNs: bigint }

const heads = new Map<string, number>()
let latest = ''

const feed: FeedReader = {
  async follow(userId, after): Promise<ChangesPage> {
    const head = heads.get(userId) ?? 1
    const row = {
      id: 'l1',
      accountId: 'a1',
      name: latest,
      role: null,
      color: null,
      hidden: false,
      total: 0,
      unread: 0,
    }
    const changes =
      after < head ? [{ kind: 'label' as const, op: 'upsert' as const, id: 'l1', seq: head, row }] : []
    return { after, changes, next: head, head, floor: 0, more: false }
  },
  fill: async () => ({ changes: [], next: null, head: 1, floor: 0 }),
  heads: async userIds => new Map(userIds.map(userId => [userId, heads.get(userId) ?? 1])),
}

const hub = new Hub({
  feed,
  bus: localBus(),
  liveSessions: async sessionIds => new Set(sessionIds),
  limits: { streamsPerUser: Number.POSITIVE_INFINITY },
})

const server = createServer((request, response) => {
  const userId = new URL(request.url ?? '/', 'http://bench').searchParams.get('user') ?? 'u'
  if (!heads.has(userId)) heads.set(userId, 1)
  hub.open({ userId, sessionId: `s-${userId}`, after: 1, sink: nodeSink(response) })
})

process.on('disconnect', () => process.exit(0))
process.on('message', (order: HubOrder) => {
  if (order.do === 'serve')
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
      process.send?.({ port: (server.address() as AddressInfo).port }),
    )
  else {
    latest = order.text
    const rungAtNs = process.hrtime.bigint()
    for (const [userId, head] of heads) {
      heads.set(userId, head + 1)
      hub.ring(userId, head + 1)
    }
    process.send?.({ rungAtNs })
  }
})
