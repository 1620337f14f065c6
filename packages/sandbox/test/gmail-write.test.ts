import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { ANNA, BEN, base64url, failureOf, gmailFor, rfc822, sandboxForTest } from './helpers.ts'

describe('modify and its relatives', () => {
  test('read, star, archive, spam and back again', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox)
    const { id } = sandbox.control.deliver(ANNA, rfc822())
    const modify = async (addLabelIds: string[], removeLabelIds: string[]) =>
      (await gmail.users.messages.modify({ userId: 'me', id, requestBody: { addLabelIds, removeLabelIds } }))
        .data.labelIds
    expect(await modify(['STARRED'], ['UNREAD', 'INBOX'])).toEqual(['CATEGORY_PERSONAL', 'STARRED'])
    expect(await modify(['INBOX'], [])).toContain('INBOX')
    expect(await modify(['SPAM'], [])).not.toContain('INBOX')
    expect(await modify(['INBOX'], [])).not.toContain('SPAM')
    expect((await gmail.users.messages.trash({ userId: 'me', id })).data.labelIds).not.toContain('INBOX')
    expect((await gmail.users.messages.untrash({ userId: 'me', id })).data.labelIds).not.toContain('TRASH')
  })

  test('SENT, DRAFT and unknown labels are refused', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox)
    const { id } = sandbox.control.deliver(ANNA, rfc822())
    for (const label of ['SENT', 'DRAFT', 'Label_99', 'inbox']) {
      const call = gmail.users.messages.modify({ userId: 'me', id, requestBody: { addLabelIds: [label] } })
      expect((await failureOf(call)).status).toBe(400)
    }
  })

  test('batchModify and batchDelete answer 204, skip unknown ids and stop at a thousand', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox)
    const ids = Array.from({ length: 3 }, () => sandbox.control.deliver(ANNA, rfc822()).id)
    const modified = await gmail.users.messages.batchModify({
      userId: 'me',
      requestBody: { ids: [...ids, '18c0000000000000'], removeLabelIds: ['UNREAD'] },
    })
    expect(modified.status).toBe(204)
    expect((await gmail.users.labels.get({ userId: 'me', id: 'UNREAD' })).data.messagesTotal).toBe(0)
    expect((await gmail.users.messages.batchDelete({ userId: 'me', requestBody: { ids } })).status).toBe(204)
    expect((await gmail.users.getProfile({ userId: 'me' })).data.messagesTotal).toBe(0)
    const tooMany = gmail.users.messages.batchDelete({
      userId: 'me',
      requestBody: { ids: Array(1001).fill('18c0000000000000') },
    })
    expect((await failureOf(tooMany)).status).toBe(400)
  })

  test('deleting for good needs the full scope', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox, ANNA, ['https://www.googleapis.com/auth/gmail.modify'])
    const { id } = sandbox.control.deliver(ANNA, rfc822())
    expect(await failureOf(gmail.users.messages.delete({ userId: 'me', id }))).toMatchObject({
      status: 403,
      reason: 'insufficientPermissions',
    })
  })
})

describe('sending', () => {
  test('files under SENT with a Message-ID of its own, and delivers to accounts here without Bcc', async () => {
    const sandbox = await sandboxForTest()
    const [anna, ben] = [gmailFor(sandbox, ANNA), gmailFor(sandbox, BEN)]
    const raw = `To: Ben <${BEN}>\r\nBcc: ${ANNA}\r\nSubject: Hi\r\nMessage-ID: <mine@client>\r\n\r\nText`
    const sent = (await anna.users.messages.send({ userId: 'me', requestBody: { raw: base64url(raw) } })).data
    expect(sent.labelIds).toEqual(['SENT'])
    const stored = (await anna.users.messages.get({ userId: 'me', id: sent.id ?? '' })).data
    const header = (name: string) => stored.payload?.headers?.find(h => h.name === name)?.value
    expect(header('Message-ID')).toMatch(/@mail\.gmail\.com>$/)
    expect(header('From')).toBe(`Anna Test <${ANNA}>`)
    expect(header('Bcc')).toBeUndefined()
    const [arrived] = (await ben.users.messages.list({ userId: 'me', q: 'subject:Hi' })).data.messages ?? []
    const copy = (await ben.users.messages.get({ userId: 'me', id: arrived?.id ?? '' })).data
    expect(copy.labelIds).toEqual(expect.arrayContaining(['INBOX', 'UNREAD']))
    expect(copy.payload?.headers?.find(h => h.name === 'Message-ID')?.value).toBe(header('Message-ID'))
    const own = (await anna.users.messages.list({ userId: 'me', labelIds: ['INBOX'] })).data.messages
    expect(own?.[0]?.threadId).toBe(sent.threadId)
  })

  test('threads by threadId, and refuses nobody as recipient', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox)
    const { threadId } = sandbox.control.deliver(ANNA, rfc822({ subject: 'Plan' }))
    const raw = base64url('To: x@example.com\r\nSubject: Re: Plan\r\n\r\nyes')
    expect(
      (await gmail.users.messages.send({ userId: 'me', requestBody: { raw, threadId } })).data.threadId,
    ).toBe(threadId)
    const nobody = gmail.users.messages.send({
      userId: 'me',
      requestBody: { raw: base64url('Subject: x\r\n\r\ny') },
    })
    expect((await failureOf(nobody)).status).toBe(400)
  })

  test('takes media uploads for insert, import and send', async () => {
    const sandbox = await sandboxForTest()
    const { messages } = gmailFor(sandbox).users
    // The client library takes the upload address from the call's own options, not from its constructor's.
    const options = { rootUrl: `${sandbox.url}/` }
    const raw = rfc822({ subject: 'Uploaded', headers: ['Date: Tue, 03 Mar 2020 10:00:00 +0000'] })
    const media = () => ({ mimeType: 'message/rfc822', body: Readable.from([raw]) })
    const labelled = { userId: 'me', requestBody: { labelIds: ['INBOX'] }, media: media() }
    const inserted = (await messages.insert(labelled, options)).data
    expect(inserted.labelIds).toEqual(['INBOX'])
    const back = (await messages.get({ userId: 'me', id: inserted.id ?? '', format: 'raw' })).data
    expect(Buffer.from(back.raw ?? '', 'base64url').toString()).toBe(raw)
    const imported = (await messages.import({ userId: 'me', media: media() }, options)).data
    const full = (await messages.get({ userId: 'me', id: imported.id ?? '', format: 'minimal' })).data
    expect(Number(full.internalDate)).toBe(Date.UTC(2020, 2, 3, 10))
    expect((await messages.send({ userId: 'me', media: media() }, options)).data.labelIds).toEqual(['SENT'])
  })
})

