import { prove } from '@inlet/sync/prove'
import { ProviderError } from '@inlet/sync/provider-errors'
import { RECONCILE_EVERY_MS, reconcileDue, startReconcile } from '@inlet/sync/reconcile'
import { Runner } from '@inlet/sync/runner'
import { saveWatch } from '@inlet/testkit/contract/store-fixture'
import { FakeFolders } from '@inlet/testkit/fake-folders'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EngineWorld, engineWorld, engineWorldOver, providersMail, storedMail } from './harness.ts'

const NOTHING = { missing: 0, extra: 0, differing: 0, failed: 0 }
const MINUTE = 60_000

/** A comparison comes back when live sync has passed. */
async function settled(
  { clock, drain, store, accountId }: Pick<EngineWorld, 'clock' | 'drain' | 'store' | 'accountId'>,
  runners = 1,
) {
  for (let round = 0; round < 30; round++) {
    await Promise.all(Array.from({ length: runners }, drain))
    clock.advance(2_000)
    const lanes = (await store.account(accountId))?.resources.filter(each => each.lane === 'listing')
    if (lanes?.every(each => each.cursor === null)) return
  }
}
/** Rows go behind everybody's back. */
const lose = async ({ pool, userId }: Pick<EngineWorld, 'pool' | 'userId'>, ...ids: string[]) =>
  await pool.query(
    `WITH lost AS (DELETE FROM message WHERE user_id = $1 AND provider_id = ANY($2) RETURNING id)
     DELETE FROM message_body WHERE user_id = $1 AND id IN (SELECT id FROM lost)`,
    [userId, ids],
  )
/** Messages carry what is no label, behind everybody's back. */
const mislabel = async ({ pool, userId }: Pick<EngineWorld, 'pool' | 'userId'>, ...ids: string[]) =>
  await pool.query(
    `UPDATE message SET label_ids = label_ids || 'no-label'::text WHERE user_id = $1 AND provider_id = ANY($2)`,
    [userId, ids],
  )
/** Ids that messages carry and no label has. */
const astray = async ({ pool, userId }: Pick<EngineWorld, 'pool' | 'userId'>) =>
  (
    await pool.query(
      `SELECT m.provider_id AS message, l.id FROM message m, unnest(m.label_ids) AS l (id)
        WHERE m.user_id = $1 AND NOT EXISTS (SELECT FROM label WHERE user_id = $1 AND label.id = l.id)`,
      [userId],
    )
  ).rows
async function compare(world: EngineWorld | Awaited<ReturnType<typeof openFolders>>) {
  expect(await startReconcile(world.engine, world.accountId, 'person')).toBe(true)
  await settled(world)
  return await last(world)
}
const last = async ({ store, accountId }: Pick<EngineWorld, 'store' | 'accountId'>) =>
  (await store.reconciliations(accountId, 1))[0]
const openFolders = () => engineWorldOver(new FakeFolders())

