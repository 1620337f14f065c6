import { sampleMail } from '@inlet/testkit/contract/provider-sample'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraph } from '../src/graph.ts'
import { proxyFor } from './graph-proxy.ts'
import { type GraphWorld, graphConfig, graphWorld, type OutlookAccount } from './graph-world.ts'

const never = new AbortController().signal

describe('listing Outlook', () => {
  let world: GraphWorld
  beforeAll(async () => {
    world = await graphWorld()
  })
  afterAll(() => world.close())

  const walk = async (
    account: OutlookAccount,
    between: (page: number) => Promise<void> = async () => {},
  ): Promise<string[]> => {
    const ids: string[] = []
    let position: string | null = null
    for (let page = 0; page < 50; page++) {
      const listed = await world.port.list(account.conn, account.ids.inbox, 'all', position, never)
      ids.push(...listed.items.map(each => each.id))
      position = listed.next
      if (position === null) return ids
      await between(page)
    }
    throw new Error('The listing does not end.')
  }
  /** Mail whose times of arrival are `seconds` apart. */
  const fill = async (account: OutlookAccount, count: number, seconds: number) => {
    const ids: string[] = []
    const start = Date.UTC(2026, 9, 1)
    for (let i = 0; i < count; i++) {
      const id = await account.deliver(sampleMail())
      account.mailbox.update(account.item(id), { date: start + i * seconds * 1_000 + 400 })
      ids.push(id)
    }
    return ids
  }

  test('nobody is left out or told twice while mail goes and comes', async () => {
    const account = await world.newAccount()
    const ids = await fill(account, 130, 60)
    const listed = await walk(account, async page => {
      // The newest ones, which were told already: Graph's own pages would shift by as many.
      for (const id of ids.slice(-10 - page * 10).slice(0, 10)) await account.delete(id)
      await account.deliver(sampleMail())
    })
    expect(new Set(listed).size).toBe(listed.length)
    for (const id of ids.slice(0, 80)) expect(listed).toContain(id)
  })

  test('many messages of one second are walked like any others', async () => {
    const account = await world.newAccount()
    const ids = await fill(account, 120, 0)
    expect((await walk(account)).sort()).toEqual(ids.sort())
  })

  test.each([
    ['cannot be read', { status: 200 }],
    ['breaks Outlook', { status: 500, body: { error: { code: 'ErrorInternalServerError' } } }],
  ])('a page that %s tells the ids alone, and the walk goes on', async (_how, answer) => {
    const account = await world.newAccount()
    const ids = await fill(account, 60, 60)
    const here = await proxyFor(world.sandbox.url, ({ path }) =>
      path.includes('bodyPreview') ? answer : undefined,
    )
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    const first = await port.list(account.conn, account.ids.inbox, 'all', null, never)
    const second = await port.list(account.conn, account.ids.inbox, 'all', first.next, never)
    const items = [...first.items, ...second.items]
    expect(items.map(each => each.id).sort()).toEqual(ids.sort())
    expect(items.every(each => each.message === null)).toBe(true)
    expect(second.next).toBeNull()
  })

  test('the list of folders holds no messages', async () => {
    const account = await world.newAccount()
    expect(await world.port.listings(account.conn, 'folders', never)).toEqual([])
    expect(await world.port.counts(account.conn, 'folders', never)).toEqual({ messages: 0, unread: 0 })
    await expect(world.port.list(account.conn, 'folders', 'all', null, never)).rejects.toMatchObject({
      kind: 'permanent',
    })
  })

  test('folders are labels with the names around them; those of the machinery are hidden', async () => {
    const account = await world.newAccount(60)
    const labels = await world.port.labels(account.conn, never)
    const named = Object.fromEntries(labels.map(({ name, role, hidden }) => [name, { role, hidden }]))
    expect(named).toMatchObject({
      Inbox: { role: 'inbox', hidden: false },
      'Sent Items': { role: 'sent', hidden: false },
      Drafts: { role: 'drafts', hidden: false },
      'Deleted Items': { role: 'trash', hidden: false },
      'Junk Email': { role: 'spam', hidden: false },
      Archive: { role: 'archive', hidden: false },
      Outbox: { role: null, hidden: true },
      'Conversation History': { role: null, hidden: true },
      Starred: { role: 'starred', hidden: false },
    })
    expect(Object.keys(named)).not.toContain('Deletions')
    expect(Object.keys(named)).not.toContain('Top of Information Store')
    expect(Object.keys(named).some(name => name.startsWith('Lists/'))).toBe(true)
    const resources = await world.port.resources(account.conn, never)
    expect(resources[0]).toEqual({ key: account.ids.inbox, name: 'Inbox', watched: true })
    expect(resources.find(each => each.name === 'Outbox')?.watched).toBe(false)
    expect(resources.at(-1)).toEqual({ key: 'folders', name: 'Folders', watched: false })
    const { messages } = await world.port.counts(account.conn, null, never)
    expect(messages).toBe([...account.mailbox.all()].length)
  })

  test('which folder is which is asked once, and again when there is one that nobody had seen', async () => {
    const account = await world.newAccount()
    let asked = 0
    const here = await proxyFor(world.sandbox.url, ({ path, body }) => {
      if (path !== '/v1.0/$batch') return undefined
      asked += 1
      if (asked > 1) return undefined
      // The first time there is no archive yet.
      const requests = JSON.parse(body).requests as { id: string; url: string }[]
      const responses = requests.map(({ id, url }) => {
        const name = /mailFolders\/(\w+)/.exec(url)?.[1] ?? ''
        return name === 'inbox' || name === 'msgfolderroot'
          ? { id, status: 200, body: { id: account.folder(name) } }
          : { id, status: 404, body: { error: { code: 'ErrorFolderNotFound' } } }
      })
      return { body: { responses } }
    })
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    const archive = async () =>
      (await port.labels(account.conn, never)).find(each => each.name === 'Archive')?.role
    expect(await archive()).toBeNull()
    expect(await archive()).toBeNull()
    expect(asked).toBe(1)
    await account.makeLabel('Any new one')
    expect(await archive()).toBe('archive')
    expect(asked).toBe(2)
  })

  test('only the hundred most important folders have a doorbell', async () => {
    const account = await world.newAccount()
    for (let i = 0; i < 120; i++) await account.makeLabel(`Folder ${i}`)
    const resources = await world.port.resources(account.conn, never)
    expect(resources.filter(each => each.watched)).toHaveLength(100)
    expect(resources.slice(0, 4).map(each => each.name)).toEqual(['Inbox', 'Sent Items', 'Drafts', 'Archive'])
  })
})
