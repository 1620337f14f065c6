import { emptyBatch } from '@inlet/sync/batch'
import { connectAccount } from '@inlet/sync/connect-account'
import { pollFallback } from '@inlet/sync/fallback-poll'
import { ProviderError, StaleLease } from '@inlet/sync/provider-errors'
import { receivePush } from '@inlet/sync/receive-push'
import { startReconcile } from '@inlet/sync/reconcile'
import { Runner } from '@inlet/sync/runner'
import { RENEW_WITHIN_MS, renewWatches } from '@inlet/sync/watches'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EngineWorld, engineWorld, follow, providersMail, storedMail } from './harness.ts'

let world: EngineWorld
beforeEach(async () => {
  world = await engineWorld()
})
afterEach(() => world.close())

const status = async () => (await world.store.account(world.accountId))?.status
const fill = (count: number) => {
  for (let i = 0; i < count; i++) world.mailbox.deliver()
}

describe('connecting an account', () => {
  it('stores everything, newest first, and proves it against the provider’s count', async () => {
    fill(230)
    const firstFetched: string[] = []
    world.mailbox.onCall = (call, id) => {
      if (call === 'fetch' && firstFetched.length < 3) firstFetched.push(id)
    }
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect(firstFetched).toEqual(['m230', 'm229', 'm228'])
    const account = [...(await follow(world)).rows.values()].find(change => change.kind === 'account')
    expect(account).toMatchObject({ row: { progress: null, proof: { stored: 230, provider: 230 } } })
  })

  it('takes its cursor before listing, so that mail arriving during the walk is not missed', async () => {
    fill(120)
    let pages = 0
    world.mailbox.onCall = call => {
      if (call !== 'list') return
      pages += 1
      if (pages > 2) return
      world.mailbox.deliver()
      // Ahead of the walk, and behind it: at its second page the newest fifty are stored.
      world.mailbox.label(pages === 1 ? 'm5' : 'm119', ['STARRED'], ['UNREAD'])
      world.mailbox.remove(pages === 1 ? 'm7' : 'm118')
    }
    await world.drain()
    expect(pages).toBeGreaterThan(2)
    await world.mark()
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
  })

  it('goes on where it stood after a crash, fetching no page twice but the one it died in', async () => {
    fill(230)
    const crash = new AbortController()
    let fetches = 0
    world.mailbox.onCall = call => {
      if (call === 'fetch' && ++fetches === 120) crash.abort()
    }
    await new Runner(world.engine).drain(crash.signal)
    expect((await storedMail(world)).length).toBeLessThan(230)
    world.clock.advance(120_000)
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect(fetches).toBeLessThanOrEqual(230 + world.mailbox.pageSize)
    // The walk began at the beginning once.
    expect(world.mailbox.calls.filter(call => call === 'list all ')).toHaveLength(1)
  })
})

