import { sampleMail } from '@inlet/testkit/contract/provider-sample'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { mailProviders } from '../src/registry.ts'
import { type GraphWorld, graphWorld, type OutlookAccount } from './graph-world.ts'

const never = new AbortController().signal

describe('changing Outlook', () => {
  let world: GraphWorld
  beforeAll(async () => {
    world = await graphWorld()
  })
  afterEach(() => world.calm())
  afterAll(() => world.close())

  const place = (account: OutlookAccount, id: string) => account.item(id).folder

  test('archiving takes out of the inbox, and leaves alone what was filed elsewhere', async () => {
    const account = await world.newAccount()
    const filed = await account.makeLabel('Filed')
    const [here, elsewhere] = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
    await account.relabel(elsewhere, { add: [filed] })
    const before = place(account, elsewhere)
    for (let time = 0; time < 2; time++) {
      await world.port.mutate(account.conn, { type: 'archive', messageIds: [here, elsewhere] }, never)
      expect([place(account, here), place(account, elsewhere)]).toEqual(['archive', before])
    }
  })

  test('what comes out of the trash goes where it belongs, and only from there', async () => {
    const account = await world.newAccount()
    const { mailbox, conn } = account
    const [received, kept] = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
    const own = await account.deliver(
      sampleMail().replace('"Ada Lovelace" <ada@example.test>', `Me <${conn.email.toUpperCase()}>`),
    )
    const draft = await account.deliver(sampleMail())
    mailbox.update(account.item(draft), { draft: true })
    await account.relabel(kept, { add: [account.folder('archive')] })
    const trashed = [received, own, draft]
    await world.port.mutate(conn, { type: 'trash', messageIds: trashed }, never)
    expect(trashed.map(id => place(account, id))).toEqual(['deleteditems', 'deleteditems', 'deleteditems'])
    for (let time = 0; time < 2; time++) {
      await world.port.mutate(conn, { type: 'untrash', messageIds: [...trashed, kept] }, never)
      expect([...trashed, kept].map(id => place(account, id))).toEqual([
        'inbox',
        'sentitems',
        'drafts',
        'archive',
      ])
    }
  })

  test('a label taken away moves only what is in it: out of spam home, out of a folder to the archive', async () => {
    const account = await world.newAccount()
    const filed = await account.makeLabel('Filed')
    const spam = await account.deliver(sampleMail(), { spam: true })
    const [inFolder, inInbox] = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
    await account.relabel(inFolder, { add: [filed] })
    const remove = (label: string) =>
      world.port.mutate(
        account.conn,
        { type: 'labels', messageIds: [spam, inFolder, inInbox], add: [], remove: [label] },
        never,
      )
    await remove(account.folder('junkemail'))
    await remove(filed)
    await remove(filed)
    expect([spam, inFolder, inInbox].map(id => place(account, id))).toEqual(['inbox', 'archive', 'inbox'])
  })

  test('a star is a label too', async () => {
    const account = await world.newAccount()
    const id = await account.deliver(sampleMail())
    const star = (add: string[], remove: string[]) =>
      world.port.mutate(account.conn, { type: 'labels', messageIds: [id], add, remove }, never)
    await star(['STARRED'], [])
    expect(account.item(id)).toMatchObject({ flag: 'flagged', folder: 'inbox' })
    await star([], ['STARRED'])
    expect(account.item(id)).toMatchObject({ flag: 'notFlagged', folder: 'inbox' })
  })

  test('into a folder that was deleted meanwhile is refused for good, and not for want of the message', async () => {
    const account = await world.newAccount()
    const id = await account.deliver(sampleMail())
    const folder = await account.makeLabel('Short-lived')
    account.mailbox.deleteFolder(world.sandbox.control.microsoft.folder(account.mailbox, folder))
    const move = (messageIds: string[], to: string) =>
      world.port.mutate(account.conn, { type: 'labels', messageIds, add: [to], remove: [] }, never)
    await expect(move([id], folder)).rejects.toMatchObject({ kind: 'permanent' })
    await account.delete(id)
    await expect(move([id], account.folder('archive'))).rejects.toMatchObject({ kind: 'not_found' })
  })

  test('a mailbox without an archive says so, and not that the message is gone', async () => {
    const account = await world.newAccount()
    const id = await account.deliver(sampleMail())
    for (const path of [`/v1.0/me/messages/${id}/move`, '/v1.0/me/mailFolders/archive'])
      world.sandbox.control.addFault({ kind: 'status', match: { path }, status: 404 })
    await expect(
      world.port.mutate(account.conn, { type: 'archive', messageIds: [id] }, never),
    ).rejects.toMatchObject({ kind: 'permanent' })
  })

  test('what fails for the moment is repeated, what is refused as too fast waits', async () => {
    const account = await world.newAccount()
    const ids = await Promise.all(Array.from({ length: 25 }, () => account.deliver(sampleMail())))
    const path = '/v1.0/me/messages/*'
    world.sandbox.control.addFault({ kind: 'status', match: { path }, status: 503, count: 3 })
    await world.port.mutate(account.conn, { type: 'star', messageIds: ids, starred: true }, never)
    expect(ids.every(id => account.item(id).flag === 'flagged')).toBe(true)
    world.sandbox.control.addFault({ kind: 'status', match: { path }, status: 429, retryAfter: 300 })
    const before = Date.now()
    const error = await world.port
      .mutate(account.conn, { type: 'star', messageIds: ids, starred: false }, never)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ kind: 'rate_limited' })
    expect((error as { retryAt: number }).retryAt).toBeGreaterThanOrEqual(before + 300_000)
  })

  test('the registry offers it to the engine', () => {
    const graph = mailProviders({ graph: world.port }).get('graph')
    expect(graph?.port).toBe(world.port)
    expect(graph?.token({ data: { accessToken: 't', expiresAt: 5 } })).toEqual({
      accessToken: 't',
      expiresAt: 5,
    })
  })
})