test('a draft keeps its id through updates while its message gets a new one, and sending ends it', async () => {
  const sandbox = await sandboxForTest()
  const gmail = gmailFor(sandbox)
  const body = (text: string) => ({ message: { raw: base64url(`To: ${BEN}\r\nSubject: D\r\n\r\n${text}`) } })
  const created = (await gmail.users.drafts.create({ userId: 'me', requestBody: body('one') })).data
  const id = created.id ?? ''
  expect(created.message?.labelIds).toEqual(['DRAFT'])
  const updated = (await gmail.users.drafts.update({ userId: 'me', id, requestBody: body('two') })).data
  expect(updated.id).toBe(id)
  expect(updated.message?.id).not.toBe(created.message?.id)
  expect(updated.message?.threadId).toBe(created.message?.threadId)
  expect((await gmail.users.drafts.list({ userId: 'me' })).data.drafts?.map(d => d.id)).toEqual([id])
  const read = (await gmail.users.drafts.get({ userId: 'me', id })).data
  expect(Buffer.from(read.message?.payload?.body?.data ?? '', 'base64url').toString()).toBe('two')
  const sent = (await gmail.users.drafts.send({ userId: 'me', requestBody: { id } })).data
  expect(sent.id).not.toBe(updated.message?.id)
  expect(sent.labelIds).toEqual(['SENT'])
  expect((await failureOf(gmail.users.drafts.get({ userId: 'me', id }))).status).toBe(404)
  expect((await gmailFor(sandbox, BEN).users.messages.list({ userId: 'me' })).data.messages).toHaveLength(1)
  const second = (await gmail.users.drafts.create({ userId: 'me', requestBody: body('three') })).data
  expect((await gmail.users.drafts.delete({ userId: 'me', id: second.id ?? '' })).status).toBe(204)
})

describe('the batch endpoint', () => {
  async function batch(
    url: string,
    token: string,
    calls: string[],
  ): Promise<{ status: number; parts: string[] }> {
    const body = calls
      .map(
        (call, i) => `--b\r\nContent-Type: application/http\r\nContent-ID: <item${i}>\r\n\r\n${call}\r\n\r\n`,
      )
      .join('')
    const response = await fetch(`${url}/batch/gmail/v1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/mixed; boundary=b' },
      body: `${body}--b--`,
    })
    const boundary = /boundary=(\S+)/.exec(response.headers.get('content-type') ?? '')?.[1] ?? 'none'
    return { status: response.status, parts: (await response.text()).split(`--${boundary}`).slice(1, -1) }
  }

  test('answers each call under its content id, failures among them', async () => {
    const sandbox = await sandboxForTest()
    const { access_token } = sandbox.control.token(ANNA)
    const ids = Array.from({ length: 3 }, () => sandbox.control.deliver(ANNA, rfc822()).id)
    sandbox.control.addFault({
      kind: 'status',
      status: 429,
      retryAfter: 7,
      match: { path: `/gmail/v1/users/*/messages/${ids[1]}` },
    })
    const { parts } = await batch(
      sandbox.url,
      access_token,
      [...ids, '18c0000000000000'].map(id => `GET /gmail/v1/users/me/messages/${id}?format=minimal`),
    )
    expect(parts.map(part => /HTTP\/1\.1 (\d+)/.exec(part)?.[1])).toEqual(['200', '429', '200', '404'])
    expect(parts.map(part => /Content-ID: <(.+)>/.exec(part)?.[1])).toEqual(
      [0, 1, 2, 3].map(i => `response-item${i}`),
    )
    expect(parts[2]).toContain(`"id":"${ids[2]}"`)
  })

  test('takes inner bodies, charges every call, and refuses more than a hundred', async () => {
    const sandbox = await sandboxForTest({ quota: { mode: '2026', unitsPerMinute: 45, form: '403' } })
    const { access_token } = sandbox.control.token(ANNA)
    const { id } = sandbox.control.deliver(ANNA, rfc822())
    const change = JSON.stringify({ removeLabelIds: ['UNREAD'] })
    const modify = `POST /gmail/v1/users/me/messages/${id}/modify HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${change.length}\r\n\r\n${change}`
    const get = `GET /gmail/v1/users/me/messages/${id}`
    const { parts } = await batch(sandbox.url, access_token, [modify, get, get, get])
    expect(parts.map(part => /HTTP\/1\.1 (\d+)/.exec(part)?.[1])).toEqual(['200', '200', '200', '403'])
    expect(parts[0]).not.toContain('UNREAD')
    expect((await batch(sandbox.url, access_token, Array(101).fill(get))).status).toBe(400)
  })
})