describe('live sync', () => {
  beforeEach(async () => {
    fill(20)
    await world.drain()
    await renewWatches(world.engine, RENEW_WITHIN_MS, world.signal)
  })

  it('stores new mail, label changes and deletions, and every change shows once to a follower', async () => {
    const before = await follow(world)
    world.mailbox.deliver()
    world.mailbox.label('m3', ['STARRED'], ['UNREAD'])
    world.mailbox.remove('m4')
    await world.mark()
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    const after = await follow(world, before.cursor)
    expect(new Set(after.seqs).size).toBe(after.seqs.length)
    expect([...after.seqs].sort((a, b) => a - b)).toEqual(after.seqs)
  })

  it('writes nothing to the feed when there is nothing new', async () => {
    const { cursor } = await follow(world)
    await world.mark()
    await world.drain()
    expect((await follow(world, cursor)).seqs).toEqual([])
  })

  it('leaves exactly one more run when it is rung while it runs', async () => {
    world.mailbox.deliver()
    const pulls = () => world.mailbox.calls.filter(call => call.startsWith('pull')).length
    const before = pulls()
    let rung = false
    world.mailbox.onCall = async call => {
      if (call !== 'pull' || rung) return
      rung = true
      for (let i = 0; i < 5; i++) await world.mark()
    }
    await world.mark()
    await world.drain()
    expect(pulls() - before).toBe(2)
  })

  it('looks once more after it found something, where the provider swallows doorbells', async () => {
    Object.assign(world.mailbox, { lookAgainMs: 500 })
    world.mailbox.deliver()
    await world.mark()
    await world.drain()
    world.mailbox.deliver() // The end of the burst: nobody rings.
    world.clock.advance(1_000)
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    const pulls = world.mailbox.calls.filter(call => call.startsWith('pull')).length
    world.clock.advance(1_000)
    await world.drain()
    world.clock.advance(60_000)
    await world.drain()
    expect(world.mailbox.calls.filter(call => call.startsWith('pull')).length).toBe(pulls + 1)
  })

  it('keeps an item that cannot be read as a failed item, goes on with the rest, and heals it later', async () => {
    const bad = world.mailbox.deliver()
    world.mailbox.broken.add(bad.id)
    world.mailbox.deliver()
    await world.mark()
    await world.drain()
    expect((await storedMail(world)).map(row => row.provider_id)).not.toContain(bad.id)
    expect((await storedMail(world)).length).toBe(21)
    expect(await status()).toMatchObject({ state: 'degraded', reason: 'failed_items' })

    world.mailbox.broken.clear()
    world.clock.advance(7 * 3_600_000)
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect((await status())?.reason).not.toBe('failed_items')
  })

  it('does not end a failure that live sync recorded while an older retry was under way', async () => {
    const { mailbox, clock } = world
    const bad = mailbox.deliver()
    mailbox.broken.add(bad.id)
    await world.mark()
    await world.drain()
    mailbox.broken.clear()
    clock.advance(7 * 3_600_000)

    const fetch = mailbox.fetch.bind(mailbox)
    let late = false
    mailbox.fetch = async function* (...args) {
      for await (const fetched of fetch(...args)) {
        if (!late) {
          late = true
          mailbox.label(bad.id, ['STARRED'])
          mailbox.broken.add(bad.id)
          await world.mark()
          await new Runner(world.engine).runAccount(world.accountId, ['live'], world.signal)
        }
        yield fetched
      }
    }
    await world.drain()
    expect(late).toBe(true)
    expect(await status()).toMatchObject({ reason: 'failed_items' })

    mailbox.broken.clear()
    clock.advance(7 * 3_600_000)
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect((await status())?.reason).not.toBe('failed_items')
  })

  it('does not let a worker commit whose lease has passed to another', async () => {
    await world.mark()
    const [stale] = await world.store.claimDue({
      now: world.clock.now(),
      leaseMs: 1_000,
      limit: 1,
      lanes: ['live'],
    })
    if (!stale) throw new Error('nothing was claimed')
    world.clock.advance(5_000)
    world.mailbox.deliver()
    await world.drain()
    const batch = { ...emptyBatch(stale, world.clock), cursor: '1', deletions: [{ id: 'm1', version: 999n }] }
    await expect(world.store.commit(batch)).rejects.toThrow(StaleLease)
    expect(await storedMail(world)).toEqual(providersMail(world))
  })

  it('waits as long as the provider asks, and says why', async () => {
    const retryAt = world.clock.now() + 90_000
    world.mailbox.onCall = call => {
      if (call === 'pull') throw new ProviderError('rate_limited', 'Slow down.', { retryAt })
    }
    await world.mark()
    await world.drain()
    expect(await status()).toMatchObject({ state: 'degraded', reason: 'throttled' })
    world.mailbox.onCall = () => {}
    const calls = world.mailbox.calls.length
    await world.drain()
    expect(world.mailbox.calls.length).toBe(calls)
    world.clock.advance(91_000)
    await world.drain()
    expect((await status())?.reason).not.toBe('throttled')
  })

  it('cools down after five failures in a row, and recovers', async () => {
    world.mailbox.onCall = call => {
      if (call === 'pull') throw new ProviderError('transient', 'No answer.')
    }
    await world.mark()
    for (let i = 0; i < 5; i++) {
      await world.drain()
      world.clock.advance(11 * 60_000)
    }
    expect(await status()).toMatchObject({ state: 'degraded', reason: 'cooling_down', error: 'No answer.' })
    world.mailbox.onCall = () => {}
    world.mailbox.deliver()
    world.clock.advance(31 * 60_000)
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect((await status())?.reason).not.toBe('cooling_down')
  })
})