describe('a comparison of a mailbox', () => {
  let world: EngineWorld
  beforeEach(async () => {
    world = await engineWorld()
    for (let i = 0; i < 130; i++) world.mailbox.deliver()
    await world.drain()
    await saveWatch(
      world.engine.store,
      (await world.store.account(world.accountId))?.resources.find(each => each.lane === 'live')?.id ?? '',
      { providerId: 'w', secret: 's', expiresAt: world.clock.now() + 7 * 86_400_000 },
      world.clock.now(),
    )
  })
  afterEach(() => world.close())

  const status = async () => (await world.store.account(world.accountId))?.status
  const rowIdOf = async (providerId: string) =>
    (
      await world.pool.query<{ id: string }>(
        'SELECT id FROM message WHERE user_id = $1 AND provider_id = $2',
        [world.userId, providerId],
      )
    ).rows[0]?.id
  /** Behind everybody's back: three are lost, one is invented, two are otherwise. */
  const tamper = async () => {
    await lose(world, 'm3', 'm70', 'm130')
    const ghost = world.mailbox.deliver({ id: 'ghost' })
    await world.mark()
    await world.drain()
    world.mailbox.messages.delete(ghost.id)
    world.mailbox.history.length = 0
    await world.pool.query(
      `UPDATE message SET unread = false, label_ids = array_remove(label_ids, (SELECT id FROM label WHERE user_id = $1 AND provider_id = 'UNREAD'))
        WHERE user_id = $1 AND provider_id = 'm5'`,
      [world.userId],
    )
    await world.pool.query(
      `UPDATE message SET label_ids = label_ids || (SELECT id FROM label WHERE user_id = $1 AND provider_id = 'SENT')
        WHERE user_id = $1 AND provider_id = 'm6'`,
      [world.userId],
    )
  }

  it('finds, mends and records exactly what was done behind its back, and the second finds nothing', async () => {
    await tamper()
    const first = await compare(world)
    expect(first).toMatchObject({
      trigger: 'person',
      outcome: 'done',
      provider: 130,
      stored: 128,
      missing: 3,
      extra: 1,
      differing: 2,
      failed: 0,
      resources: [{ name: 'Mailbox', missing: 3, extra: 1, differing: 2 }],
    })
    expect(await storedMail(world)).toEqual(providersMail(world))
    const second = await compare(world)
    expect(second).toMatchObject({ outcome: 'done', provider: 130, stored: 130, ...NOTHING, resources: [] })
    await prove(world.engine, world.accountId, world.signal)
    expect((await world.store.account(world.accountId))?.proof).toMatchObject({
      stored: 130,
      provider: 130,
      differsSince: null,
      compared: { at: second?.endedAt, ...NOTHING },
    })
  })

  it('mends what carries an id that no label has, and a label whose row is lost comes back', async () => {
    await mislabel(world, 'm7', 'm90')
    expect(await compare(world)).toMatchObject({ outcome: 'done', ...NOTHING, differing: 2 })
    expect(await astray(world)).toEqual([])
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect(await compare(world)).toMatchObject({ outcome: 'done', ...NOTHING })
    await world.pool.query(`DELETE FROM label WHERE user_id = $1 AND provider_id = 'UNREAD'`, [world.userId])
    expect(await compare(world)).toMatchObject({ outcome: 'done', ...NOTHING })
    expect(await astray(world)).toEqual([])
    expect(await storedMail(world)).toEqual(providersMail(world))
  })

  it('takes for no difference what arrives, changes and goes at the provider meanwhile', async () => {
    let pages = 0
    let pulls = 0
    world.mailbox.onCall = call => {
      // Live sync comes late: what it has not told yet is no difference.
      if (call === 'pull' && ++pulls < 3) throw new ProviderError('transient', 'The provider is down.')
      if (call !== 'list') return
      pages += 1
      if (pages > 6) return
      world.mailbox.deliver()
      world.mailbox.label(`m${pages}`, ['STARRED'], ['UNREAD'])
      world.mailbox.remove(`m${130 - pages}`)
    }
    expect(await compare(world)).toMatchObject({ outcome: 'done', ...NOTHING })
    expect(pages).toBeGreaterThan(6)
    expect(pulls).toBeGreaterThan(2)
    expect(await storedMail(world)).toEqual(providersMail(world))
  })

  it('deletes nothing on a list’s word alone, and counts nothing that the provider still has', async () => {
    const honest = world.mailbox.list.bind(world.mailbox)
    world.mailbox.list = async (...args) => {
      const page = await honest(...args)
      return { ...page, items: page.items.filter(item => item.id !== 'm3') }
    }
    expect(await compare(world)).toMatchObject({ outcome: 'done', ...NOTHING })
    expect(world.mailbox.calls).toContain('fetch m3')
    expect(await rowIdOf('m3')).toBeDefined()
  })

  it('leaves the account active, and tells how far it is', async () => {
    await tamper()
    const seen: unknown[] = []
    world.mailbox.onCall = async call => {
      if (call === 'list' || call === 'fetch') seen.push((await status())?.state, (await status())?.reason)
    }
    const progress: unknown[] = []
    const { commit } = world.store
    world.store.commit = async batch => {
      const done = await commit(batch)
      const { rows } = await world.pool.query('SELECT progress FROM account WHERE id = $1', [world.accountId])
      if (rows[0].progress) progress.push(rows[0].progress.kind, rows[0].progress.done)
      return done
    }
    await compare(world)
    expect(new Set(seen)).toEqual(new Set(['active', null]))
    expect(new Set(progress)).toEqual(new Set(['reconcile', 0, 50, 100, 130]))
  })

  it('goes on where it stood after a crash, and counts nothing twice', async () => {
    await tamper()
    await startReconcile(world.engine, world.accountId, 'person')
    for (const at of ['list', 'fetch', 'fetch']) {
      const crash = new AbortController()
      let calls = 0
      world.mailbox.onCall = call => {
        if (call === at && ++calls === 2) crash.abort()
      }
      await new Runner(world.engine).drain(crash.signal)
      world.clock.advance(120_000)
    }
    world.mailbox.onCall = () => {}
    await settled(world)
    expect(await last(world)).toMatchObject({ outcome: 'done', missing: 3, extra: 1, differing: 2 })
    expect(await storedMail(world)).toEqual(providersMail(world))
  })

  it('that two workers come upon is done once', async () => {
    await tamper()
    expect(await startReconcile(world.engine, world.accountId, 'person')).toBe(true)
    expect(await startReconcile(world.engine, world.accountId, 'person')).toBe(false)
    await settled(world, 2)
    expect(await world.store.reconciliations(world.accountId, 9)).toHaveLength(1)
    expect(await last(world)).toMatchObject({ outcome: 'done', missing: 3, extra: 1, differing: 2 })
  })

  it('says that it was interrupted where the cursor expires meanwhile', async () => {
    await startReconcile(world.engine, world.accountId, 'person')
    world.mailbox.onCall = call => {
      if (call !== 'list') return
      world.mailbox.onCall = () => {}
      world.mailbox.expireCursors()
      return void world.mark()
    }
    await tamper()
    await settled(world)
    expect(await last(world)).toMatchObject({ outcome: 'interrupted' })
    await prove(world.engine, world.accountId, world.signal)
    expect((await world.store.account(world.accountId))?.proof?.compared).toBeNull()
  })

  it('that meets a message which cannot be had says so, and keeps it as a failed item', async () => {
    await lose(world, 'm9')
    world.mailbox.broken.add('m9')
    expect(await compare(world)).toMatchObject({ ...NOTHING, failed: 1 })
    expect(await world.store.nextItemAt(world.accountId)).not.toBeNull()
  })

  it('is started every night, a few accounts at a time, and never for one that is stopped', async () => {
    expect(await reconcileDue(world.engine)).toBe(0)
    world.clock.advance(RECONCILE_EVERY_MS + MINUTE)
    await world.store.setEnabled(world.accountId, false, world.clock.now())
    expect(await reconcileDue(world.engine)).toBe(0)
    await world.store.setEnabled(world.accountId, true, world.clock.now())
    expect(await reconcileDue(world.engine)).toBe(1)
    expect(await reconcileDue(world.engine)).toBe(0)
    await settled(world)
    expect(await last(world)).toMatchObject({ trigger: 'nightly', outcome: 'done', ...NOTHING })
    expect(await reconcileDue(world.engine)).toBe(0)
  })

  it('is started when the counts go on disagreeing with nothing on its way, once an hour at most', async () => {
    const look = async (minutes: number) => {
      world.clock.advance(minutes * MINUTE)
      await prove(world.engine, world.accountId, world.signal)
      return (await world.store.reconciliations(world.accountId, 9)).length
    }
    await lose(world, 'm9')
    expect(await look(0)).toBe(0)
    expect(await look(9)).toBe(0)
    await world.mark()
    expect(await look(5)).toBe(0)
    await world.drain()
    expect(await look(0)).toBe(0)
    expect(await look(11)).toBe(1)
    await settled(world)
    expect(await last(world)).toMatchObject({ trigger: 'counts', outcome: 'done', missing: 1 })
    await lose(world, 'm10')
    expect(await look(15)).toBe(1)
    expect(await look(15)).toBe(1)
    expect(await look(31)).toBe(2)
  })
})

