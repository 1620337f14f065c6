import { describe, expect, test } from 'vitest'
import { ANNA, base64url, failureOf, gmailFor, rfc822, sandboxForTest, tickingClock } from './helpers.ts'

const READONLY = ['https://www.googleapis.com/auth/gmail.readonly']
const METADATA = ['https://www.googleapis.com/auth/gmail.metadata']

const MULTIPART = [
  'From: =?iso-8859-1?Q?J=FCrgen?= <j@example.com>',
  'Subject: =?utf-8?B?R3LDvMOfZQ==?=',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=outer',
  '',
  'preamble',
  '--outer',
  'Content-Type: multipart/alternative; boundary="inner"',
  '',
  '--inner',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'sch=F6n & gut',
  '--inner',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('<p>schön</p>').toString('base64'),
  '--inner--',
  '--outer',
  'Content-Type: application/octet-stream',
  "Content-Disposition: attachment; filename*=utf-8''b%C3%BCro.bin",
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from([0, 1, 2, 255]).toString('base64'),
  '--outer--',
  '',
].join('\r\n')

describe('messages.get', () => {
  test('full is the tree of parts, with text as UTF-8 and files by attachment id', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox, ANNA, READONLY)
    const { id } = sandbox.control.deliver(ANNA, MULTIPART)
    const { data } = await gmail.users.messages.get({ userId: 'me', id })
    expect(data.internalDate).toMatch(/^\d{13}$/)
    expect(data.snippet).toBe('schön &amp; gut')
    const root = data.payload
    const header = (name: string): string | null | undefined =>
      root?.headers?.find(h => h.name === name)?.value
    expect([header('From'), header('Subject')]).toEqual(['Jürgen <j@example.com>', 'Grüße'])
    expect([
      root?.partId,
      root?.parts?.map(p => p.partId),
      root?.parts?.[0]?.parts?.map(p => p.partId),
    ]).toEqual(['', ['0', '1'], ['0.0', '0.1']])
    const [plain, html] = root?.parts?.[0]?.parts ?? []
    expect(Buffer.from(plain?.body?.data ?? '', 'base64url').toString()).toBe('schön & gut')
    expect(plain?.headers?.[0]?.value).toContain('iso-8859-1')
    expect(Buffer.from(html?.body?.data ?? '', 'base64url').toString()).toBe('<p>schön</p>')
    const file = root?.parts?.[1]
    expect(file).toMatchObject({ filename: 'büro.bin', body: { size: 4 } })
    expect(file?.body?.data).toBeUndefined()
  })

  test('attachment ids change between gets, and every one of them works', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox)
    const { id } = sandbox.control.deliver(ANNA, MULTIPART)
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      const { data } = await gmail.users.messages.get({ userId: 'me', id })
      ids.push(data.payload?.parts?.[1]?.body?.attachmentId ?? '')
    }
    expect(ids[0]).not.toBe(ids[1])
    for (const attachment of ids) {
      const { data } = await gmail.users.messages.attachments.get({
        userId: 'me',
        messageId: id,
        id: attachment,
      })
      expect(Buffer.from(data.data ?? '', 'base64url')).toEqual(Buffer.from([0, 1, 2, 255]))
    }
    const other = sandbox.control.deliver(ANNA, rfc822())
    const foreign = gmail.users.messages.attachments.get({
      userId: 'me',
      messageId: other.id,
      id: ids[0] ?? '',
    })
    expect((await failureOf(foreign)).status).toBe(400)
  })

  test('raw is the message byte for byte; minimal has no payload; metadata only the headers asked for', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox)
    const { id } = sandbox.control.deliver(ANNA, MULTIPART)
    const get = async (format: string, metadataHeaders: string[] = []) =>
      (await gmail.users.messages.get({ userId: 'me', id, format, metadataHeaders })).data
    expect(Buffer.from((await get('raw')).raw ?? '', 'base64url').toString()).toBe(MULTIPART)
    const minimal = await get('minimal')
    expect(minimal.payload).toBeUndefined()
    expect(minimal.labelIds).toContain('INBOX')
    const metadata = await get('metadata', ['subject', 'From'])
    expect(metadata.payload?.headers?.map(h => h.name)).toEqual(['From', 'Subject'])
    expect(metadata.payload?.parts).toBeUndefined()
  })

  test('gmail.metadata sees headers, but no bodies and no searching', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox, ANNA, METADATA)
    const { id } = sandbox.control.deliver(ANNA, rfc822())
    expect(
      (await gmail.users.messages.get({ userId: 'me', id, format: 'metadata' })).data.payload?.headers,
    ).toBeDefined()
    for (const call of [
      gmail.users.messages.get({ userId: 'me', id, format: 'full' }),
      gmail.users.messages.get({ userId: 'me', id, format: 'raw' }),
      gmail.users.messages.list({ userId: 'me', q: 'hello' }),
    ]) {
      expect((await failureOf(call)).status).toBe(403)
    }
  })

  test('an unknown id is 404 notFound, another user 403', async () => {
    const gmail = gmailFor(await sandboxForTest())
    expect(await failureOf(gmail.users.messages.get({ userId: 'me', id: '18c0000000000000' }))).toMatchObject(
      { status: 404, reason: 'notFound' },
    )
    expect((await failureOf(gmail.users.getProfile({ userId: 'ben@inlet.test' }))).status).toBe(403)
  })
})

