import { ResponseType } from '@microsoft/microsoft-graph-client'
import type { FileAttachment, MailFolder, Message, User } from '@microsoft/microsoft-graph-types'
import { expect, test } from 'vitest'
import { rfc822 } from '../helpers.ts'
import {
  arrive,
  failureOf,
  folderId,
  graphFor,
  IMMUTABLE,
  messages,
  OLGA,
  outlookForTest,
  PAUL,
  type Page,
  page,
  subjects,
} from './helpers.ts'

const WITH_FILES = [
  'From: "Ann Example" <ann@example.com>',
  `To: Olga <${OLGA}>, Ben <ben@example.com>`,
  'Cc: carl@example.com',
  'Subject: =?utf-8?B?R3LDvMOfZQ==?=',
  'Message-ID: <files@example.com>',
  'Date: Mon, 02 Nov 2026 10:20:30 +0100',
  'X-Ours: yes',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p>Hello <b>you</b></p><script type="application/ld+json">{"a":1}</script>',
  '--b',
  'Content-Type: image/png; name="dot.png"',
  'Content-Disposition: inline; filename="dot.png"',
  'Content-ID: <dot@example>',
  'Content-Transfer-Encoding: base64',
  '',
  'iVBORw0KGgo=',
  '--b',
  'Content-Type: application/pdf; name="bill.pdf"',
  'Content-Disposition: attachment; filename="bill.pdf"',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('%PDF bill').toString('base64'),
  '--b--',
  '',
].join('\r\n')

test('the demo mailbox has the well-known folders, nested ones, and ten a page', async () => {
  const sandbox = await outlookForTest({ accounts: [{ email: OLGA, messages: 300 }] })
  const client = graphFor(sandbox)
  const first = await page<MailFolder>(client, '/me/mailFolders')
  expect(first.value).toHaveLength(10)
  const rest = await page<MailFolder>(client, first['@odata.nextLink'] ?? '')
  const all = [...first.value, ...rest.value]
  const names = all.map(folder => folder.displayName)
  for (const name of ['Inbox', 'Sent Items', 'Drafts', 'Deleted Items', 'Junk Email', 'Archive', 'Lists']) {
    expect(names).toContain(name)
  }
  // v1.0 does not tell which folder is which: only the well-known name as an id does.
  expect(all[0]).not.toHaveProperty('wellKnownName')
  const inbox = (await client.api('/me/mailFolders/Inbox').get()) as MailFolder
  expect(inbox).toMatchObject({ displayName: 'Inbox', isHidden: false })
  expect(inbox.totalItemCount).toBeGreaterThan(10)
  expect(inbox.unreadItemCount).toBeGreaterThan(0)
  const root = await folderId(client, 'msgfolderroot')
  expect(inbox.parentFolderId).toBe(root)
  const lists = all.find(folder => folder.displayName === 'Lists')
  expect(lists?.childFolderCount).toBeGreaterThan(3)
  const children = await page<MailFolder>(client, `/me/mailFolders/${lists?.id}/childFolders?$top=50`)
  expect(children.value.every(child => child.parentFolderId === lists?.id)).toBe(true)
  const totals = await Promise.all(
    [...all, ...children.value].map(async folder =>
      messages(client, `/me/mailFolders/${folder.id}/messages?$top=1000&$select=id`),
    ),
  )
  const whole = await messages(client, '/me/messages?$top=1000&$select=id')
  expect(whole).toHaveLength(300)
  expect(totals.flat()).toHaveLength(300)
  expect((await messages(client, '/me/mailFolders/drafts/messages')).every(draft => draft.isDraft)).toBe(true)
})

test('the same seed gives the same mailbox, and not the one Gmail has', async () => {
  const options = { clock: { now: () => 1.79e12 }, accounts: [{ email: 'g@inlet.test', messages: 80 }] }
  const shown = async (): Promise<unknown[]> => {
    const sandbox = await outlookForTest({ accounts: [{ email: OLGA, messages: 80 }] }, options)
    const items = [...sandbox.control.microsoft.mailbox().all()]
    const gmail = [...sandbox.control.mailbox('g@inlet.test').all()].map(message => message.id)
    expect(items.some(item => gmail.includes(item.id))).toBe(false)
    return items
      .filter(item => 'corpus' in item.raw)
      .map(({ id, folder, read, flag }) => [id, folder, read, flag])
  }
  const first = await shown()
  expect(first.length).toBeGreaterThan(50)
  expect(await shown()).toEqual(first)
})

