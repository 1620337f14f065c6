import { expect, test } from 'vitest'
import { kindOf } from './provider-failures.ts'
import { sampleMail } from './provider-sample.ts'
import { never, type Stage } from './provider-stage.ts'
import type { TestAccount } from './provider-world.ts'

export function listingsContract(stage: Stage): void {
  const { message, resourceOf, resourcesOf } = stage

  const walk = async (account: TestAccount, key: string, listing: string) => {
    const ids: string[] = []
    let position: string | null = null
    let total: number | null = null
    for (let page = 0; page < 100; page++) {
      const listed = await stage.port.list(account.conn, key, listing, position, never)
      ids.push(...listed.items.map(item => item.id))
      total ??= listed.total
      position = listed.next
      if (position === null) return { ids, total }
    }
    throw new Error('The listing does not end.')
  }

  test('hold every message, spam and trash too, newest first, as many as the provider counts', async () => {
    const account = await stage.newAccount()
    const ids: string[] = []
    for (let i = 0; i < 5; i++)
      ids.push(await account.deliver(sampleMail(), { spam: i === 1, trash: i === 3 }))
    const everything: string[] = []
    let counted = 0
    for (const key of await resourcesOf(account)) {
      const [first] = await stage.port.listings(account.conn, key, never)
      if (!first) continue
      expect(first.counted).toBe(true)
      const { ids: listed, total } = await walk(account, key, first.name)
      everything.push(...listed)
      counted += total ?? 0
      const dates = await Promise.all(listed.map(async id => (await message(account, id)).receivedAt))
      expect(dates).toEqual([...dates].sort((a, b) => b - a))
    }
    expect(everything.sort()).toEqual([...ids].sort())
    expect(counted).toBe(5)
    expect((await stage.port.counts(account.conn, null, never)).messages).toBe(5)
  })

  if (!stage.traits.listsIds)
    test('tell states, where they do, that are those of fetching', async () => {
      const account = await stage.newAccount()
      const id = await account.deliver(sampleMail({ parts: true }))
      const key = await resourceOf(account)
      const [first] = await stage.port.listings(account.conn, key, never)
      const { items } = await stage.port.list(account.conn, key, first?.name ?? '', null, never)
      const told = items.find(item => item.id === id)?.message
      if (!told) throw new Error(`The listing tells no state of ${id}.`)
      const fetched = await message(account, id)
      expect(fetched.version).toBeGreaterThanOrEqual(told.version)
      expect({ ...told, version: 0n }).toEqual({ ...fetched, version: 0n })
    })

  test('name the same messages where they bring them too, and bring what is fetched', async () => {
    const account = await stage.newAccount()
    for (const parts of [true, false, true]) await account.deliver(sampleMail({ parts }))
    const key = await resourceOf(account)
    const [first] = await stage.port.listings(account.conn, key, never)
    const page = (whole: boolean) => stage.port.list(account.conn, key, first?.name ?? '', null, never, whole)
    const [named, whole] = [await page(false), await page(true)]
    const ids = ({ items }: typeof named) => items.map(item => item.id)
    expect({ ...whole, items: ids(whole) }).toEqual({ ...named, items: ids(named) })
    expect(whole.items).toHaveLength(3)
    for (const { id, message: told } of whole.items) {
      if (stage.port.placed) expect(told).not.toBeNull()
      if (told) expect({ ...told, version: 0n }).toEqual({ ...(await message(account, id)), version: 0n })
    }
  })

  test('hold, for each label, exactly those who carry it', async () => {
    const account = await stage.newAccount()
    const filed = await account.makeLabel('Filed')
    const { unread, starred } = account.ids
    const everything: string[] = []
    for (let i = 0; i < 6; i++) {
      const id = await account.deliver(sampleMail(), { trash: i === 5 })
      everything.push(id)
      if (i % 2) await account.relabel(id, { add: [filed], remove: [unread] })
      if (i % 3) await account.relabel(id, { add: [starred] })
    }
    const carried = new Map(
      await Promise.all(everything.map(async id => [id, await account.labelsOf(id)] as const)),
    )
    const walked: string[] = []
    for (const key of await resourcesOf(account))
      for (const { name, labelId } of await stage.port.listings(account.conn, key, never)) {
        if (labelId === null) continue
        walked.push(labelId)
        const expected = everything.filter(id => carried.get(id)?.includes(labelId))
        expect((await walk(account, key, name)).ids.sort()).toEqual(expected.sort())
      }
    expect(new Set(walked).size).toBe(walked.length)
    expect(walked).toContain(filed)
  })

  test('walk on from a position while mail arrives', async () => {
    const account = await stage.newAccount()
    const key = await resourceOf(account)
    const ids: string[] = []
    for (let i = 0; i < 510; i++) ids.push(await account.deliver(sampleMail()))
    const [all] = await stage.port.listings(account.conn, key, never)
    const first = await stage.port.list(account.conn, key, all?.name ?? '', null, never)
    expect(first.total).toBe(510)
    await account.deliver(sampleMail())
    const rest: string[] = []
    for (let position = first.next; position !== null; ) {
      const page = await stage.port.list(account.conn, key, all?.name ?? '', position, never)
      rest.push(...page.items.map(item => item.id))
      position = page.next
    }
    // One told twice is harmless, one left out is not.
    expect([...new Set([...first.items.map(item => item.id), ...rest])].sort()).toEqual(ids.sort())
  })

  test('from a position that nobody knows throw cursor_expired', async () => {
    const account = await stage.newAccount()
    const key = await resourceOf(account)
    await account.deliver(sampleMail())
    const [all] = await stage.port.listings(account.conn, key, never)
    expect(await kindOf(stage.port.list(account.conn, key, all?.name ?? '', 'garbage', never))).toBe(
      'cursor_expired',
    )
  })
}