describe('messages.list', () => {
  test('has no messages key when nothing matches', async () => {
    const gmail = gmailFor(await sandboxForTest())
    expect((await gmail.users.messages.list({ userId: 'me' })).data).toEqual({ resultSizeEstimate: 0 })
  })

  test('pages newest first, each message once, while new mail arrives', async () => {
    const sandbox = await sandboxForTest({ accounts: [{ email: ANNA, messages: 120 }] })
    const gmail = gmailFor(sandbox)
    const seen: string[] = []
    let pageToken: string | undefined
    do {
      const { data } = await gmail.users.messages.list({
        userId: 'me',
        maxResults: 25,
        includeSpamTrash: true,
        ...(pageToken && { pageToken }),
      })
      seen.push(...(data.messages ?? []).map(m => m.id ?? ''))
      pageToken = data.nextPageToken ?? undefined
      sandbox.control.deliver(ANNA, rfc822())
    } while (pageToken)
    expect(seen).toHaveLength(120)
    expect(new Set(seen).size).toBe(120)
  })

  test('ANDs labelIds and hides spam and trash unless asked', async () => {
    const sandbox = await sandboxForTest({ clock: tickingClock() })
    const gmail = gmailFor(sandbox)
    const [a, b, c] = [1, 2, 3].map(() => sandbox.control.deliver(ANNA, rfc822()).id)
    const modify = (id = '', addLabelIds: string[] = []) =>
      gmail.users.messages.modify({ userId: 'me', id, requestBody: { addLabelIds } })
    await modify(a, ['STARRED'])
    await modify(b, ['SPAM'])
    const ids = async (params: object) =>
      ((await gmail.users.messages.list({ userId: 'me', ...params })).data.messages ?? []).map(m => m.id)
    expect(await ids({ labelIds: ['INBOX', 'STARRED'] })).toEqual([a])
    expect(await ids({})).toEqual([c, a])
    expect(await ids({ includeSpamTrash: true })).toEqual([c, b, a])
    expect(await ids({ labelIds: ['SPAM'] })).toEqual([b])
    expect(await ids({ q: 'in:spam' })).toEqual([b])
  })

  test('understands the searches programs use', async () => {
    const sandbox = await sandboxForTest({ clock: tickingClock() })
    const gmail = gmailFor(sandbox)
    const a = sandbox.control.deliver(
      ANNA,
      rfc822({ subject: 'Tea time', id: '<tea@example.com>', body: 'cucumber sandwiches' }),
    ).id
    const b = sandbox.control.deliver(ANNA, MULTIPART).id
    const ids = async (q: string) =>
      ((await gmail.users.messages.list({ userId: 'me', q })).data.messages ?? []).map(m => m.id)
    const hour = Math.floor(Date.now() / 1000) - 3600
    for (const [q, expected] of [
      ['rfc822msgid:tea@example.com', [a]],
      ['from:sender@example.com', [a]],
      ['subject:"tea time"', [a]],
      ['cucumber', [a]],
      ['"cucumber sandwiches" is:unread', [a]],
      ['-subject:tea', [b]],
      ['has:attachment', [b]],
      ['filename:bin', [b]],
      ['subject:tea OR has:attachment', [b, a]],
      [`after:${hour} in:inbox`, [b, a]],
      [`before:${hour}`, []],
      ['is:read', []],
    ] as const) {
      expect([q, await ids(q)]).toEqual([q, expected])
    }
  })

  test('a page token of somebody else is a clear 400', async () => {
    const gmail = gmailFor(await sandboxForTest())
    expect((await failureOf(gmail.users.messages.list({ userId: 'me', pageToken: 'nonsense' }))).status).toBe(
      400,
    )
  })
})