test('a message shows its fields typed, with whole seconds and both kinds of body', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  sandbox.control.deliver(OLGA, WITH_FILES)
  const [listed] = await messages(client)
  const message = (await client.api(`/me/messages/${listed?.id}`).get()) as Message
  expect(message).toMatchObject({
    id: listed?.id,
    subject: 'Grüße',
    internetMessageId: '<files@example.com>',
    isRead: false,
    isDraft: false,
    hasAttachments: true,
    importance: 'normal',
    inferenceClassification: 'focused',
    flag: { flagStatus: 'notFlagged' },
    categories: [],
    from: { emailAddress: { name: 'Ann Example', address: 'ann@example.com' } },
    sender: { emailAddress: { address: 'ann@example.com' } },
    ccRecipients: [{ emailAddress: { address: 'carl@example.com' } }],
    sentDateTime: '2026-11-02T09:20:30Z',
    parentFolderId: await folderId(client, 'inbox'),
    bodyPreview: 'Hello you',
    body: { contentType: 'html' },
  })
  expect(message.toRecipients).toHaveLength(2)
  expect(message.receivedDateTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  expect(message.lastModifiedDateTime).toMatch(/:\d\dZ$/)
  expect(message.changeKey).toMatch(/^CQ/)
  expect(message.conversationId).toMatch(/^AAQk/)
  expect(message.conversationIndex).toBeTruthy()
  expect(message).not.toHaveProperty('internetMessageHeaders')
  expect(message).not.toHaveProperty('uniqueBody')
  expect(message.body?.content).toContain('<b>you</b>')
  // Unsafe HTML is taken out unless it is asked for.
  expect(message.body?.content).not.toContain('ld+json')
  const unsafe = (await client
    .api(`/me/messages/${message.id}`)
    .header('Prefer', 'outlook.allow-unsafe-html')
    .get()) as Message
  expect(unsafe.body?.content).toContain('ld+json')
  const text = (await client
    .api(`/me/messages/${message.id}`)
    .header('Prefer', 'outlook.body-content-type="text"')
    .get()) as Message
  expect(text.body).toMatchObject({ contentType: 'text', content: expect.stringContaining('Hello') })
  expect(text.body?.content).not.toContain('<b>')
})

test('$select gives exactly what was named and the id, headers and uniqueBody among it', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  sandbox.control.deliver(
    OLGA,
    rfc822({ subject: 'Quoting', body: 'Mine.\r\n\r\nOn Monday Ann wrote:\r\n> Hers.' }),
  )
  const select = 'subject,internetMessageHeaders,uniqueBody'
  const [message] = await messages(client, `/me/messages?$select=${select}`)
  expect(Object.keys(message ?? {}).sort()).toEqual([
    '@odata.etag',
    'id',
    'internetMessageHeaders',
    'subject',
    'uniqueBody',
  ])
  expect(message?.internetMessageHeaders).toContainEqual({ name: 'Subject', value: 'Quoting' })
  expect(message?.uniqueBody?.content).toContain('Mine.')
  expect(message?.uniqueBody?.content).not.toContain('Hers.')
  expect(await failureOf(client.api('/me/messages?$select=nonsense').get())).toMatchObject({ status: 400 })
})

test('lists page by $top and $skip, newest first, and count', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  for (let i = 1; i <= 23; i++) arrive(sandbox, `Message ${i}`)
  const first = await page(client, '/me/mailFolders/inbox/messages?$count=true')
  expect(first.value).toHaveLength(10)
  expect(first['@odata.count']).toBe(23)
  const second = await page(client, first['@odata.nextLink'] ?? '')
  const third = await page(client, second['@odata.nextLink'] ?? '')
  expect(third['@odata.nextLink']).toBeUndefined()
  const all = [...first.value, ...second.value, ...third.value]
  expect(new Set(all.map(message => message.id)).size).toBe(23)
  const times = all.map(message => message.receivedDateTime ?? '')
  expect(times).toEqual([...times].sort().reverse())
  expect(await client.api('/me/mailFolders/inbox/messages/$count').get()).toBe('23')
  expect(await messages(client, '/me/messages?$top=7&$skip=20')).toHaveLength(3)
  expect(await failureOf(client.api('/me/messages?$top=1001').get())).toMatchObject({ status: 400 })
})

test('pages count from the newest: mail that arrives in between shifts them', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  for (let i = 1; i <= 4; i++) arrive(sandbox, `Message ${i}`)
  const first = await page(client, '/me/messages?$top=2&$orderby=subject desc')
  arrive(sandbox, 'Message 9')
  const second = await page(client, first['@odata.nextLink'] ?? '')
  expect(subjects([...first.value, ...second.value])).toEqual([
    'Message 4',
    'Message 3',
    'Message 3',
    'Message 2',
  ])
})