describe('an expired cursor', () => {
  it('is followed by a walk that mends every difference, with live sync going on meanwhile', async () => {
    fill(130)
    await world.drain()
    world.mailbox.deliver({ id: 'missed' })
    world.mailbox.label('m9', ['STARRED'], ['UNREAD'])
    world.mailbox.label('m10', [], ['INBOX'])
    world.mailbox.remove('m11')
    world.mailbox.expireCursors()
    await world.mark()
    const seen: (string | null | undefined)[] = []
    world.mailbox.onCall = async call => {
      if (call === 'list') seen.push((await status())?.reason)
    }
    await world.drain()
    expect(seen.length).toBeGreaterThan(0)
    expect(new Set(seen)).toEqual(new Set(['resyncing']))
    expect(await storedMail(world)).toEqual(providersMail(world))
    const labels = await world.pool.query(
      `SELECT l.provider_id, l.total, count(m.id)::int AS counted FROM label l LEFT JOIN message m ON m.user_id = l.user_id AND l.id = ANY(m.label_ids) WHERE l.user_id = $1 GROUP BY 1, 2`,
      [world.userId],
    )
    for (const label of labels.rows) expect(label.total, label.provider_id).toBe(label.counted)
  })

  it('deletes nothing on a list’s word alone: the provider is asked about each suspect', async () => {
    fill(30)
    await world.drain()
    const honest = world.mailbox.list.bind(world.mailbox)
    world.mailbox.list = async (...args) => {
      const page = await honest(...args)
      return { ...page, items: page.items.filter(item => item.id !== 'm3') }
    }
    world.mailbox.expireCursors()
    world.mailbox.calls.length = 0
    await world.mark()
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect(world.mailbox.calls).toContain('fetch m3')
  })

  it('goes on with the walk after a crash in the middle of it', async () => {
    fill(130)
    await world.drain()
    world.mailbox.remove('m20')
    world.mailbox.label('m21', ['STARRED'])
    world.mailbox.expireCursors()
    await world.mark()
    const crash = new AbortController()
    let lists = 0
    world.mailbox.onCall = call => {
      if (call === 'list' && ++lists === 2) crash.abort()
    }
    await new Runner(world.engine).drain(crash.signal)
    world.mailbox.onCall = () => {}
    world.clock.advance(120_000)
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect((await status())?.reason).not.toBe('resyncing')
  })
})

describe('comparing everything', () => {
  it('before the first cursor is left to the first run, so that nothing is stored that no cursor follows', async () => {
    fill(3)
    await startReconcile(world.engine, world.accountId, 'person')
    expect(
      await world.store.claimDue({ now: world.clock.now(), leaseMs: 1_000, limit: 5, lanes: ['listing'] }),
    ).toEqual([])
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
  })
})

describe('labels', () => {
  it('that were renamed show with the next look that no push rang', async () => {
    fill(2)
    await world.drain()
    const inbox = world.mailbox.labelList.find(label => label.id === 'INBOX')
    Object.assign(inbox ?? {}, { name: 'Eingang' })
    await world.store.mark({ accountId: world.accountId, lanes: ['live'] }, 'poll', world.clock.now())
    await world.drain()
    const { rows } = await world.pool.query("SELECT name FROM label WHERE provider_id = 'INBOX'")
    expect(rows).toEqual([{ name: 'Eingang' }])
  })

  it('that were deleted inside a gap are taken off every message, and then go', async () => {
    world.mailbox.labelList.push({ id: 'L1', name: 'Project', role: null, color: null, hidden: false })
    fill(5)
    world.mailbox.label('m2', ['L1'])
    world.mailbox.label('m4', ['L1'])
    await world.drain()
    const carried = async () =>
      (await world.pool.query('SELECT provider_id FROM label WHERE provider_id = $1', ['L1'])).rowCount
    expect(await carried()).toBe(1)

    world.mailbox.labelList.pop()
    world.mailbox.label('m2', [], ['L1'])
    world.mailbox.label('m4', [], ['L1'])
    world.mailbox.expireCursors()
    await world.mark()
    await world.drain()
    const { rows } = await world.pool.query('SELECT DISTINCT unnest(label_ids) AS id FROM message')
    const known = (await world.pool.query('SELECT id FROM label')).rows.map(row => row.id)
    expect(rows.map(row => row.id).filter(id => !known.includes(id))).toEqual([])
    expect(await carried()).toBe(0)
  })
})

describe('a permission that is missing', () => {
  it('found by any call disconnects the account, and says what to do', async () => {
    await world.drain()
    world.mailbox.onCall = async call => {
      if (call === 'pull')
        throw new ProviderError('unauthorized', 'The mail permission is missing.', { reconnect: true })
    }
    world.usesTokens()
    await world.mark()
    await world.drain()
    expect(await status()).toMatchObject({ state: 'disconnected', reason: 'reconnect_needed' })
  })
})

describe('pushes', () => {
  beforeEach(async () => {
    fill(5)
    await world.drain()
  })
  const push = (mailbox: string, pushId: string) =>
    receivePush(world.engine, {
      provider: 'gmail',
      pushId,
      mailbox,
      resource: null,
      watch: null,
      kind: 'changed',
      problem: null,
    })

  it('mark the mailbox they name, whatever the case of its address', async () => {
    expect((await push('ME@Example.com', 'p1')).outcome).toBe('marked')
    world.mailbox.deliver()
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
  })

  it('are counted as duplicates when redelivered, and harmless', async () => {
    await push('me@example.com', 'p1')
    expect((await push('me@example.com', 'p1')).outcome).toBe('duplicate')
  })

  it('that name nobody are recorded', async () => {
    expect((await push('stranger@example.com', 'p2')).outcome).toBe('unknown_mailbox')
    const { rows } = await world.pool.query('SELECT count(*)::int AS n FROM webhook_event')
    expect(rows[0].n).toBeGreaterThan(0)
  })

  it('missing for ten minutes are replaced by polling', async () => {
    await renewWatches(world.engine, RENEW_WITHIN_MS, world.signal)
    await world.drain()
    expect(await pollFallback(world.engine)).toBe(0)
    world.mailbox.deliver()
    world.clock.advance(11 * 60_000)
    expect(await pollFallback(world.engine)).toBe(1)
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect(await status()).toMatchObject({ state: 'degraded', reason: 'push_silent' })
    await push('me@example.com', 'p3')
    await world.drain()
    expect(await status()).toMatchObject({ state: 'active' })
  })
})

