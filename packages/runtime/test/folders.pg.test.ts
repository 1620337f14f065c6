import { startReconcile } from '@inlet/sync/reconcile'
import { renewWatches } from '@inlet/sync/watches'
import { FakeFolders } from '@inlet/testkit/fake-folders'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engineWorldOver, follow } from './harness.ts'

const open = () => engineWorldOver(new FakeFolders())
let world: Awaited<ReturnType<typeof open>>
let inbox = ''
let archive = ''
beforeEach(async () => {
  world = await open()
  ;[inbox = '', archive = ''] = world.mailbox.folders.keys()
})
afterEach(() => world.close())

type Row = { id: string; folder: string[]; unread: boolean }
const stored = async () =>
  (
    await world.pool.query<Row>(
      `SELECT m.provider_id AS id, m.unread,
              ARRAY(SELECT l.provider_id FROM label l WHERE l.user_id = m.user_id AND l.id = ANY(m.label_ids)) AS folder
         FROM message m WHERE m.user_id = $1 ORDER BY m.provider_id`,
      [world.userId],
    )
  ).rows
const atProvider = (): Row[] =>
  [...world.mailbox.messages.values()]
    .map(({ folder, message }) => ({ id: message.id, unread: message.unread, folder: [folder] }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
const keys = async () =>
  ((await world.store.account(world.accountId))?.resources ?? [])
    .filter(each => each.lane === 'live')
    .map(each => each.key)
const poll = async () => {
  await world.store.mark({ accountId: world.accountId, lanes: ['live'] }, 'poll', world.clock.now())
  await world.drain()
}
const deletions = async () =>
  (await world.pool.query(`SELECT 1 FROM tombstone WHERE user_id = $1 AND kind = 'message'`, [world.userId]))
    .rowCount

describe('an account with folders', () => {
  it('stores what lies in all of them, from the pages of their listings, and proves it', async () => {
    for (let i = 0; i < 50; i++) world.mailbox.deliver(i % 2 ? inbox : archive)
    await world.drain()
    expect(await stored()).toEqual(atProvider())
    expect(world.mailbox.calls.filter(call => call.startsWith('fetch'))).toEqual([])
    const { rows } = await world.pool.query('SELECT proof FROM account WHERE id = $1', [world.accountId])
    expect(rows[0].proof).toMatchObject({ stored: 50, provider: 50 })
    expect((await world.store.account(world.accountId))?.status.reason).toBe('watch_missing')
    await renewWatches(world.engine, 1_000, world.signal)
    await world.drain()
    expect((await world.store.account(world.accountId))?.status).toMatchObject({
      state: 'active',
      reason: null,
    })
  })

  it('moves a message without deleting it, whichever folder is looked at first', async () => {
    for (const first of [inbox, archive]) {
      const id = world.mailbox.deliver(inbox)
      await poll()
      world.mailbox.move(id, archive)
      const account = await world.store.account(world.accountId)
      const lane = account?.resources.find(each => each.key === first && each.lane === 'live')
      await world.store.mark({ resourceId: lane?.id ?? '' }, 'push', world.clock.now())
      await world.drain()
      expect((await stored()).find(row => row.id === id)?.folder).toEqual([archive])
      await poll()
      expect(await stored()).toEqual(atProvider())
    }
    expect(await deletions()).toBe(0)
  })

  it('deletes what is gone, and follows what was read', async () => {
    const [a = '', b = ''] = [world.mailbox.deliver(inbox), world.mailbox.deliver(inbox)]
    await world.drain()
    world.mailbox.remove(a)
    world.mailbox.read(b)
    await poll()
    expect(await stored()).toEqual([{ id: b, unread: false, folder: [inbox] }])
  })

  it('ends no failed item that another folder’s lane has met since, for what this one fetched earlier', async () => {
    const id = world.mailbox.deliver(inbox)
    await poll()
    world.mailbox.move(id, archive)
    const account = await world.store.account(world.accountId)
    const lane = account?.resources.find(each => each.key === inbox && each.lane === 'live')
    world.mailbox.onCall = async call => {
      if (call !== 'fetch') return
      world.mailbox.onCall = () => {}
      await world.pool.query(
        `INSERT INTO failed_item (user_id, id, account_id, provider_id, code, message, attempts, next_attempt_at)
         VALUES ($1, 'x', $2, $3, 'timeout', 'the other lane could not read it', 1, $4)`,
        [world.userId, world.accountId, id, world.clock.now() + 600_000],
      )
      await world.pool.query('UPDATE failed_item SET id = (SELECT id FROM message WHERE provider_id = $1)', [
        id,
      ])
    }
    await world.store.mark({ resourceId: lane?.id ?? '' }, 'push', world.clock.now())
    await world.drain()
    expect(await stored()).toEqual(atProvider())
    expect(await world.store.nextItemAt(world.accountId)).not.toBeNull()
  })

  it('finds a new folder, and what lies in it', async () => {
    await world.drain()
    const made = world.mailbox.makeFolder('Projects')
    world.mailbox.deliver(made)
    await poll()
    expect(await keys()).toContain(made)
    expect(await stored()).toEqual(atProvider())
  })

  it('knows what happened in a new folder before anything followed it', async () => {
    const [read = '', gone = ''] = [world.mailbox.deliver(inbox), world.mailbox.deliver(inbox)]
    await poll()
    const made = world.mailbox.makeFolder('Projects')
    for (const id of [read, gone]) world.mailbox.move(id, made)
    const account = await world.store.account(world.accountId)
    const lane = account?.resources.find(each => each.key === inbox && each.lane === 'live')
    world.clock.advance(1_000)
    world.mailbox.onCall = call => {
      if (call !== 'labels' || !world.mailbox.messages.has(gone)) return
      world.mailbox.read(read)
      world.mailbox.remove(gone)
    }
    await world.store.mark({ resourceId: lane?.id ?? '' }, 'push', world.clock.now())
    await world.drain()
    expect(await keys()).toContain(made)
    expect(await stored()).toEqual(atProvider())
    expect(await stored()).toEqual([{ id: read, unread: false, folder: [made] }])
  })

  it('shows a new folder as soon as a message is met in it, and only the tree says what there is', async () => {
    const id = world.mailbox.deliver(inbox)
    await poll()
    const made = world.mailbox.makeFolder('Projects')
    world.mailbox.move(id, made)
    const account = await world.store.account(world.accountId)
    const lane = account?.resources.find(each => each.key === inbox && each.lane === 'live')
    let [runs, lists] = [0, 0]
    world.mailbox.onCall = (call, detail) => {
      if (call === 'pull' && detail === 'folders') runs += 1
      if (call === 'labels') lists += 1
      expect(lists).toBeLessThanOrEqual(runs)
    }
    await world.store.mark({ resourceId: lane?.id ?? '' }, 'push', world.clock.now())
    await world.drain()
    expect(await keys()).toContain(made)
    expect(
      [...(await follow(world)).rows.values()].find(
        row => row.kind === 'label' && row.op === 'upsert' && row.row.name === 'Projects',
      ),
    ).toBeDefined()
    expect(lists).toBeGreaterThan(0)
  })

  it('keeps what a folder that goes has moved elsewhere, and deletes what went with it', async () => {
    const projects = world.mailbox.makeFolder('Projects')
    const drafts = world.mailbox.makeFolder('Drafts')
    for (let i = 0; i < 3; i++) world.mailbox.deliver(projects)
    for (let i = 0; i < 3; i++) world.mailbox.deliver(drafts)
    await poll()
    expect(await stored()).toHaveLength(6)
    world.mailbox.removeFolder(projects, archive)
    world.mailbox.removeFolder(drafts, null)
    await poll()
    expect(await stored()).toEqual(atProvider())
    expect(await keys()).not.toContain(projects)
    expect(await world.store.labelIds(world.accountId)).toEqual(new Set(world.mailbox.folders.keys()))
  })

  it('asks again about a folder’s messages when it died before the folder was forgotten', async () => {
    const projects = world.mailbox.makeFolder('Projects')
    for (let i = 0; i < 3; i++) world.mailbox.deliver(projects)
    await poll()
    expect(await stored()).toHaveLength(3)
    world.mailbox.removeFolder(projects, archive)
    const { onCall } = world.mailbox
    world.mailbox.onCall = call => {
      if (call === 'fetch') throw new Error('the process dies')
    }
    await poll()
    world.mailbox.onCall = onCall
    world.clock.advance(60 * 60_000)
    await world.drain()
    expect(await stored()).toEqual(atProvider())
    expect(await keys()).not.toContain(projects)
  })

  it('mends one folder whose cursor has expired, read states included, and leaves the others alone', async () => {
    const ids = Array.from({ length: 30 }, () => world.mailbox.deliver(inbox))
    world.mailbox.deliver(archive)
    await world.drain()
    world.mailbox.expireCursors(inbox)
    world.mailbox.read(ids[3] ?? '')
    world.mailbox.remove(ids[4] ?? '')
    world.mailbox.move(ids[5] ?? '', archive)
    world.mailbox.expireCursors(inbox)
    world.mailbox.calls.length = 0
    await poll()
    expect(await stored()).toEqual(atProvider())
    expect(world.mailbox.calls.filter(call => call.startsWith('list ') && call.includes(archive))).toEqual([])
  })

  it('mends read states also where the pages of the walk cannot tell them', async () => {
    const id = world.mailbox.deliver(inbox)
    await world.drain()
    world.mailbox.read(id)
    world.mailbox.expireCursors(inbox)
    world.mailbox.wholePages = false
    await poll()
    expect(await stored()).toEqual([{ id, unread: false, folder: [inbox] }])
  })

  it('compares everything on a person’s word, in every folder', async () => {
    const id = world.mailbox.deliver(inbox)
    await world.drain()
    await world.pool.query('UPDATE message SET unread = false, version = 1 WHERE user_id = $1', [
      world.userId,
    ])
    await startReconcile(world.engine, world.accountId, 'person')
    await world.drain()
    world.clock.advance(2_000)
    await world.drain()
    expect(await stored()).toEqual([{ id, unread: true, folder: [inbox] }])
  })
})