describe('threads and labels', () => {
  test('replies join by References and subject, and leave when the subject changes', async () => {
    const sandbox = await sandboxForTest({ clock: tickingClock() })
    const gmail = gmailFor(sandbox)
    const first = sandbox.control.deliver(ANNA, rfc822({ subject: 'Plan', id: '<1@x>' }))
    const reply = sandbox.control.deliver(
      ANNA,
      rfc822({ subject: 'RE: Plan', id: '<2@x>', headers: ['References: <1@x>'] }),
    )
    const other = sandbox.control.deliver(
      ANNA,
      rfc822({ subject: 'Another plan', headers: ['In-Reply-To: <1@x>'] }),
    )
    expect(reply.threadId).toBe(first.threadId)
    expect(other.threadId).not.toBe(first.threadId)
    const thread = (await gmail.users.threads.get({ userId: 'me', id: first.threadId, format: 'minimal' }))
      .data
    expect(thread.messages?.map(m => m.id)).toEqual([first.id, reply.id])
    const list = (await gmail.users.threads.list({ userId: 'me', maxResults: 1 })).data
    expect(list.threads?.[0]?.id).toBe(other.threadId)
    const next = (await gmail.users.threads.list({ userId: 'me', pageToken: list.nextPageToken ?? '' })).data
    expect(next.threads?.map(t => t.id)).toEqual([first.threadId])
    await gmail.users.threads.modify({
      userId: 'me',
      id: first.threadId,
      requestBody: { removeLabelIds: ['UNREAD'] },
    })
    expect((await gmail.users.labels.get({ userId: 'me', id: 'INBOX' })).data).toMatchObject({
      messagesTotal: 3,
      messagesUnread: 1,
      threadsTotal: 2,
      threadsUnread: 1,
    })
    await gmail.users.threads.trash({ userId: 'me', id: first.threadId })
    await gmail.users.threads.untrash({ userId: 'me', id: first.threadId })
    await gmail.users.threads.delete({ userId: 'me', id: first.threadId })
    expect((await failureOf(gmail.users.threads.get({ userId: 'me', id: first.threadId }))).status).toBe(404)
  })

  test('user labels keep their id while the name changes, and deleting one takes it off the messages', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox)
    const created = (
      await gmail.users.labels.create({ userId: 'me', requestBody: { name: 'Projects/Inlet' } })
    ).data
    expect(created).toMatchObject({
      type: 'user',
      name: 'Projects/Inlet',
      id: expect.stringMatching(/^Label_\d+$/),
    })
    const id = created.id ?? ''
    const again = gmail.users.labels.create({ userId: 'me', requestBody: { name: 'projects/inlet' } })
    expect((await failureOf(again)).status).toBe(409)
    const message = sandbox.control.deliver(ANNA, rfc822())
    await gmail.users.messages.modify({ userId: 'me', id: message.id, requestBody: { addLabelIds: [id] } })
    await gmail.users.labels.patch({ userId: 'me', id, requestBody: { name: 'Done' } })
    expect((await gmail.users.labels.get({ userId: 'me', id })).data).toMatchObject({
      name: 'Done',
      messagesTotal: 1,
    })
    await gmail.users.labels.delete({ userId: 'me', id })
    const { data } = await gmail.users.messages.get({ userId: 'me', id: message.id, format: 'minimal' })
    expect(data.labelIds).not.toContain(id)
    const system = (await gmail.users.labels.list({ userId: 'me' })).data.labels
      ?.filter(l => l.type === 'system')
      .map(l => l.id)
    expect(system).toEqual(
      expect.arrayContaining(['INBOX', 'SENT', 'TRASH', 'UNREAD', 'CATEGORY_PROMOTIONS']),
    )
    expect((await failureOf(gmail.users.labels.delete({ userId: 'me', id: 'INBOX' }))).status).toBe(400)
  })
})

test('fields cuts the answer down, and a forgotten nextPageToken is really gone', async () => {
  const sandbox = await sandboxForTest()
  const gmail = gmailFor(sandbox)
  sandbox.control.deliver(ANNA, rfc822())
  sandbox.control.deliver(ANNA, rfc822())
  const { data } = await gmail.users.messages.list({ userId: 'me', maxResults: 1, fields: 'messages(id)' })
  expect(data).toEqual({ messages: [{ id: expect.any(String) }] })
})

test('an insert by base64url keeps labels given and no others', async () => {
  const gmail = gmailFor(await sandboxForTest())
  const { data } = await gmail.users.messages.insert({
    userId: 'me',
    requestBody: { raw: base64url(rfc822()), labelIds: ['STARRED'] },
  })
  expect(data.labelIds).toEqual(['STARRED'])
})