describe('watches', () => {
  it('are registered when missing, renewed within their last day, and left alone before', async () => {
    await world.drain()
    expect(await status()).toMatchObject({ state: 'degraded', reason: 'watch_missing' })
    expect(await renewWatches(world.engine, RENEW_WITHIN_MS, world.signal)).toEqual({ renewed: 1, failed: 0 })
    expect(await status()).toMatchObject({ state: 'active' })
    expect(await renewWatches(world.engine, RENEW_WITHIN_MS, world.signal)).toEqual({ renewed: 0, failed: 0 })
    world.clock.advance(6.5 * 86_400_000)
    expect(await renewWatches(world.engine, RENEW_WITHIN_MS, world.signal)).toEqual({ renewed: 1, failed: 0 })
  })

  it('that cannot be registered leave the account degraded and are tried again later, not at once', async () => {
    await world.drain()
    world.mailbox.onCall = call => {
      if (call === 'watch') throw new ProviderError('transient', 'No answer.')
    }
    expect(await renewWatches(world.engine, RENEW_WITHIN_MS, world.signal)).toEqual({ renewed: 0, failed: 1 })
    expect(await renewWatches(world.engine, RENEW_WITHIN_MS, world.signal)).toEqual({ renewed: 0, failed: 0 })
    world.mailbox.onCall = () => {}
    world.clock.advance(2 * 3_600_000)
    expect(await renewWatches(world.engine, RENEW_WITHIN_MS, world.signal)).toEqual({ renewed: 1, failed: 0 })
  })
})

describe('a revoked grant', () => {
  it('disconnects the account until its owner connects it again; then sync goes on from its cursor', async () => {
    fill(10)
    await world.drain()
    world.grant.revoked = true
    world.clock.advance(3_600_000)
    world.usesTokens()
    world.mailbox.deliver()
    await world.mark()
    await world.drain()
    expect(await status()).toMatchObject({ state: 'disconnected', reason: 'reconnect_needed' })

    world.grant.revoked = false
    const data = {
      accessToken: 'access-new',
      refreshToken: 'refresh-new',
      expiresAt: world.clock.now() + 3_600_000,
    }
    await connectAccount(
      world.engine,
      { userId: world.userId, provider: 'gmail', grant: { data } },
      world.signal,
    )
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect((await status())?.state).not.toBe('disconnected')
  })
})

describe('a person’s changes', () => {
  beforeEach(async () => {
    fill(3)
    await world.drain()
  })
  const rowIdOf = async (providerId: string) =>
    (await world.pool.query('SELECT id FROM message WHERE provider_id = $1', [providerId])).rows[0]
      .id as string

  it('reach the provider and come back through live sync', async () => {
    const messageIds = [await rowIdOf('m1')]
    const [result] = await world.store.addMutations(
      world.userId,
      [{ clientId: 'client-0001', body: { type: 'read', messageIds, read: true } }],
      world.clock.now(),
    )
    expect(result?.state).toBe('pending')
    await world.drain()
    expect(world.mailbox.messages.get('m1')?.unread).toBe(false)
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect(await world.store.mutationResults(world.userId, ['client-0001'])).toMatchObject([
      { state: 'done' },
    ])
  })

  it('sent twice are done once', async () => {
    const message = {
      accountId: world.accountId,
      to: [{ name: '', email: 'you@example.com' }],
      cc: [],
      bcc: [],
      subject: 'Once',
      text: 'x',
      html: null,
      inReplyTo: null,
    }
    const mutation = { clientId: 'client-0002', body: { type: 'send' as const, message } }
    await world.store.addMutations(world.userId, [mutation], world.clock.now())
    await world.drain()
    await world.store.addMutations(world.userId, [mutation], world.clock.now())
    await world.drain()
    expect([...world.mailbox.messages.values()].filter(each => each.subject === 'Once')).toHaveLength(1)
  })

  it('on rows of somebody else are refused', async () => {
    const other = await engineWorld()
    try {
      const [result] = await other.store.addMutations(
        other.userId,
        [{ clientId: 'client-0003', body: { type: 'trash', messageIds: [await rowIdOf('m1')] } }],
        other.clock.now(),
      )
      expect(result).toMatchObject({ state: 'failed', error: { code: 'not_found' } })
    } finally {
      await other.close()
    }
  })
})
