import { expect, test } from 'vitest'
import { kindOf } from './provider-failures.ts'
import { applyPatches, changesIn, collect, stateOf } from './provider-pages.ts'
import { sampleMail } from './provider-sample.ts'
import { never, type Stage } from './provider-stage.ts'

export function pullContract(stage: Stage): void {
  const { fetchAll, message, resourceOf, cursorOf, pullAll } = stage

  test('of nothing new is one page without content and with a cursor', async () => {
    const account = await stage.newAccount()
    await account.deliver(sampleMail())
    const { pages, runs } = await pullAll(account, await cursorOf(account))
    expect(changesIn(pages)).toEqual({ ids: [], deletions: [] })
    for (const run of runs) expect(run.map(page => page.cursor === null)).toEqual([false])
  })

  test('brings what was delivered after the cursor, and what is fetched is at least as new', async () => {
    const account = await stage.newAccount()
    await account.deliver(sampleMail())
    const cursor = await cursorOf(account)
    const ids = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
    const { pages } = await pullAll(account, cursor)
    expect(changesIn(pages).ids.sort()).toEqual([...ids].sort())
    for (const { id, version } of pages.flatMap(page => page.touched))
      expect((await message(account, id)).version).toBeGreaterThanOrEqual(version)
  })

  test('goes on from its own last cursor without repeating or missing anything', async () => {
    const account = await stage.newAccount()
    let cursor = await cursorOf(account)
    for (let round = 0; round < 3; round++) {
      const id = await account.deliver(sampleMail())
      const { pages, next } = await pullAll(account, cursor)
      expect(changesIn(pages).ids).toEqual([id])
      cursor = next
    }
    expect(changesIn((await pullAll(account, cursor)).pages).ids).toEqual([])
  })

  test('again from an old cursor says the same again', async () => {
    const account = await stage.newAccount()
    const cursor = await cursorOf(account)
    await account.deliver(sampleMail())
    const first = await pullAll(account, cursor)
    const second = await pullAll(account, cursor)
    expect(changesIn(second.pages)).toEqual(changesIn(first.pages))
  })

  test('tells of reading, starring and filing, as patches that lead to the fetched state or as something to fetch', async () => {
    const account = await stage.newAccount()
    const filed = await account.makeLabel('Filed')
    const { inbox, unread, starred } = account.ids
    const id = await account.deliver(sampleMail())
    const before = await message(account, id)
    const cursor = await cursorOf(account)
    await account.relabel(id, { remove: [unread] })
    await account.relabel(id, { add: [starred, filed] })
    await account.relabel(id, { add: [unread], remove: [filed] })
    await account.relabel(id, { add: [filed], remove: [unread, inbox] })
    const { pages } = await pullAll(account, cursor)
    const after = await message(account, id)
    if (changesIn(pages).ids.includes(id) && pages.every(page => page.patches.length === 0)) return
    expect(applyPatches(before, pages)).toEqual(stateOf(after))
  })

  test('gives each message at most one patch at one version', async () => {
    const account = await stage.newAccount()
    const { inbox, unread, starred } = account.ids
    const id = await account.deliver(sampleMail())
    const cursor = await cursorOf(account)
    for (let i = 0; i < 5; i++) {
      await account.relabel(id, { add: [starred], remove: [unread, inbox] })
      await account.relabel(id, { add: [unread, inbox], remove: [starred] })
    }
    const patches = (await pullAll(account, cursor)).pages.flatMap(page => page.patches)
    expect(new Set(patches.map(patch => `${patch.id} ${patch.version}`)).size).toBe(patches.length)
    for (const [at, patch] of patches.entries())
      expect(patch.version).toBeGreaterThan(patches[at - 1]?.version ?? -1n)
  })

  test('names what was deleted for ever, and fetching it confirms it', async () => {
    const account = await stage.newAccount()
    const [kept, gone] = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
    const cursor = await cursorOf(account)
    await account.delete(gone)
    const { ids, deletions } = changesIn((await pullAll(account, cursor)).pages)
    // Where labels are folders, what left one may be in another: only fetching it tells.
    if (stage.port.tree !== undefined) expect([...ids, ...deletions]).toEqual([gone])
    else expect(deletions).toEqual([gone])
    expect((await fetchAll(account, [gone, kept])).map(each => [each.id, each.outcome]).sort()).toEqual(
      [
        [gone, 'missing'],
        [kept, 'message'],
      ].sort(),
    )
  })

  test('of mail that came and went is a deletion newer than its arrival', async () => {
    const account = await stage.newAccount()
    const cursor = await cursorOf(account)
    const id = await account.deliver(sampleMail())
    await account.delete(id)
    const { pages } = await pullAll(account, cursor)
    if (stage.port.tree !== undefined) {
      // Whoever tells of what lies in a folder now has nothing to tell.
      for (const told of changesIn(pages).ids) expect(told).toBe(id)
      expect(await fetchAll(account, [id])).toEqual([{ id, outcome: 'missing' }])
      return
    }
    const deletion = pages.flatMap(page => page.deletions).find(each => each.id === id)
    for (const touched of pages.flatMap(page => page.touched))
      expect(deletion?.version).toBeGreaterThan(touched.version)
    expect(deletion).toBeDefined()
  })

  test('survives empty pages that have successors', async () => {
    const account = await stage.newAccount()
    const cursor = await cursorOf(account)
    const id = await account.deliver(sampleMail())
    account.fault.emptyPages(3)
    const { pages, runs, next } = await pullAll(account, cursor)
    expect(changesIn(pages).ids).toEqual([id])
    for (const run of runs) expect(run.slice(0, -1).every(page => page.cursor === null)).toBe(true)
    expect([...next.values()]).not.toEqual([...cursor.values()])
  })

  test('of more than a page has a cursor on its last page only, and misses nothing', async () => {
    const account = await stage.newAccount()
    const id = await account.deliver(sampleMail())
    const cursor = await cursorOf(account)
    for (let i = 0; i < 600; i++)
      await account.relabel(id, i % 2 ? { remove: [account.ids.starred] } : { add: [account.ids.starred] })
    const last = await account.deliver(sampleMail())
    const { pages, runs, next } = await pullAll(account, cursor)
    for (const run of runs) expect(run.slice(0, -1).every(page => page.cursor === null)).toBe(true)
    expect(changesIn(pages).ids).toContain(last)
    expect(changesIn((await pullAll(account, next)).pages).ids).toEqual([])
  })

  test('from a cursor that the provider has forgotten throws cursor_expired', async () => {
    const account = await stage.newAccount()
    const cursor = await cursorOf(account)
    await account.deliver(sampleMail())
    await account.expireCursor()
    expect(await kindOf(pullAll(account, cursor))).toBe('cursor_expired')
    expect(changesIn((await pullAll(account, await cursorOf(account))).pages).ids).toEqual([])
  })

  test.each(['', 'garbage', '-1'])('from %j, which is no cursor, throws cursor_expired', async cursor => {
    const account = await stage.newAccount()
    const key = await resourceOf(account)
    expect(await kindOf(collect(stage.port.pull(account.conn, key, cursor, never)))).toBe('cursor_expired')
  })

  test('says when a label appeared that was not listed, and not again once it was', async () => {
    const account = await stage.newAccount()
    await stage.port.labels(account.conn, never)
    const id = await account.deliver(sampleMail())
    let cursor = await cursorOf(account)
    const fresh = await account.makeLabel('Fresh')
    await account.relabel(id, { add: [fresh] })
    const { pages, next } = await pullAll(account, cursor)
    expect(pages.some(page => page.labelsChanged)).toBe(true)
    await stage.port.labels(account.conn, never)
    cursor = next
    await account.relabel(await account.deliver(sampleMail()), { add: [fresh] })
    const later = await pullAll(account, cursor)
    expect(later.pages.some(page => page.labelsChanged)).toBe(false)
  })
}