test('received before: to the second that is shown, as a folder is walked from its newest', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const second = Date.parse('2026-03-01T12:00:00Z')
  const box = sandbox.control.microsoft.mailbox(OLGA)
  for (const ms of [-1_000, 0, 400, 999, 1_000])
    box.add({ raw: Buffer.from(rfc822({ subject: `${ms}` })), folder: 'inbox', date: second + ms })
  const before = async (filter: string) =>
    subjects(await messages(client, `/me/mailFolders/inbox/messages?$filter=receivedDateTime ${filter}`))
  expect(await before('lt 2026-03-01T12:00:00Z')).toEqual(['-1000'])
  expect(await before('le 2026-03-01T12:00:00Z')).toEqual(['999', '400', '0', '-1000'])
  expect(await before('lt 2026-03-01T12:00:01Z')).toEqual(['999', '400', '0', '-1000'])
  expect(await before('le 2026-03-01T12:00:01Z')).toEqual(['1000', '999', '400', '0', '-1000'])
})

test('$filter and $orderby: what Graph takes, and what it finds inefficient', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const now = Date.now()
  const box = sandbox.control.microsoft.mailbox(OLGA)
  for (const [i, name] of ['old', 'middle', 'new'].entries()) {
    box.add({
      raw: Buffer.from(rfc822({ subject: name, id: `<${name}@x>` })),
      folder: 'inbox',
      date: now - (3 - i) * 86_400_000,
      read: name === 'middle',
    })
  }
  const since = new Date(now - 2.5 * 86_400_000).toISOString()
  const found = async (filter: string, more = ''): Promise<unknown[]> =>
    subjects(await messages(client, `/me/messages?$filter=${encodeURIComponent(filter)}${more}`))
  expect(await found(`receivedDateTime ge ${since}`)).toEqual(['new', 'middle'])
  expect(await found('isRead eq false')).toEqual(['new', 'old'])
  expect(await found(`internetMessageId eq '<old@x>'`)).toEqual(['old'])
  expect(await found(`receivedDateTime ge ${since} and isRead eq true`)).toEqual(['middle'])
  expect(await found(`(isRead eq true or subject eq 'Old') and not startswith(subject, 'm')`)).toEqual([
    'old',
  ])
  expect(await found(`from/emailAddress/address eq 'SENDER@example.com'`)).toHaveLength(3)
  const [message] = await messages(client, `/me/messages?$filter=subject eq 'new'`)
  expect(await found(`conversationId eq '${message?.conversationId}'`)).toEqual(['new'])
  expect(await found(`receivedDateTime ge ${since}`, '&$orderby=receivedDateTime asc')).toEqual([
    'middle',
    'new',
  ])
  expect(
    await failureOf(client.api(`/me/messages?$filter=isRead eq false&$orderby=receivedDateTime desc`).get()),
  ).toMatchObject({
    status: 400,
    code: 'InefficientFilter',
  })
  expect(await failureOf(client.api('/me/messages?$filter=isRead eq').get())).toMatchObject({ status: 400 })
})

test('attachments: files and inline ones, bytes and MIME; inline alone does not count', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  sandbox.control.deliver(OLGA, WITH_FILES)
  const [message] = await messages(client)
  const list = (await client.api(`/me/messages/${message?.id}/attachments`).get()) as Page<FileAttachment>
  expect(list.value.map(file => [file.name, file.isInline, file.contentType])).toEqual([
    ['dot.png', true, 'image/png'],
    ['bill.pdf', false, 'application/pdf'],
  ])
  expect(list.value[0]).toMatchObject({
    contentId: 'dot@example',
    '@odata.type': '#microsoft.graph.fileAttachment',
  })
  const bill = list.value[1]
  const one = (await client
    .api(`/me/messages/${message?.id}/attachments/${bill?.id}`)
    .get()) as FileAttachment & { contentBytes: string }
  expect(Buffer.from(one.contentBytes, 'base64').toString()).toBe('%PDF bill')
  const bytes = (await client
    .api(`/me/messages/${message?.id}/attachments/${bill?.id}/$value`)
    .responseType(ResponseType.ARRAYBUFFER)
    .get()) as ArrayBuffer
  expect(Buffer.from(bytes).toString()).toBe('%PDF bill')
  const light = (await client
    .api(`/me/messages/${message?.id}/attachments?$select=name,size`)
    .get()) as Page<FileAttachment>
  expect(light.value[0]).not.toHaveProperty('contentBytes')
  const mime = (await client
    .api(`/me/messages/${message?.id}/$value`)
    .responseType(ResponseType.TEXT)
    .get()) as string
  expect(mime).toBe(WITH_FILES)
  sandbox.control.deliver(
    OLGA,
    WITH_FILES.replace(/--b\r\nContent-Type: application\/pdf[\s\S]*--b--/, '--b--'),
  )
  const [inlineOnly] = await messages(client, '/me/messages?$top=1&$expand=attachments')
  expect(inlineOnly).toMatchObject({ hasAttachments: false, attachments: [{ name: 'dot.png' }] })
})

