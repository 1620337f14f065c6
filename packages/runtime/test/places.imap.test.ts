import { createImap, type ImapAdapter } from '@inlet/providers/imap'
import { pollForViewers } from '@inlet/sync/fallback-poll'
import { prove } from '@inlet/sync/prove'
import { startReconcile } from '@inlet/sync/reconcile'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import type { Hideable } from '@inlet/testkit/dovecot-config'
import type { DovecotMailbox } from '@inlet/testkit/dovecot-mailbox'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engineWorldOver } from './harness.ts'

const AGES: { age: string; hide: Hideable[] }[] = [
  { age: 'everything', hide: [] },
  { age: 'no QRESYNC', hide: ['QRESYNC'] },
  { age: 'no QRESYNC, CONDSTORE, IDLE, MOVE', hide: ['QRESYNC', 'CONDSTORE', 'IDLE', 'MOVE'] },
]
const USERS = Array.from({ length: 12 }, (_, at) => `user${at}@inlet.test`)
let made = 0

describe.each(AGES)('a mailbox over IMAP with $age', ({ hide }) => {
  let dovecot: DovecotServer
  let adapter: ImapAdapter
  let world: Awaited<ReturnType<typeof engineWorldOver>>
  let box: DovecotMailbox
  let users = 0
  beforeAll(async () => {
    dovecot = await startDovecot({ users: USERS, hide })
  })
  afterAll(() => dovecot?.stop())
  beforeEach(async () => {
    const user = USERS[users++] ?? ''
    const config = { allowPrivateHosts: true, trustedCertificates: [dovecot.certificate] }
    adapter = createImap(config, undefined, { lookup: async () => ['127.0.0.1'] })
    box = dovecot.mailbox(user)
    world = await engineWorldOver(adapter, {
      ...{ email: user, displayName: '', user, password: dovecot.passwordOf(user) },
      ...{ imapHost: 'localhost', imapPort: dovecot.tlsPort, imapSecurity: 'tls' },
      ...{ smtpHost: null, smtpPort: null, smtpSecurity: null },
    })
  })
  afterEach(async () => {
    await world?.close()
    await adapter?.close()
  })

  const mail = (subject = `Mail ${++made}`) =>
    `From: Bo <bo@example.org>\r\nTo: me@example.org\r\nSubject: ${subject}\r\nMessage-ID: <${++made}@example.org>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n`
  const deliver = async (subject: string, folder = 'INBOX', flags: string[] = []) =>
    (await box.append(mail(subject), { folder, flags })).uid
  const stored = async () => {
    const { rows } = await world.pool.query<{ subject: string; folders: string[]; state: string }>(
      `SELECT m.subject,
              ARRAY(SELECT l.name FROM label l WHERE l.user_id = m.user_id AND l.id = ANY(m.label_ids) ORDER BY 1) AS folders,
              concat_ws(' ', CASE WHEN m.unread THEN 'unread' END, CASE WHEN m.starred THEN 'starred' END,
                        CASE WHEN m.draft THEN 'draft' END) AS state
         FROM message m WHERE m.user_id = $1 ORDER BY m.subject`,
      [world.userId],
    )
    return Object.fromEntries(
      rows.map(({ subject, folders, state }) => [subject, [...folders, state].join(', ')]),
    )
  }
  const poll = async () => {
    await world.store.mark({ accountId: world.accountId, lanes: ['live'] }, 'poll', world.clock.now())
    await world.drain()
  }
  const look = async (name: string) => {
    const { rows } = await world.pool.query<{ id: string }>(
      `SELECT id FROM resource WHERE account_id = $1 AND lane = 'live' AND name = $2`,
      [world.accountId, name],
    )
    await world.store.mark({ resourceId: rows[0]?.id ?? '' }, 'push', world.clock.now())
    await world.drain()
  }
  /** What waits for the provider's word gets it. */
  const later = async () => {
    world.clock.advance(60 * 60_000)
    await poll()
    world.clock.advance(60 * 60_000)
    await poll()
  }
  const tombstones = async () =>
    (
      await world.pool.query(`SELECT 1 FROM tombstone WHERE user_id = $1 AND kind = 'message'`, [
        world.userId,
      ])
    ).rowCount
  const proof = async () =>
    (await world.pool.query('SELECT proof FROM account WHERE id = $1', [world.accountId])).rows[0].proof
  const failed = async () =>
    (await world.pool.query('SELECT code FROM failed_item WHERE account_id = $1', [world.accountId])).rows

  it('stores what lies in all folders, once however many hold it, and proves it', async () => {
    for (let at = 0; at < 30; at++)
      await deliver(`m${at}`, at % 2 ? 'INBOX' : 'Work', at % 3 ? [] : ['\\Seen'])
    const uid = await deliver('twice')
    await box.copy('INBOX', [uid], 'Archive')
    await poll()
    const all = await stored()
    expect(Object.keys(all)).toHaveLength(31)
    expect(all.m3).toBe('Inbox, ')
    expect(all.m4).toBe('Work, unread')
    expect(all.twice).toBe('Archive, Inbox, unread')
    expect(await proof()).toMatchObject({ stored: 32, provider: 32 })
    expect(await failed()).toEqual([])
    expect((await world.store.account(world.accountId))?.status).toMatchObject({ state: 'active' })
  })

  it('follows arrivals, flags and what is gone', async () => {
    await deliver('old')
    await world.drain()
    const [read, gone] = [await deliver('read'), await deliver('gone')]
    await look('Inbox')
    expect(await stored()).toEqual({ old: 'Inbox, unread', read: 'Inbox, unread', gone: 'Inbox, unread' })
    await box.flag('INBOX', [read], { add: ['\\Seen', '\\Flagged'] })
    await box.expunge('INBOX', [gone])
    await look('Inbox')
    expect(await stored()).toMatchObject({
      old: 'Inbox, unread',
      read: 'Inbox, starred',
      gone: 'Inbox, unread',
    })
    expect((await world.store.account(world.accountId))?.status.reason).not.toBe('failed_items')
    await later()
    expect(await stored()).toEqual({ old: 'Inbox, unread', read: 'Inbox, starred' })
    expect(await failed()).toEqual([])
  })

  it('finds with one look at the account what changed in which folder, and runs no other', async () => {
    const uids = new Map<string, number>()
    for (const folder of ['INBOX', 'Archive', 'Work', 'Still', 'Lists'])
      uids.set(folder, await deliver(folder, folder))
    await world.drain()
    for (let round = 0; round < 2; round++) await later()
    const runs = async () => {
      world.clock.advance(31_000)
      const since = world.clock.now()
      await pollForViewers(world.engine, [world.userId])
      await world.drain()
      const { rows } = await world.pool.query<{ name: string }>(
        `SELECT DISTINCT r.name FROM sync_run s JOIN resource r ON r.id = s.resource_id
          WHERE s.account_id = $1 AND s.started_at >= $2 AND r.lane = 'live' ORDER BY 1`,
        [world.accountId, since],
      )
      return rows.map(({ name }) => name)
    }
    // Where nothing numbers changes, a few folders are looked at each time.
    const numbered = !hide.includes('CONDSTORE')
    if (numbered) expect(await runs()).toEqual(['Folders'])
    await box.flag('Work', [uids.get('Work') ?? 0], { add: ['\\Seen'] })
    await box.expunge('Lists', [uids.get('Lists') ?? 0])
    await deliver('new', 'Archive')
    const ran = await runs()
    expect(ran).toEqual(expect.arrayContaining(['Archive', 'Folders', 'Lists', 'Work']))
    if (numbered) expect(ran).toHaveLength(4)
    expect(await stored()).toMatchObject({ Work: 'Work, ', new: 'Archive, unread', Still: 'Still, unread' })
    await later()
    expect(Object.keys(await stored()).sort()).toEqual(['Archive', 'INBOX', 'Still', 'Work', 'new'])
    expect(await prove(world.engine, world.accountId, world.signal)).toBe(0)
  })

  it.each(['Inbox', 'Archive'])(
    'moves without deleting, whichever folder is looked at first: %s',
    async first => {
      const uid = await deliver('moved', 'INBOX', ['\\Flagged'])
      await world.drain()
      await box.move('INBOX', [uid], 'Archive')
      await look(first)
      expect(Object.keys(await stored())).toEqual(['moved'])
      // Asked about it before the other folder was looked at.
      world.clock.advance(60_000)
      await world.drain()
      expect(await tombstones()).toBe(0)
      await later()
      expect(await stored()).toEqual({ moved: 'Archive, unread starred' })
      expect(await tombstones()).toBe(0)
      expect(await failed()).toEqual([])
    },
  )

  it('keeps its rows when a folder is numbered anew, and learns what went meanwhile', async () => {
    const uids = []
    for (let at = 0; at < 5; at++) uids.push(await deliver(`m${at}`, 'Work'))
    await world.drain()
    await poll()
    await box.expunge('Work', uids.slice(0, 1))
    await box.recreate('Work')
    await later()
    expect(Object.keys(await stored())).toEqual(['m1', 'm2', 'm3', 'm4'])
    expect(await tombstones()).toBe(1)
    expect(await failed()).toEqual([])
    expect(
      (await world.store.placeEpochs(world.accountId)).filter(each => each.resource.includes('Work')),
    ).toHaveLength(1)
  })

  it('finds new and renamed folders, and forgets those that are gone with what was in them', async () => {
    await deliver('kept', 'Project')
    await deliver('lost', 'Doomed')
    await poll()
    expect(await stored()).toEqual({ kept: 'Project, unread', lost: 'Doomed, unread' })
    await box.rename('Project', 'Finished')
    await box.remove('Doomed')
    await poll()
    await later()
    await later()
    expect(await stored()).toEqual({ kept: 'Finished, unread' })
    expect(await tombstones()).toBe(1)
    const labels = await world.store.labelIds(world.accountId)
    expect([...labels].filter(id => /Doomed|Project/.test(id))).toEqual([])
    expect(await failed()).toEqual([])
  })

  it('mends by a resync what it was not told', async () => {
    for (let at = 0; at < 6; at++) await deliver(`m${at}`)
    await box.expunge('INBOX', [1])
    await world.drain()
    await world.pool.query('DELETE FROM place WHERE account_id = $1 AND uid = 2', [world.accountId])
    await world.pool.query('UPDATE place SET uid = 1 WHERE account_id = $1 AND uid = 3', [world.accountId])
    await startReconcile(world.engine, world.accountId, 'person')
    await later()
    expect(Object.keys(await stored())).toHaveLength(5)
    expect(await prove(world.engine, world.accountId, world.signal)).toBe(0)
    expect(await proof()).toMatchObject({ stored: 5, provider: 5 })
    expect(await tombstones()).toBe(0)
  })

  it('finds, mends and records rows that are not what their places say', async () => {
    for (let at = 0; at < 6; at++)
      await deliver(`m${at}`, at < 4 ? 'Work' : 'INBOX', at === 3 ? ['\\Flagged'] : [])
    await poll()
    await poll()
    const change = (sql: string, subject: string) =>
      world.pool.query(`UPDATE message SET ${sql} WHERE user_id = $1 AND subject = $2`, [
        world.userId,
        subject,
      ])
    await change('unread = false', 'm0')
    await change('starred = false', 'm3')
    await change('draft = true', 'm1')
    await change(
      `label_ids = ARRAY(SELECT id FROM label WHERE user_id = message.user_id AND name IN ('Inbox', 'Archive'))`,
      'm2',
    )
    await change(`label_ids = label_ids || 'no-label'::text`, 'm4')
    const compare = async () => {
      await startReconcile(world.engine, world.accountId, 'person')
      for (let round = 0; round < 20; round++) {
        await world.drain()
        world.clock.advance(2_000)
      }
      return (await world.store.reconciliations(world.accountId, 1))[0]
    }
    const found = { outcome: 'done', missing: 0, extra: 0, failed: 0 }
    expect(await compare()).toMatchObject({ ...found, differing: 5 })
    expect(await stored()).toEqual({
      ...{ m0: 'Work, unread', m1: 'Work, unread', m2: 'Work, unread', m3: 'Work, unread starred' },
      ...{ m4: 'Inbox, unread', m5: 'Inbox, unread' },
    })
    expect(await compare()).toMatchObject({ ...found, differing: 0 })
  })

  it('finds, mends and records what was done to places behind its back, flags too', async () => {
    for (let at = 0; at < 6; at++) await deliver(`m${at}`, 'Work')
    const compare = async () => {
      await startReconcile(world.engine, world.accountId, 'person')
      for (let round = 0; round < 20; round++) {
        await world.drain()
        world.clock.advance(2_000)
        const lanes = (await world.store.account(world.accountId))?.resources
        if (!lanes?.some(each => each.lane === 'listing' && each.cursor !== null)) break
      }
      return (await world.store.reconciliations(world.accountId, 1))[0]
    }
    await poll()
    await poll()
    const change = (sql: string) =>
      world.pool.query(`${sql} AND account_id = $1 AND resource LIKE '%Work%'`, [world.accountId])
    await change('DELETE FROM place WHERE uid = 2')
    await change(
      `INSERT INTO place SELECT user_id, account_id, resource, epoch, 900, message_id, flags, modseq, gone
         FROM place WHERE uid = 1`,
    )
    await change(`UPDATE place SET flags = '{"\\\\Seen"}' WHERE uid = 5`)
    const record = await compare()
    expect(record).toMatchObject({ outcome: 'done', provider: 6, stored: 6, failed: 0 })
    // Where a server tells no news of flags, live sync compares them itself, and comes first.
    const [missing, differing] = hide.includes('CONDSTORE') ? [0, 0] : [1, 1]
    expect(record).toMatchObject({ missing, differing, extra: 1 })
    await later()
    expect(await stored()).toEqual(
      Object.fromEntries([0, 1, 2, 3, 4, 5].map(at => [`m${at}`, 'Work, unread'])),
    )
    expect(await proof()).toMatchObject({ stored: 6, provider: 6 })
    expect(await compare()).toMatchObject({
      outcome: 'done',
      provider: 6,
      stored: 6,
      missing: 0,
      extra: 0,
      differing: 0,
    })
    expect(await failed()).toEqual([])
  })

  it('carries out a person’s changes, and they come back', async () => {
    await deliver('a')
    await deliver('b')
    await world.drain()
    const { rows } = await world.pool.query<{ id: string; subject: string }>(
      'SELECT id, subject FROM message WHERE user_id = $1 ORDER BY subject',
      [world.userId],
    )
    const [a = '', b = ''] = rows.map(({ id }) => id)
    const change = async (
      clientId: string,
      body: Parameters<typeof world.store.addMutations>[1][number]['body'],
    ) => {
      await world.store.addMutations(world.userId, [{ clientId, body }], world.clock.now())
      await world.drain()
      await poll()
      expect(await world.store.mutationResults(world.userId, [clientId])).toMatchObject([{ state: 'done' }])
    }
    await change('one', { type: 'read', messageIds: [a, b], read: true })
    await change('two', { type: 'star', messageIds: [a], starred: true })
    await change('three', { type: 'archive', messageIds: [a] })
    await change('four', { type: 'trash', messageIds: [b] })
    expect(await stored(), JSON.stringify(world.logged)).toEqual({ a: 'Archive, starred', b: 'Trash, ' })
    await change('five', { type: 'untrash', messageIds: [b] })
    expect(await stored()).toEqual({ a: 'Archive, starred', b: 'Inbox, ' })
    expect(await tombstones()).toBe(0)
  })
})
