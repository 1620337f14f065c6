import type { Thread } from '@inlet/protocol/entities'
import { StaleLease } from '@inlet/sync/provider-errors'
import { rowId } from '@inlet/sync/row-id'
import { expect, test } from 'vitest'
import {
  commitUnder,
  connected,
  inbox,
  NOW,
  pulledMessage,
  type StoreUnderTest,
  wholeFeed,
} from './store-fixture.ts'

export function contentContract(get: () => StoreUnderTest): void {
  const headOf = async (userId: string) => (await get().feed.heads([userId])).get(userId) ?? 0
  const rowOf = async (userId: string, kind: string, id: string) =>
    (await wholeFeed(get(), userId)).changes.find(change => change.kind === kind && change.id === id)

  test('a message becomes a row, its thread and its label, each with a seq of its own', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    await commitUnder(store, claim, { labels: [inbox] })
    const committed = await commitUnder(store, claim, {
      upserts: [pulledMessage('m1', { unread: true })],
      cursor: 'c1',
    })
    expect(committed).toMatchObject({ userId, upserts: 1, deletions: 0 })
    const { changes, head } = await wholeFeed(get(), userId)
    expect(committed.head).toBe(head)
    expect(new Set(changes.map(change => change.seq)).size).toBe(changes.length)
    const labelIds = [rowId(accountId, 'label', 'INBOX')]
    const id = rowId(accountId, 'message', 'm1')
    const threadId = rowId(accountId, 'thread', 't-m1')
    expect(changes).toContainEqual(
      expect.objectContaining({
        kind: 'message',
        op: 'upsert',
        id,
        row: expect.objectContaining({
          accountId,
          threadId,
          labelIds,
          unread: true,
          subject: 'Subject of m1',
        }),
      }),
    )
    expect(changes).toContainEqual(
      expect.objectContaining({
        kind: 'thread',
        id: threadId,
        row: expect.objectContaining({ lastMessageId: id, messageCount: 1, unreadCount: 1, labelIds }),
      }),
    )
    expect(changes).toContainEqual(
      expect.objectContaining({
        kind: 'label',
        row: expect.objectContaining({ name: 'Inbox', total: 1, unread: 1 }),
      }),
    )
  })

  test('the same batch twice is a no-op the second time (I4)', async () => {
    const { store } = get()
    const { claim, userId } = await connected(get())
    const odd = pulledMessage('m2', {
      subject: 'a\0b \ud800 half',
      references: ['<x@y>'],
      cc: [{ name: '', email: 'c@d' }],
    })
    const batch = {
      labels: [inbox],
      upserts: [pulledMessage('m1'), odd],
      patches: [{ id: 'm1', version: 2n, add: ['STARRED'], remove: [], unread: null, starred: true }],
      deletions: [{ id: 'never-seen', version: 3n }],
    }
    await commitUnder(store, claim, batch)
    const head = await headOf(userId)
    const second = await commitUnder(store, claim, batch)
    expect(second).toMatchObject({ head: null, upserts: 0, deletions: 0 })
    expect(await headOf(userId)).toBe(head)
  })

  test('the cursor moves with its batch, and every move raises its version', async () => {
    const { store } = get()
    const { claim, accountId } = await connected(get())
    const first = await commitUnder(store, claim, { cursor: 'c1' })
    expect(first.cursorVersion).toBe(1)
    expect((await commitUnder(store, claim, {})).cursorVersion).toBe(1)
    expect((await commitUnder(store, claim, { cursor: 'c2' })).cursorVersion).toBe(2)
    const live = (await store.account(accountId))?.resources.find(resource => resource.lane === 'live')
    expect(live?.cursor).toBe('c2')
  })

  test('of two states of a message the newer version stays, in any order', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    await commitUnder(store, claim, { upserts: [pulledMessage('m1', { version: 9n, subject: 'new' })] })
    await commitUnder(store, claim, { upserts: [pulledMessage('m1', { version: 5n, subject: 'old' })] })
    const big = 2n ** 60n + 1n
    await commitUnder(store, claim, { upserts: [pulledMessage('m1', { version: big, subject: 'new' })] })
    expect(await rowOf(userId, 'message', rowId(accountId, 'message', 'm1'))).toMatchObject({
      row: { subject: 'new' },
    })
    expect(await store.storedVersions(accountId, ['m1', 'm2'])).toEqual(new Map([['m1', big]]))
  })

  test('a deletion leaves a tombstone, and a listing in flight cannot bring the message back', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const id = rowId(accountId, 'message', 'm1')
    const threadId = rowId(accountId, 'thread', 't-m1')
    await commitUnder(store, claim, { labels: [inbox], upserts: [pulledMessage('m1', { version: 3n })] })
    const gone = await commitUnder(store, claim, { deletions: [{ id: 'm1', version: 4n }] })
    expect(gone).toMatchObject({ deletions: 1 })
    expect(await rowOf(userId, 'message', id)).toMatchObject({ op: 'delete' })
    expect(await rowOf(userId, 'thread', threadId)).toMatchObject({ op: 'delete' })
    expect(await rowOf(userId, 'label', rowId(accountId, 'label', 'INBOX'))).toMatchObject({
      row: { total: 0 },
    })
    await commitUnder(store, claim, { upserts: [pulledMessage('m1', { version: 3n })] })
    expect(await store.storedCount(accountId)).toBe(0)
    // The provider's newer word does, and takes the tombstones of message and thread away.
    await commitUnder(store, claim, { upserts: [pulledMessage('m1', { version: 5n })] })
    const { changes } = await wholeFeed(get(), userId)
    expect(
      changes.filter(change => change.id === id || change.id === threadId).map(change => change.op),
    ).toEqual(['upsert', 'upsert'])
  })

  test('a deletion of what was never stored makes no noise, and is remembered', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const head = await headOf(userId)
    await commitUnder(store, claim, { deletions: [{ id: 'm1', version: 4n }] })
    expect(await headOf(userId)).toBe(head)
    await commitUnder(store, claim, { upserts: [pulledMessage('m1', { version: 3n })] })
    expect(await store.storedCount(accountId)).toBe(0)
  })

  test('what the provider confirms missing is deleted', async () => {
    const { store } = get()
    const { claim, accountId } = await connected(get())
    await commitUnder(store, claim, { upserts: [pulledMessage('m1'), pulledMessage('m2')] })
    expect(await commitUnder(store, claim, { missing: ['m1', 'unheard-of'] })).toMatchObject({ deletions: 1 })
    expect(await store.storedCount(accountId)).toBe(1)
  })

  test('a thread is derived from its messages', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const threadId = rowId(accountId, 'thread', 't')
    const at = (minutes: number) => NOW + minutes * 60_000
    const mail = (n: number, more: Parameters<typeof pulledMessage>[1] = {}) =>
      pulledMessage(`m${n}`, {
        threadId: 't',
        receivedAt: at(n),
        subject: `s${n}`,
        snippet: `n${n}`,
        labelIds: [`L${n}`],
        from: { name: `P${n}`, email: `p${n}@example.com` },
        ...more,
      })
    const file = {
      partId: '1',
      filename: 'a.pdf',
      mimeType: 'application/pdf',
      sizeBytes: 3,
      inline: false,
      contentId: null,
    }
    await commitUnder(store, claim, { upserts: [mail(3, { attachments: [file], unread: true })] })
    await commitUnder(store, claim, {
      upserts: [
        mail(1, {
          starred: true,
          attachments: [file, { ...file, partId: '2' }, { ...file, partId: '3', inline: true }],
        }),
        mail(2, { from: { name: 'Other', email: 'P1@EXAMPLE.com' } }),
      ],
    })
    const thread = async () => {
      const change = await rowOf(userId, 'thread', threadId)
      return change?.op === 'upsert' ? (change.row as Thread) : null
    }
    expect(await thread()).toEqual({
      id: threadId,
      accountId,
      subject: 's1',
      snippet: 'n3',
      participants: [
        { name: 'P1', email: 'p1@example.com' },
        { name: 'P3', email: 'p3@example.com' },
      ],
      lastMessageId: rowId(accountId, 'message', 'm3'),
      lastMessageAt: at(3),
      messageCount: 3,
      unreadCount: 1,
      starred: true,
      labelIds: ['L1', 'L2', 'L3'].map(label => rowId(accountId, 'label', label)).sort(),
      attachmentCount: 3,
    })
    await commitUnder(store, claim, { upserts: Array.from({ length: 9 }, (_, n) => mail(n + 4)) })
    expect((await thread())?.participants.map(person => person.name)).toEqual([
      'P1',
      'P3',
      'P4',
      'P5',
      'P6',
      'P7',
      'P8',
      'P9',
    ])
    // A message that moves to another thread changes both.
    await commitUnder(store, claim, { upserts: [mail(12, { version: 2n, threadId: 't2' })] })
    expect((await thread())?.messageCount).toBe(11)
    expect(await rowOf(userId, 'thread', rowId(accountId, 'thread', 't2'))).toMatchObject({
      row: { messageCount: 1 },
    })
  })

  test('label counts follow their messages, and a label listed late counts what carried it before', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const counts = async (label: string) => {
      const change = await rowOf(userId, 'label', rowId(accountId, 'label', label))
      return change?.op === 'upsert' && change.kind === 'label' ? [change.row.total, change.row.unread] : null
    }
    const news = { ...inbox, id: 'NEWS', name: 'News', role: null }
    await commitUnder(store, claim, {
      labels: [inbox],
      upserts: [pulledMessage('m1', { unread: true, labelIds: ['INBOX', 'NEWS'] }), pulledMessage('m2')],
    })
    expect(await counts('INBOX')).toEqual([2, 1])
    // No list holds it yet, so it is kept out of sight.
    expect(await rowOf(userId, 'label', rowId(accountId, 'label', 'NEWS'))).toMatchObject({
      row: { name: 'NEWS', hidden: true, total: 1, unread: 1 },
    })
    await commitUnder(store, claim, { labels: [inbox, news] })
    expect(await rowOf(userId, 'label', rowId(accountId, 'label', 'NEWS'))).toMatchObject({
      row: { name: 'News', hidden: false, total: 1, unread: 1 },
    })
    await commitUnder(store, claim, {
      patches: [{ id: 'm1', version: 2n, add: [], remove: ['INBOX'], unread: false, starred: null }],
    })
    expect(await counts('INBOX')).toEqual([1, 0])
    expect(await counts('NEWS')).toEqual([1, 0])
    expect(await store.labelIds(accountId)).toEqual(new Set(['INBOX', 'NEWS']))
    await commitUnder(store, claim, { labels: [{ ...inbox, name: 'Eingang' }] })
    // Still carried: it goes with the last message that carries it.
    expect(await counts('NEWS')).toEqual([1, 0])
    await commitUnder(store, claim, {
      patches: [{ id: 'm1', version: 3n, add: [], remove: ['NEWS'], unread: null, starred: null }],
      labels: [{ ...inbox, name: 'Eingang' }],
    })
    expect(await rowOf(userId, 'label', rowId(accountId, 'label', 'NEWS'))).toMatchObject({ op: 'delete' })
    expect(await rowOf(userId, 'label', rowId(accountId, 'label', 'INBOX'))).toMatchObject({
      row: { name: 'Eingang', total: 1 },
    })
  })

  test('a batch of 500 messages is one commit, and half of it again changes only that half', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const upserts = Array.from({ length: 500 }, (_, n) =>
      pulledMessage(`m${n}`, { threadId: `t${n % 100}`, receivedAt: NOW + n }),
    )
    expect(await commitUnder(store, claim, { labels: [inbox], upserts })).toMatchObject({ upserts: 500 })
    expect(await store.storedCount(accountId)).toBe(500)
    const again = upserts.map((message, n) => ({ ...message, version: 2n, unread: n % 2 === 0 }))
    expect(await commitUnder(store, claim, { upserts: again })).toMatchObject({ upserts: 250 })
    const { changes } = await wholeFeed(get(), userId)
    expect(changes.filter(change => change.kind === 'thread')).toHaveLength(100)
    expect(changes.find(change => change.kind === 'label')).toMatchObject({
      row: { total: 500, unread: 250 },
    })
  })

  test('a batch that speaks of too many messages is refused, and one that fails writes nothing', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const head = await headOf(userId)
    const many = Array.from({ length: 501 }, (_, n) => pulledMessage(`m${n}`))
    await expect(commitUnder(store, claim, { upserts: many })).rejects.toBeInstanceOf(RangeError)
    // The transaction fails in the middle: this size fits no column.
    const broken = pulledMessage('m2', { sizeBytes: Number.MAX_VALUE })
    await expect(
      commitUnder(store, claim, { upserts: [pulledMessage('m1'), broken], cursor: 'c1' }),
    ).rejects.toThrow()
    expect(await store.storedCount(accountId)).toBe(0)
    expect(await headOf(userId)).toBe(head)
    expect((await commitUnder(store, claim, { cursor: 'c1' })).cursorVersion).toBe(1)
  })

  test('a commit for another account than the lease’s is refused', async () => {
    const { store } = get()
    const { claim } = await connected(get())
    const other = await connected(get())
    const { userId, accountId } = other
    for (const foreign of [{ userId }, { accountId }, { userId, accountId }]) {
      const upserts = [pulledMessage('m1')]
      await expect(commitUnder(store, { ...claim, ...foreign }, { upserts })).rejects.toBeInstanceOf(
        StaleLease,
      )
    }
  })
}