describe('a comparison of folders', () => {
  let world: Awaited<ReturnType<typeof openFolders>>
  let inbox = ''
  let archive = ''
  beforeEach(async () => {
    world = await openFolders()
    ;[inbox = '', archive = ''] = world.mailbox.folders.keys()
  })
  afterEach(() => world.close())

  const stored = async () =>
    (
      await world.pool.query(
        `SELECT m.provider_id AS id, m.unread, (SELECT l.provider_id FROM label l WHERE l.user_id = m.user_id AND l.id = ANY(m.label_ids)) AS folder
           FROM message m WHERE m.user_id = $1 ORDER BY m.provider_id`,
        [world.userId],
      )
    ).rows
  const atProvider = () =>
    [...world.mailbox.messages.values()]
      .map(({ folder, message }) => ({ id: message.id, unread: message.unread, folder }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))

  it.each([true, false])('finds what differs in each, whole pages told: %s', async whole => {
    const ids = Array.from({ length: 50 }, (_, at) => world.mailbox.deliver(at % 2 ? inbox : archive))
    await world.drain()
    world.mailbox.wholePages = whole
    const [lost = '', read = '', moved = ''] = [ids[1], ids[3], ids[5]]
    await lose(world, lost)
    await world.pool.query('UPDATE message SET unread = false WHERE user_id = $1 AND provider_id = $2', [
      world.userId,
      read,
    ])
    await world.pool.query(
      `UPDATE message SET label_ids = ARRAY[(SELECT id FROM label WHERE user_id = $1 AND provider_id = $3)]
        WHERE user_id = $1 AND provider_id = $2`,
      [world.userId, moved, archive],
    )
    world.mailbox.messages.delete(ids[7] ?? '')
    await mislabel(world, ids[9] ?? '')
    expect(await compare(world)).toMatchObject({
      outcome: 'done',
      provider: 49,
      missing: 1,
      extra: 1,
      differing: 3,
      failed: 0,
    })
    expect(await stored()).toEqual(atProvider())
    expect(await astray(world)).toEqual([])
    expect(await compare(world)).toMatchObject({ outcome: 'done', provider: 49, stored: 49, ...NOTHING })
  })

  it('takes for no difference what comes, moves and goes meanwhile', async () => {
    const ids = Array.from({ length: 50 }, (_, at) => world.mailbox.deliver(at % 2 ? inbox : archive))
    await world.drain()
    let pages = 0
    world.mailbox.onCall = call => {
      if (call !== 'list') return
      pages += 1
      world.mailbox.deliver(inbox)
      world.mailbox.read(ids[pages] ?? '')
      world.mailbox.move(ids[10 + pages] ?? '', pages % 2 ? inbox : archive)
      world.mailbox.remove(ids[20 + pages] ?? '')
    }
    expect(await compare(world)).toMatchObject({ outcome: 'done', ...NOTHING })
    await world.store.mark({ accountId: world.accountId, lanes: ['live'] }, 'poll', world.clock.now())
    await world.drain()
    expect(await stored()).toEqual(atProvider())
  })
})
