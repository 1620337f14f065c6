import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { expect, test } from 'vitest'
import { ANNA, failureOf, gmailFor, rfc822, sandboxForTest } from './helpers.ts'

type HistoryParams = Omit<gmail_v1.Params$Resource$Users$History$List, 'userId'>

async function pages(
  gmail: gmail_v1.Gmail,
  params: HistoryParams,
): Promise<gmail_v1.Schema$ListHistoryResponse[]> {
  const all: gmail_v1.Schema$ListHistoryResponse[] = []
  let pageToken: string | undefined
  do {
    const { data } = await gmail.users.history.list({
      userId: 'me',
      ...params,
      ...(pageToken && { pageToken }),
    })
    all.push(data)
    pageToken = data.nextPageToken ?? undefined
  } while (pageToken && all.length < 50)
  return all
}

test('no changes answer the history id alone', async () => {
  const gmail = gmailFor(await sandboxForTest())
  const { historyId = '' } = (await gmail.users.getProfile({ userId: 'me' })).data
  const { data } = await gmail.users.history.list({ userId: 'me', startHistoryId: historyId ?? '' })
  expect(data).toEqual({ historyId })
})

test('every kind of change appears in its own array, and ids are growing decimal strings', async () => {
  const sandbox = await sandboxForTest()
  const gmail = gmailFor(sandbox)
  const start = (await gmail.users.getProfile({ userId: 'me' })).data.historyId ?? ''
  const { id } = sandbox.control.deliver(ANNA, rfc822())
  await gmail.users.messages.modify({
    userId: 'me',
    id,
    requestBody: { addLabelIds: ['STARRED'], removeLabelIds: ['UNREAD'] },
  })
  await gmail.users.messages.trash({ userId: 'me', id })
  await gmail.users.messages.delete({ userId: 'me', id })
  const [page] = await pages(gmail, { startHistoryId: start })
  const history = page?.history ?? []
  expect(history.map(h => BigInt(h.id ?? 0))).toEqual(
    [...history.map(h => BigInt(h.id ?? 0))].sort((a, b) => (a < b ? -1 : 1)),
  )
  const [added, modified, trashed, deleted] = history
  expect(added?.messagesAdded?.[0]?.message).toMatchObject({
    id,
    labelIds: expect.arrayContaining(['INBOX', 'UNREAD']),
  })
  expect(modified?.labelsAdded?.[0]).toMatchObject({ labelIds: ['STARRED'], message: { id } })
  expect(modified?.labelsRemoved?.[0]?.labelIds).toEqual(['UNREAD'])
  // Trashing is a label; only a permanent deletion is messagesDeleted.
  expect(trashed?.labelsAdded?.[0]?.labelIds).toEqual(['TRASH'])
  expect(trashed?.messagesDeleted).toBeUndefined()
  expect(deleted?.messagesDeleted?.[0]?.message?.id).toBe(id)
  expect(typeof page?.historyId).toBe('string')
})

test('pages join without gap or double, whatever happens meanwhile', async () => {
  const sandbox = await sandboxForTest()
  const gmail = gmailFor(sandbox)
  const start = (await gmail.users.getProfile({ userId: 'me' })).data.historyId ?? ''
  const ids = Array.from({ length: 7 }, () => sandbox.control.deliver(ANNA, rfc822()).id)
  const first = (await gmail.users.history.list({ userId: 'me', startHistoryId: start, maxResults: 3 })).data
  const late = sandbox.control.deliver(ANNA, rfc822()).id
  const second = (
    await gmail.users.history.list({
      userId: 'me',
      startHistoryId: start,
      maxResults: 10,
      pageToken: first.nextPageToken ?? '',
    })
  ).data
  const seen = [...(first.history ?? []), ...(second.history ?? [])].map(
    h => h.messagesAdded?.[0]?.message?.id,
  )
  expect(seen).toEqual(ids)
  const third = (await gmail.users.history.list({ userId: 'me', startHistoryId: second.historyId ?? '' }))
    .data
  expect(third.history?.map(h => h.messagesAdded?.[0]?.message?.id)).toEqual([late])
})

test('historyTypes and labelId filter', async () => {
  const sandbox = await sandboxForTest()
  const gmail = gmailFor(sandbox)
  const start = (await gmail.users.getProfile({ userId: 'me' })).data.historyId ?? ''
  const { id } = sandbox.control.deliver(ANNA, rfc822())
  await gmail.users.messages.modify({ userId: 'me', id, requestBody: { removeLabelIds: ['INBOX'] } })
  await gmail.users.messages.modify({ userId: 'me', id, requestBody: { addLabelIds: ['STARRED'] } })
  const [removed] = await pages(gmail, { startHistoryId: start, historyTypes: ['labelRemoved'] })
  expect(removed?.history).toHaveLength(1)
  expect(removed?.history?.[0]?.messagesAdded).toBeUndefined()
  const [inbox] = await pages(gmail, { startHistoryId: start, labelId: 'INBOX' })
  expect(inbox?.history).toHaveLength(2)
})

test('an id that is too old or from the future is 404 notFound', async () => {
  const sandbox = await sandboxForTest()
  const gmail = gmailFor(sandbox)
  const start = (await gmail.users.getProfile({ userId: 'me' })).data.historyId ?? ''
  sandbox.control.deliver(ANNA, rfc822())
  sandbox.control.expireHistory(ANNA)
  for (const startHistoryId of [start, '1', '99999999999']) {
    const failure = await failureOf(gmail.users.history.list({ userId: 'me', startHistoryId }))
    expect(failure).toMatchObject({ status: 404, reason: 'notFound' })
  }
  const fresh = (await gmail.users.getProfile({ userId: 'me' })).data.historyId ?? ''
  expect((await gmail.users.history.list({ userId: 'me', startHistoryId: fresh })).data.historyId).toBe(fresh)
})

test('an empty page with a next token is only a page on the way', async () => {
  const sandbox = await sandboxForTest()
  const gmail = gmailFor(sandbox)
  const start = (await gmail.users.getProfile({ userId: 'me' })).data.historyId ?? ''
  const { id } = sandbox.control.deliver(ANNA, rfc822())
  sandbox.control.addFault({ kind: 'history.empty-page', count: 2 })
  const all = await pages(gmail, { startHistoryId: start })
  expect(all.map(page => page.history?.length ?? 0)).toEqual([0, 0, 1])
  expect(all[2]?.history?.[0]?.messagesAdded?.[0]?.message?.id).toBe(id)
})

test('a change that changes nothing leaves no history', async () => {
  const sandbox = await sandboxForTest()
  const gmail = gmailFor(sandbox)
  const { id, historyId } = sandbox.control.deliver(ANNA, rfc822())
  await gmail.users.messages.modify({
    userId: 'me',
    id,
    requestBody: { addLabelIds: ['INBOX'], removeLabelIds: ['SPAM'] },
  })
  expect((await gmail.users.getProfile({ userId: 'me' })).data.historyId).toBe(historyId)
})
