import type { ChangeNotification } from '@microsoft/microsoft-graph-types'
import { expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox.ts'
import { control, until } from '../helpers.ts'
import {
  arrive,
  graphFor,
  IMMUTABLE,
  letter,
  OLGA,
  outlookForTest,
  PAUL,
  round,
  subjects,
} from './helpers.ts'
import { hookForTest, subscribe } from './hook.ts'

const QUICK = { gatherMs: 0, retryMs: 1 }

function usual(sandbox: Sandbox, immutable: string, email = OLGA): string {
  const mailbox = sandbox.control.microsoft.mailbox(email)
  const item = mailbox.find(immutable)
  return item ? mailbox.wireId(item, false) : ''
}

interface Statistics {
  waiting: number
  posts: number
  refused: number
  dropped: number
  discarded: number
  endpoints: { state: string }[]
}

function statistics(sandbox: Sandbox): Statistics {
  return (sandbox.control.microsoft.state() as { notifications: Statistics }).notifications
}

function kinds(items: readonly ChangeNotification[]): [string | undefined, unknown][] {
  return items.map(item => [item.changeType, (item.resourceData as { id?: string } | undefined)?.id])
}

test('an arrival is told with ids only, in the form the subscription was made with', async () => {
  const sandbox = await outlookForTest({ notifications: QUICK })
  const hook = await hookForTest()
  const { id: plain } = await subscribe(graphFor(sandbox), hook)
  const { id: immutable, expirationDateTime } = await subscribe(
    graphFor(sandbox, { prefer: IMMUTABLE }),
    hook,
    { changeType: 'created', clientState: 'another' },
  )
  const message = arrive(sandbox, 'One')
  await until('both', () => hook.items.length === 2)
  const { userId } = sandbox.control.microsoft.mailbox(OLGA).account
  const [first, second] = [plain, immutable].map(id => hook.items.find(item => item.subscriptionId === id))
  expect(second).toEqual({
    id: expect.any(String),
    subscriptionId: immutable,
    subscriptionExpirationDateTime: expirationDateTime,
    clientState: 'another',
    changeType: 'created',
    resource: `Users/${userId}/Messages/${message}`,
    tenantId: expect.any(String),
    resourceData: {
      '@odata.type': '#Microsoft.Graph.Message',
      '@odata.id': `Users/${userId}/Messages/${message}`,
      '@odata.etag': expect.stringMatching(/^W\/"CQ/),
      id: message,
    },
  })
  expect(first).toMatchObject({ clientState: 'a secret', resourceData: { id: usual(sandbox, message) } })
  expect(hook.posts[0]?.headers['content-type']).toMatch(/^application\/json/)
})

test('changes, moves and deletions, seen from a folder and from the whole mailbox', async () => {
  const sandbox = await outlookForTest({ notifications: QUICK })
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const [inbox, whole, wholeUsual] = await Promise.all([hookForTest(), hookForTest(), hookForTest()])
  await subscribe(client, inbox)
  await subscribe(client, whole, { resource: 'me/messages' })
  await subscribe(graphFor(sandbox), wholeUsual, { resource: '/me/messages', changeType: 'created,deleted' })
  const id = arrive(sandbox, 'One')
  const before = usual(sandbox, id)
  await client.api(`/me/messages/${id}`).patch({ isRead: true })
  await client.api(`/me/messages/${id}/move`).post({ destinationId: 'archive' })
  const after = usual(sandbox, id)
  await client.api(`/me/messages/${id}/permanentDelete`).post({})
  await until(
    'the whole mailbox',
    () => whole.items.length === 4 && wholeUsual.items.length === 4 && inbox.items.length === 3,
  )
  expect(kinds(inbox.items)).toEqual([
    ['created', id],
    ['updated', id],
    ['deleted', id],
  ])
  expect(kinds(whole.items)).toEqual([
    ['created', id],
    ['updated', id],
    ['updated', id],
    ['deleted', id],
  ])
  expect(kinds(wholeUsual.items).sort()).toEqual(
    [
      ['created', before],
      ['created', after],
      ['deleted', before],
      ['deleted', after],
    ].sort(),
  )
})

test('a filter: entering it is created, leaving it deleted', async () => {
  const sandbox = await outlookForTest({ notifications: QUICK })
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const hook = await hookForTest()
  await subscribe(client, hook, { resource: "me/mailFolders('inbox')/messages?$filter=isRead eq false" })
  const id = arrive(sandbox, 'One')
  await client.api(`/me/messages/${id}`).patch({ isRead: true })
  await client.api(`/me/messages/${id}`).patch({ categories: ['Unseen'] })
  await client.api(`/me/messages/${id}`).patch({ isRead: false })
  await until('three', () => hook.items.length === 3)
  expect(kinds(hook.items)).toEqual([
    ['created', id],
    ['deleted', id],
    ['created', id],
  ])
})

test('the whole mailbox rings for drafts and sent mail of its own', async () => {
  const sandbox = await outlookForTest({ notifications: QUICK })
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  await subscribe(client, hook, { resource: 'me/messages', changeType: 'created' })
  await client.api('/me/messages').post(letter(PAUL, 'Draft'))
  await client.api('/me/sendMail').post({ message: letter(PAUL, 'Sent') })
  await until('draft and copy', () => hook.items.length === 2)
})

test('what gathers goes in one post, of several subscriptions and people', async () => {
  const sandbox = await outlookForTest({ notifications: { gatherMs: 200 } })
  const hook = await hookForTest()
  await subscribe(graphFor(sandbox), hook, { clientState: 'olga' })
  await subscribe(graphFor(sandbox, { email: PAUL }), hook, { clientState: 'paul' })
  arrive(sandbox, 'One')
  arrive(sandbox, 'Two', PAUL)
  arrive(sandbox, 'Three')
  await until('the post', () => hook.posts.length > 0)
  expect(hook.posts).toHaveLength(1)
  expect(hook.items.map(item => item.clientState).sort()).toEqual(['olga', 'olga', 'paul'])
})

test('refused posts come again until they are taken; a redirect is a refusal', async () => {
  const sandbox = await outlookForTest({ notifications: QUICK })
  const hook = await hookForTest()
  await subscribe(graphFor(sandbox), hook)
  hook.answers.push(500, 503, 404, 302)
  arrive(sandbox, 'One')
  await until('the fifth attempt', () => hook.posts.length === 5)
  expect(new Set(hook.items.map(item => item.id)).size).toBe(1)
  await until('nothing to wait', () => statistics(sandbox).waiting === 0)
})

test('after four hours nobody tries again', async () => {
  const sandbox = await outlookForTest({ notifications: { gatherMs: 0, retryMs: 60_000 } })
  const hook = await hookForTest()
  await subscribe(graphFor(sandbox), hook)
  hook.answers.push(...Array<number>(50).fill(500))
  arrive(sandbox, 'One')
  await until('the first attempt', () => hook.posts.length === 1)
  await until('the first refusal', () => statistics(sandbox).refused === 1)
  sandbox.control.advanceClock(4 * 3600_000 + 1000)
  await until('the discard', () => statistics(sandbox).discarded === 1)
  expect(hook.posts).toHaveLength(2)
  expect(statistics(sandbox).waiting).toBe(0)
})

test('a receiver that is slow is told ten minutes late', async () => {
  const sandbox = await outlookForTest({ notifications: { ...QUICK, slowMs: 300, minimumAnswers: 1 } })
  const hook = await hookForTest()
  await subscribe(graphFor(sandbox), hook)
  hook.delayMs = 400
  const state = (): string | undefined => statistics(sandbox).endpoints[0]?.state
  arrive(sandbox, 'Slowly')
  await until('the slow state', () => state() === 'slow')
  hook.delayMs = 0
  arrive(sandbox, 'Later')
  sandbox.control.advanceClock(9 * 60_000)
  expect(statistics(sandbox).posts).toBe(1)
  sandbox.control.advanceClock(2 * 60_000)
  expect(state()).toBe('good')
  // The late yes did not count: what it answered comes again, beside what waited.
  const seen = (): number =>
    new Set(hook.posts.slice(1).flatMap(post => post.items.map(item => item.id))).size
  await until('both', () => seen() === 2)
})

test('for a receiver that does not answer everything is dropped for a while, and lost', async () => {
  const sandbox = await outlookForTest({
    notifications: { ...QUICK, slowMs: 300, dropMs: 400, minimumAnswers: 1 },
  })
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  await subscribe(client, hook)
  const { deltaLink } = await round(client, '/me/mailFolders/inbox/messages/delta')
  hook.delayMs = 5000
  arrive(sandbox, 'Unanswered')
  await until('the drop state', () => statistics(sandbox).endpoints[0]?.state === 'drop')
  hook.delayMs = 0
  arrive(sandbox, 'Dropped')
  expect(statistics(sandbox)).toMatchObject({ waiting: 0, dropped: 1 })
  sandbox.control.advanceClock(11 * 60_000)
  const posts = hook.posts.length
  arrive(sandbox, 'Heard')
  await until('the next one', () => hook.posts.length > posts)
  expect(hook.posts[posts]?.items).toHaveLength(1)
  // Only the delta knows about all of them.
  expect(subjects((await round(client, deltaLink)).entries).sort()).toEqual([
    'Dropped',
    'Heard',
    'Unanswered',
  ])
})

test('notifications can be dropped, doubled, delayed and reordered', async () => {
  const sandbox = await outlookForTest({ notifications: QUICK })
  const hook = await hookForTest()
  await subscribe(graphFor(sandbox, { prefer: IMMUTABLE }), hook)
  const ids = (): unknown[] => kinds(hook.items).map(([, id]) => id)
  await control(sandbox, 'faults', { kind: 'push.drop', count: 1, match: { account: OLGA } })
  arrive(sandbox, 'Dropped')
  await control(sandbox, 'faults', { kind: 'push.double', count: 1 })
  const doubled = arrive(sandbox, 'Doubled')
  await until('the double', () => hook.items.length === 2)
  expect(ids()).toEqual([doubled, doubled])
  expect(new Set(hook.items.map(item => item.id)).size).toBe(1)
  await control(sandbox, 'faults', { kind: 'push.delay', ms: 60_000, count: 1 })
  const delayed = arrive(sandbox, 'Delayed')
  await control(sandbox, 'faults', { kind: 'push.reorder', count: 1 })
  const early = arrive(sandbox, 'Overtaken')
  const late = arrive(sandbox, 'Overtaking')
  await until('the overtaking one', () => hook.items.length === 3)
  sandbox.control.advanceClock(5000)
  await until('the overtaken one', () => hook.items.length === 4)
  sandbox.control.advanceClock(60_000)
  await until('the delayed one', () => hook.items.length === 5)
  expect(ids().slice(2)).toEqual([late, early, delayed])
})

test('a bulk move can notify nobody, and a subscription never ring; the delta tells', async () => {
  const sandbox = await outlookForTest({ notifications: QUICK })
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const hook = await hookForTest()
  const ids = [arrive(sandbox, 'One'), arrive(sandbox, 'Two'), arrive(sandbox, 'Three')]
  await subscribe(client, hook)
  const { deltaLink } = await round(client, '/me/mailFolders/inbox/messages/delta')
  expect(
    (
      await control(sandbox, 'microsoft/move', {
        account: OLGA,
        from: 'inbox',
        to: 'archive',
        count: 2,
        silent: true,
      })
    ).body,
  ).toEqual({ moved: 2 })
  await control(sandbox, 'faults', { kind: 'move.silent' })
  await client.api(`/me/messages/${ids[0]}/move`).post({ destinationId: 'junkemail' })
  await control(sandbox, 'faults', { kind: 'watch.silent', count: 1 })
  arrive(sandbox, 'Unrung')
  sandbox.control.microsoft.move({ from: 'inbox', to: 'archive' })
  sandbox.control.clearFaults()
  const loud = arrive(sandbox, 'Rung')
  await until('the ring', () => hook.items.length > 0)
  expect(kinds(hook.items)).toEqual([['created', loud]])
  const { entries } = await round(client, deltaLink)
  expect(entries.filter(entry => entry['@removed'])).toHaveLength(4)
})

test('no notifications after deletion, and none for another folder', async () => {
  const sandbox = await outlookForTest({ notifications: QUICK })
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const [gone, archive] = await Promise.all([hookForTest(), hookForTest()])
  const { id } = await subscribe(client, gone)
  await subscribe(client, archive, { resource: 'me/mailFolders/archive/messages' })
  await client.api(`/subscriptions/${id}`).delete()
  const message = arrive(sandbox, 'One')
  await client.api(`/me/messages/${message}/move`).post({ destinationId: 'archive' })
  await until('the archive to ring', () => archive.items.length === 1)
  expect(kinds(archive.items)).toEqual([['created', message]])
  expect(gone.items).toEqual([])
})
