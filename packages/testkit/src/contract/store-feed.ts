import { expect, test } from 'vitest'
import { commitUnder, connected, inbox, NOW, pulledMessage, type StoreUnderTest } from './store-fixture.ts'

export function feedContract(get: () => StoreUnderTest): void {
  test('a fill walks accounts and labels, then messages from the newest down with their threads', async () => {
    const { store, feed } = get()
    const { claim, userId, accountId } = await connected(get())
    const upserts = Array.from({ length: 25 }, (_, n) =>
      pulledMessage(`m${n}`, { threadId: `t${n % 5}`, receivedAt: NOW + Math.floor(n / 2) }),
    )
    await commitUnder(store, claim, { labels: [inbox, { ...inbox, id: 'B', name: 'B' }], upserts })
    const pages = []
    let position: string | null = 'start'
    while (position !== null) {
      const page = await feed.fill(userId, position, 10)
      pages.push(page)
      position = page.next
    }
    const changes = pages.flatMap(page => page.changes)
    expect(changes.slice(0, 3).map(change => change.kind)).toEqual(['account', 'label', 'label'])
    const messages = changes.flatMap(change => (change.kind === 'message' ? [change.row] : []))
    expect(messages).toHaveLength(25)
    expect(messages.map(row => row.receivedAt)).toEqual(
      messages.map(row => row.receivedAt).toSorted((a, b) => b - a),
    )
    const threads = changes.filter(change => change.kind === 'thread')
    expect(threads).toHaveLength(5)
    expect(changes[0]).toMatchObject({ id: accountId })
    expect(pages[0]?.head).toBe((await feed.heads([userId])).get(userId))
  })

  test('a cursor that the feed has not given out is refused', async () => {
    const { feed } = get()
    const { userId } = await connected(get())
    for (const cursor of ['', 'x', 'm.1', 'm.99999999999999999.a', "l.'; DROP TABLE feed", 'm.1.'])
      await expect((async () => feed.fill(userId, cursor, 10))()).rejects.toMatchObject({
        name: 'InvalidCursor',
      })
    await expect(feed.follow(userId, 1_000_000, 10)).rejects.toMatchObject({ name: 'CursorTooOld' })
  })

  test('following pages through everything once, in order', async () => {
    const { store, feed } = get()
    const { claim, userId } = await connected(get())
    await commitUnder(store, claim, { upserts: Array.from({ length: 30 }, (_, n) => pulledMessage(`m${n}`)) })
    const seqs: number[] = []
    let after = 0
    for (;;) {
      const page = await feed.follow(userId, after, 7)
      expect(page.after).toBe(after)
      seqs.push(...page.changes.map(change => change.seq))
      after = page.next
      if (!page.more) {
        expect(page.next).toBe(page.head)
        break
      }
    }
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
    // 30 messages, their threads, the account and the label that they carry.
    expect(seqs).toHaveLength(62)
    expect(await feed.follow(userId, after, 7)).toMatchObject({ changes: [], next: after, more: false })
  })

  test('heads answers the users who have a feed', async () => {
    const { feed } = get()
    const { userId } = await connected(get())
    const heads = await feed.heads([userId, 'nobody'])
    expect([...heads.keys()]).toEqual([userId])
    expect(await feed.follow('nobody', 0, 10)).toEqual({
      after: 0,
      changes: [],
      next: 0,
      head: 0,
      floor: 0,
      more: false,
    })
  })
}
