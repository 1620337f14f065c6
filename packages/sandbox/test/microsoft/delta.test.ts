import type { MailFolder, Message } from '@microsoft/microsoft-graph-types'
import { expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox.ts'
import { control, rfc822 } from '../helpers.ts'
import {
  arrive,
  failureOf,
  folderId,
  graphFor,
  IMMUTABLE,
  messages,
  OLGA,
  outlookForTest,
  type Page,
  page,
  pathOf,
  round,
  subjects,
} from './helpers.ts'

const INBOX = '/me/mailFolders/inbox/messages/delta'
const SMALL = `odata.maxpagesize=2, ${IMMUTABLE}`

function removed(entries: Page<Message>['value']): string[] {
  return entries.flatMap(entry => (entry['@removed'] ? [entry.id ?? ''] : []))
}

async function withMail(count: number): Promise<{ sandbox: Sandbox; ids: string[] }> {
  const sandbox = await outlookForTest()
  return { sandbox, ids: Array.from({ length: count }, (_, i) => arrive(sandbox, `Message ${i + 1}`)) }
}

test('a first round shows everything in pages, each with one link only, and keeps its options', async () => {
  const { sandbox, ids } = await withMail(5)
  const client = graphFor(sandbox)
  const first = await page(client, `${INBOX}?$select=subject,isRead`, SMALL)
  expect(first.value).toHaveLength(2)
  expect(first).not.toHaveProperty('@odata.deltaLink')
  expect(first['@odata.nextLink']).toMatch(/mailFolders\('.*'\)\/messages\/delta\?\$skiptoken=/)
  const rest = await round(client, first['@odata.nextLink'] ?? '', SMALL)
  const all = [...first.value, ...rest.entries]
  expect(all.map(entry => entry.id).sort()).toEqual([...ids].sort())
  for (const entry of all) {
    expect(Object.keys(entry).sort()).toEqual(['@odata.etag', '@odata.type', 'id', 'isRead', 'subject'])
  }
  // The page size is asked for on every call; without it ten are answered.
  const whole = await round(client, INBOX)
  expect(whole.pages).toBe(1)
  expect(rest.deltaLink).toContain('$deltatoken=')
  const nothing = await round(client, rest.deltaLink, SMALL)
  expect(nothing.entries).toEqual([])
  arrive(sandbox, 'Later')
  const later = await round(client, nothing.deltaLink, SMALL)
  expect(Object.keys(later.entries[0] ?? {}).sort()).toEqual([
    '@odata.etag',
    '@odata.type',
    'id',
    'isRead',
    'subject',
  ])
})

test('later rounds show arrivals, changes and removals in their latest state', async () => {
  const { sandbox, ids } = await withMail(3)
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const { deltaLink } = await round(client, INBOX)
  const [one = '', two = '', three = ''] = ids
  await client.api(`/me/messages/${one}`).patch({ isRead: true })
  await client.api(`/me/messages/${one}`).patch({ flag: { flagStatus: 'flagged' } })
  await client.api(`/me/messages/${two}/move`).post({ destinationId: 'archive' })
  await client.api(`/me/messages/${three}`).delete()
  const four = arrive(sandbox, 'Message 4')
  const { entries, deltaLink: next } = await round(client, deltaLink)
  expect(removed(entries).sort()).toEqual([two, three].sort())
  // Moved or deleted looks the same: only asking for the message by its id tells.
  expect(
    entries.filter(entry => entry['@removed']).every(entry => entry['@removed']?.reason === 'deleted'),
  ).toBe(true)
  expect(((await client.api(`/me/messages/${two}`).get()) as Message).parentFolderId).toBe(
    await folderId(client, 'archive'),
  )
  const shown = entries.filter(entry => !entry['@removed'])
  expect(shown.map(entry => entry.id).sort()).toEqual([one, four].sort())
  expect(shown.find(entry => entry.id === one)).toMatchObject({
    isRead: true,
    flag: { flagStatus: 'flagged' },
  })
  expect((await round(client, next)).entries).toEqual([])
})

test('a message that changes during the first round comes again, and so does the same link', async () => {
  const { sandbox, ids } = await withMail(5)
  const client = graphFor(sandbox, { prefer: SMALL })
  const first = await page(client, INBOX)
  const early = first.value[0]?.id ?? ''
  await client.api(`/me/messages/${early}`).patch({ isRead: true })
  const late = arrive(sandbox, 'During')
  const { entries, deltaLink } = await round(client, first['@odata.nextLink'] ?? '')
  const second = await round(client, deltaLink)
  const everything = [...first.value, ...entries, ...second.entries]
  expect(new Set(everything.map(entry => entry.id))).toEqual(new Set([...ids, late]))
  expect(everything.filter(entry => entry.id === early).length).toBeGreaterThan(1)
  expect(everything.findLast(entry => entry.id === early)).toMatchObject({ isRead: true })
  expect((await round(client, deltaLink)).entries.map(entry => entry.id)).toEqual(
    second.entries.map(entry => entry.id),
  )
})

test('changes more than a page fill several, and the same id may repeat among them', async () => {
  const { sandbox, ids } = await withMail(3)
  const client = graphFor(sandbox, { prefer: SMALL })
  const { deltaLink } = await round(client, INBOX)
  for (const id of [...ids, ids[0]])
    await client.api(`/me/messages/${id}`).patch({ categories: [`c${Math.random()}`] })
  const { entries, pages } = await round(client, deltaLink)
  expect(pages).toBe(2)
  expect(entries.map(entry => entry.id)).toEqual([...ids, ids[0]])
})

test('ids in a delta: usual ones change with every move, immutable ones do not, and one link serves both', async () => {
  const { sandbox, ids } = await withMail(1)
  const client = graphFor(sandbox)
  const usual = await round(client, INBOX)
  const usualId = usual.entries[0]?.id ?? ''
  expect(usualId).not.toBe(ids[0])
  const { deltaLink } = usual
  await client.api(`/me/messages/${ids[0]}/move`).post({ destinationId: 'archive' })
  expect(removed((await round(client, deltaLink)).entries)).toEqual([usualId])
  expect(removed((await round(client, deltaLink, IMMUTABLE)).entries)).toEqual(ids)
  await client.api(`/me/messages/${ids[0]}/move`).post({ destinationId: 'inbox' })
  const back = await round(client, deltaLink)
  // There and back: the old id is gone for good, a new one has come.
  expect(removed(back.entries)).toEqual([usualId])
  expect(back.entries.filter(entry => !entry['@removed']).map(entry => entry.id)).not.toContain(usualId)
  const immutable = await round(client, deltaLink, IMMUTABLE)
  expect(removed(immutable.entries)).toEqual([])
  expect(immutable.entries.map(entry => entry.id)).toEqual(ids)
})

test('only the last generations of links live: an old nextLink is answered 410 with a place to begin again', async () => {
  const { sandbox } = await withMail(9)
  const client = graphFor(sandbox, { prefer: SMALL })
  const links: string[] = []
  let next: string | undefined = INBOX
  while (next !== undefined) {
    const answer: Page<Message> = await page(client, next)
    next = answer['@odata.nextLink']
    if (next !== undefined) links.push(next)
  }
  expect(links).toHaveLength(4)
  const [oldest = ''] = links
  const failure = await failureOf(page(client, oldest))
  expect(failure).toMatchObject({ status: 410, code: expect.stringMatching(/^syncStateNotFound$/i) })
  expect(failure.message).toMatch(/generation=1;\[highest=5\]/)
  expect(failure.location).toMatch(/messages\/delta\?\$deltatoken=$/)
  expect((await page(client, links.at(-1) ?? '')).value).not.toEqual([])
  expect((await round(client, pathOf(failure.location ?? ''))).entries).toHaveLength(9)
})

test('by demand every link dies, of one folder or of all', async () => {
  const { sandbox } = await withMail(2)
  const client = graphFor(sandbox)
  const inbox = await round(client, INBOX)
  const archive = await round(client, '/me/mailFolders/archive/messages/delta')
  expect((await control(sandbox, 'microsoft/expire-delta', { account: OLGA, folder: 'inbox' })).body).toEqual(
    { deltas: 1 },
  )
  expect(await failureOf(page(client, inbox.deltaLink))).toMatchObject({
    status: 410,
    code: 'syncStateNotFound',
  })
  expect((await page(client, archive.deltaLink)).value).toEqual([])
  sandbox.control.microsoft.expireDelta(OLGA)
  expect(await failureOf(page(client, archive.deltaLink))).toMatchObject({ status: 410 })
})

test('a link belongs to its folder and mailbox, and must be one', async () => {
  const { sandbox } = await withMail(1)
  const client = graphFor(sandbox)
  const { deltaLink } = await round(client, INBOX)
  const token = deltaLink.split('=')[1] ?? ''
  for (const path of [
    `/me/mailFolders/archive/messages/delta?$deltatoken=${token}`,
    `${INBOX}?$deltatoken=nonsense`,
  ]) {
    expect(await failureOf(client.api(path).get())).toMatchObject({ status: 400 })
  }
  // There is no "from now on": this is a full round.
  expect((await round(client, `${INBOX}?$deltatoken=latest`)).entries).toHaveLength(1)
})

test('$filter takes receivedDateTime only, ends at 5,000, and lets read marks and removals through', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const box = sandbox.control.microsoft.mailbox(OLGA)
  const day = 86_400_000
  const old = box.add({
    raw: Buffer.from(rfc822({ subject: 'Old' })),
    folder: 'inbox',
    date: Date.now() - 9 * day,
  })
  const older = box.add({
    raw: Buffer.from(rfc822({ subject: 'Older' })),
    folder: 'inbox',
    date: Date.now() - 10 * day,
  })
  arrive(sandbox, 'New')
  const since = new Date(Date.now() - 2 * day).toISOString()
  const { entries, deltaLink } = await round(client, `${INBOX}?$filter=receivedDateTime ge ${since}`)
  expect(subjects(entries)).toEqual(['New'])
  await client.api(`/me/messages/${box.wireId(old, true)}`).patch({ categories: ['Quiet'] })
  expect((await round(client, deltaLink)).entries).toEqual([])
  await client.api(`/me/messages/${box.wireId(old, true)}`).patch({ isRead: true })
  await client.api(`/me/messages/${box.wireId(older, true)}`).delete()
  const later = await round(client, deltaLink)
  expect(later.entries.map(entry => entry.id).sort()).toEqual(
    [box.wireId(old, true), box.wireId(older, true)].sort(),
  )
  for (const bad of ['$filter=isRead eq false', '$orderby=subject', '$search="x"', 'changeType=other']) {
    expect(await failureOf(client.api(`${INBOX}?${bad}`).get())).toMatchObject({ status: 400 })
  }
})