test('ids: case matters, either form works, other mailboxes and wrong forms are told apart', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const immutable = arrive(sandbox, 'One')
  const [message] = await messages(client)
  const id = message?.id ?? ''
  expect(id).not.toBe(immutable)
  const viaImmutable = (await client
    .api(`/me/messages/${immutable}`)
    .header('Prefer', IMMUTABLE)
    .get()) as Message
  expect(viaImmutable.id).toBe(immutable)
  expect(((await client.api(`/me/messages/${immutable}`).get()) as Message).id).toBe(id)
  const answer = (await client.api('/me/translateExchangeIds').post({
    inputIds: [id],
    sourceIdType: 'restId',
    targetIdType: 'restImmutableEntryId',
  })) as { value: unknown }
  expect(answer.value).toEqual([{ sourceId: id, targetId: immutable }])
  const swapped = id.replace(/[a-z](?=[^a-z]*$)/, letter => letter.toUpperCase())
  expect(await failureOf(client.api(`/me/messages/${swapped}`).get())).toMatchObject({
    status: 404,
    code: 'ErrorItemNotFound',
  })
  expect(await failureOf(client.api('/me/messages/nonsense').get())).toMatchObject({
    status: 400,
    code: 'ErrorInvalidIdMalformed',
  })
  const other = graphFor(sandbox, { email: PAUL })
  expect(await failureOf(other.api(`/me/messages/${id}`).get())).toMatchObject({ status: 404 })
  expect(await failureOf(other.api(`/users/${OLGA}/messages`).get())).toMatchObject({
    status: 403,
    code: 'ErrorAccessDenied',
  })
  expect(await failureOf(other.api('/users/nobody@x.test/messages').get())).toMatchObject({
    status: 404,
    code: 'ErrorInvalidUser',
  })
})

test('every spelling of an address finds the same thing', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  arrive(sandbox, 'One')
  const [message] = await messages(client)
  const inbox = await folderId(client, 'inbox')
  const { userId } = sandbox.control.microsoft.mailbox(OLGA).account
  for (const path of [
    `/users/${userId}/messages/${message?.id}`,
    `/users('${OLGA}')/messages('${message?.id}')`,
    `/me/mailfolders('inbox')/messages/${message?.id}`,
    `/me/mailFolders/${inbox}/Messages/${encodeURIComponent(message?.id ?? '')}`,
  ]) {
    expect(((await client.api(path).get()) as Message).id).toBe(message?.id)
  }
  expect(await failureOf(client.api('/me/mailFolders/nowhere').get())).toMatchObject({ status: 400 })
  expect(await failureOf(client.api('/me/calendars').get())).toMatchObject({
    status: 400,
    code: 'BadRequest',
  })
})

test('permissions: mail needs Mail.Read, the profile User.Read, and a token a mailbox', async () => {
  const sandbox = await outlookForTest()
  const reader = graphFor(sandbox, { scopes: ['Mail.Read'] })
  arrive(sandbox, 'One')
  const [message] = await messages(reader)
  expect(await failureOf(reader.api(`/me/messages/${message?.id}`).patch({ isRead: true }))).toMatchObject({
    status: 403,
    code: 'ErrorAccessDenied',
  })
  expect(await failureOf(reader.api('/me/sendMail').post({ message: {} }))).toMatchObject({ status: 403 })
  expect(await failureOf(reader.api('/me').get())).toMatchObject({
    status: 403,
    code: 'Authorization_RequestDenied',
  })
  const me = (await graphFor(sandbox).api('/me').get()) as User
  expect(me).toMatchObject({ mail: OLGA, userPrincipalName: OLGA, displayName: 'Olga Test', surname: 'Test' })
  const answer = await fetch(`${sandbox.url}/v1.0/me/messages`, {
    headers: { authorization: 'Bearer nobody' },
  })
  expect(answer.status).toBe(401)
  expect(await answer.json()).toMatchObject({
    error: { code: 'InvalidAuthenticationToken', innerError: { 'request-id': expect.any(String) } },
  })
  expect((await fetch(`${sandbox.url}/v1.0/me/messages`)).status).toBe(401)
})
