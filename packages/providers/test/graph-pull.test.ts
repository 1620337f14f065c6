import type { ListedPage, PulledPage } from '@inlet/sync/provider-port'
import { sampleMail } from '@inlet/testkit/contract/provider-sample'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createGraph } from '../src/graph.ts'
import { proxyFor } from './graph-proxy.ts'
import { type GraphWorld, graphConfig, graphWorld, type OutlookAccount } from './graph-world.ts'

const never = new AbortController().signal

describe('pulling from Outlook', () => {
  let world: GraphWorld
  beforeAll(async () => {
    world = await graphWorld()
  })
  afterEach(() => world.calm())
  afterAll(() => world.close())

  const pull = async (
    { conn }: OutlookAccount,
    resource: string,
    cursor: string,
    port = world.port,
  ): Promise<PulledPage[]> => {
    const pages: PulledPage[] = []
    for await (const page of port.pull(conn, resource, cursor, never)) pages.push(page)
    return pages
  }
  const begin = ({ conn }: OutlookAccount, resource: string) =>
    world.port.currentCursor(conn, resource, never)
  const fetch = async ({ conn }: OutlookAccount, ids: string[]) => {
    const fetched = []
    const options = { bodies: false, priority: 'live' } as const
    for await (const each of world.port.fetch(conn, '', ids, options, never)) fetched.push(each)
    return fetched
  }

  test('a move is a change of label under the same id, never a deletion', async () => {
    const account = await world.newAccount()
    const [inbox, archive] = [account.folder('inbox'), account.folder('archive')]
    const id = await account.deliver(sampleMail())
    const before = { inbox: await begin(account, inbox), archive: await begin(account, archive) }
    account.mailbox.move([account.item(id)], 'archive')
    for (const [resource, cursor] of [
      [inbox, before.inbox],
      [archive, before.archive],
    ] as const) {
      const pages = await pull(account, resource, cursor)
      expect(pages.flatMap(page => page.deletions)).toEqual([])
      expect(pages.flatMap(page => page.touched.map(each => each.id))).toEqual([id])
    }
    const [fetched] = await fetch(account, [id])
    expect(fetched).toMatchObject({ outcome: 'message', message: { id, labelIds: [archive] } })
  })

  test('what was moved away and back is touched, though the folder’s changes leave it out', async () => {
    const account = await world.newAccount()
    const archive = account.folder('archive')
    const id = await account.deliver(sampleMail())
    const there = await begin(account, archive)
    world.sandbox.control.addFault({ kind: 'delta.miss-return' })
    await world.port.mutate(account.conn, { type: 'archive', messageIds: [id] }, never)
    await world.port.mutate(
      account.conn,
      { type: 'labels', messageIds: [id], add: [account.ids.inbox], remove: [] },
      never,
    )
    const touched = (await pull(account, archive, there)).flatMap(page => page.touched)
    expect(touched.map(each => each.id)).toEqual([id])
    expect(await fetch(account, [id])).toMatchObject([
      { outcome: 'message', message: { labelIds: [account.ids.inbox] } },
    ])
  })

  test('items that repeat are told once', async () => {
    const account = await world.newAccount()
    const inbox = account.folder('inbox')
    const cursor = await begin(account, inbox)
    const ids = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
    world.sandbox.control.addFault({ kind: 'delta.repeat' })
    const touched = (await pull(account, inbox, cursor)).flatMap(page => page.touched)
    expect(touched.map(each => each.id).sort()).toEqual(ids.sort())
  })

  test('a state that was asked for before the changes were told is older than they are', async () => {
    const account = await world.newAccount()
    const inbox = account.folder('inbox')
    const id = await account.deliver(sampleMail())
    const cursor = await begin(account, inbox)
    await account.relabel(id, { add: [account.ids.starred] })
    const [touched] = (await pull(account, inbox, cursor)).flatMap(page => page.touched)
    const [after] = await fetch(account, [id])
    if (after?.outcome !== 'message' || !touched) throw new Error('nothing was touched')
    expect(after.message.version).toBeGreaterThanOrEqual(touched.version)
  })

  test.each([
    [undefined, undefined],
    [400, 'resyncRequired'],
    [404, 'SYNCSTATENOTFOUND'],
  ])('a dead link (%j %j) is an expired cursor', async (status, reason) => {
    const account = await world.newAccount()
    const inbox = account.folder('inbox')
    const cursor = await begin(account, inbox)
    world.sandbox.control.addFault({
      kind: 'delta.gone',
      count: 1,
      ...(status && { status }),
      ...(reason && { reason }),
    })
    await expect(pull(account, inbox, cursor)).rejects.toMatchObject({ kind: 'cursor_expired' })
  })

  test('a walk whose link dies on the way begins again; one that always dies is a failure for the moment', async () => {
    const account = await world.newAccount()
    const walks = [
      () => world.port.currentCursor(account.conn, account.ids.inbox, never),
      () => world.port.resources(account.conn, never),
    ]
    for (const walk of walks) {
      world.sandbox.control.addFault({ kind: 'delta.empty-page', count: 1 })
      world.sandbox.control.addFault({ kind: 'delta.gone', count: 1 })
      expect(await walk()).toBeTruthy()
      world.calm()
      world.sandbox.control.addFault({ kind: 'delta.empty-page' })
      world.sandbox.control.addFault({ kind: 'delta.gone' })
      await expect(walk()).rejects.toMatchObject({ kind: 'transient' })
      world.calm()
    }
  })

  test('a folder that is gone says that labels changed, and is no error', async () => {
    const account = await world.newAccount()
    const folder = await account.makeLabel('Short-lived')
    await account.deliver(sampleMail())
    const cursor = await begin(account, folder)
    const folders = await begin(account, 'folders')
    account.mailbox.deleteFolder(world.sandbox.control.microsoft.folder(account.mailbox, folder))
    const nothing = { upserts: [], touched: [], patches: [], deletions: [] }
    expect(await pull(account, folder, cursor)).toEqual([{ ...nothing, cursor, labelsChanged: true }])
    const pages = await pull(account, 'folders', folders)
    expect(pages.some(page => page.labelsChanged)).toBe(true)
    expect((await world.port.resources(account.conn, never)).map(each => each.key)).not.toContain(folder)
    expect(await world.port.list(account.conn, folder, 'all', null, never)).toEqual({
      items: [],
      next: null,
      total: 0,
    } satisfies ListedPage)
    expect(await world.port.counts(account.conn, folder, never)).toEqual({ messages: 0, unread: 0 })
  })

  test('a folder that was made, renamed or moved says that labels changed; mail says nothing of them', async () => {
    const account = await world.newAccount()
    const microsoft = world.sandbox.control.microsoft
    let cursor = await begin(account, 'folders')
    const changed = async () => {
      const pages = await pull(account, 'folders', cursor)
      cursor = pages.at(-1)?.cursor ?? ''
      expect(pages.flatMap(page => page.touched)).toEqual([])
      return pages.some(page => page.labelsChanged)
    }
    expect(await changed()).toBe(false)
    const folder = await account.makeLabel('First name')
    expect(await changed()).toBe(true)
    const stored = microsoft.folder(account.mailbox, folder)
    account.mailbox.putFolder({ ...stored, name: 'Second name', parent: 'archive' })
    expect(await changed()).toBe(true)
    expect((await world.port.labels(account.conn, never)).find(each => each.id === folder)?.name).toBe(
      'Archive/Second name',
    )
    expect(await changed()).toBe(false)
    const inbox = await begin(account, account.folder('inbox'))
    await account.deliver(sampleMail())
    const pages = await pull(account, account.folder('inbox'), inbox)
    expect(pages.some(page => page.labelsChanged)).toBe(false)
  })

  test('a link to another host is not followed, and the token does not go there', async () => {
    const account = await world.newAccount()
    const elsewhere = await proxyFor(world.sandbox.url)
    const here = await proxyFor(world.sandbox.url, ({ path }) =>
      path.includes('/delta')
        ? {
            body: {
              value: [],
              '@odata.nextLink': `${elsewhere.url}v1.0/me/mailFolders/x/messages/delta?$skiptoken=1`,
            },
          }
        : undefined,
    )
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    await expect(port.currentCursor(account.conn, 'x', never)).rejects.toThrow('leads elsewhere')
    expect(elsewhere.seen).toEqual([])
  })

  test('a redirect is not followed either', async () => {
    const account = await world.newAccount()
    const elsewhere = await proxyFor(world.sandbox.url)
    const here = await proxyFor(world.sandbox.url, () => ({
      status: 302,
      headers: { location: `${elsewhere.url}v1.0/me` },
    }))
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    await expect(port.identify(account.conn, never)).rejects.toMatchObject({ kind: 'permanent' })
    expect(elsewhere.seen).toEqual([])
  })

  test.each([
    ['no link at all', () => ({ value: [] })],
    ['the same empty page again and again', (link: string) => ({ value: [], '@odata.nextLink': link })],
  ])('%s ends the pull', async (_what, body) => {
    const account = await world.newAccount()
    const here = await proxyFor(world.sandbox.url, ({ path, headers }) =>
      path.includes('/delta') ? { body: body(`http://${headers.host}${path}`) } : undefined,
    )
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    const cursor = `/me/mailFolders('x')/messages/delta?$deltatoken=1`
    await expect(pull(account, 'x', cursor, port)).rejects.toMatchObject({ kind: 'transient' })
    expect(here.seen.length).toBeLessThan(5)
  })
})