test('5,000 is the end of a filtered first round', async () => {
  const sandbox = await outlookForTest()
  sandbox.control.generate(OLGA, { count: 5000, seed: 1 })
  sandbox.control.generate(OLGA, { count: 10, seed: 2 })
  const client = graphFor(sandbox)
  const filter = `$filter=receivedDateTime ge ${new Date(Date.now() - 1e9).toISOString()}`
  const capped = await round(client, `${INBOX}?$select=id&${filter}`, 'odata.maxpagesize=900')
  expect(capped.entries).toHaveLength(5000)
  const whole = await round(client, `${INBOX}?$select=id`, 'odata.maxpagesize=900')
  expect(whole.entries).toHaveLength(5010)
})

test('$orderby gives the newest first; changeType filters later rounds only', async () => {
  const { sandbox, ids } = await withMail(3)
  const client = graphFor(sandbox, { prefer: SMALL })
  const ordered = await round(client, `${INBOX}?$orderby=receivedDateTime desc`)
  const times = ordered.entries.map(entry => entry.receivedDateTime ?? '')
  expect(times).toEqual([...times].sort().reverse())
  const { entries, deltaLink } = await round(client, `${INBOX}?changeType=created`)
  expect(entries).toHaveLength(3)
  await client.api(`/me/messages/${ids[0]}`).patch({ categories: ['Quiet'] })
  const four = arrive(sandbox, 'Four')
  expect((await round(client, deltaLink)).entries.map(entry => entry.id)).toEqual([four])
})

test('mailFolders/delta shows nested folders, new ones, renames, moves and removals', async () => {
  const sandbox = await outlookForTest({ accounts: [{ email: OLGA, messages: 60 }] })
  const client = graphFor(sandbox)
  const first = await round<MailFolder>(client, '/me/mailFolders/delta', 'odata.maxpagesize=5')
  const lists = first.entries.find(entry => entry.displayName === 'Lists')
  expect(first.entries.some(entry => entry.parentFolderId === lists?.id)).toBe(true)
  expect(first.pages).toBeGreaterThan(2)
  const made = (await client
    .api(`/me/mailFolders/${lists?.id}/childFolders`)
    .post({ displayName: 'New' })) as MailFolder
  const second = await round<MailFolder>(client, first.deltaLink)
  expect(second.entries).toMatchObject([{ id: made.id, displayName: 'New', parentFolderId: lists?.id }])
  await client.api(`/me/mailFolders/${made.id}`).patch({ displayName: 'Newer' })
  await client.api(`/me/mailFolders/${made.id}/move`).post({ destinationId: 'inbox' })
  const third = await round<MailFolder>(client, second.deltaLink)
  expect(third.entries).toMatchObject([
    { id: made.id, displayName: 'Newer', parentFolderId: await folderId(client, 'inbox') },
  ])
  await client.api(`/me/mailFolders/${made.id}`).delete()
  await client.api(`/me/mailFolders/${made.id}`).delete()
  const fourth = await round<MailFolder>(client, third.deltaLink)
  expect(fourth.entries).toMatchObject([{ id: made.id, '@removed': { reason: 'deleted' } }])
  // Mail alone does not make a folder change.
  arrive(sandbox, 'One')
  expect((await round<MailFolder>(client, fourth.deltaLink)).entries).toEqual([])
})

test('following every folder finds every message of the mailbox', async () => {
  const sandbox = await outlookForTest({ accounts: [{ email: OLGA, messages: 400 }] })
  const client = graphFor(sandbox, { prefer: `odata.maxpagesize=100, ${IMMUTABLE}` })
  const folders = await round<MailFolder>(client, '/me/mailFolders/delta')
  const found = new Set<string>()
  for (const { id } of folders.entries) {
    for (const entry of (await round(client, `/me/mailFolders/${id}/messages/delta?$select=id`)).entries)
      found.add(entry.id ?? '')
  }
  const listed = await messages(client, '/me/messages?$top=1000&$select=id')
  expect([...found].sort()).toEqual(listed.map(message => message.id ?? '').sort())
  expect(found.size).toBe(400)
})
