import { ResponseType } from '@microsoft/microsoft-graph-client'
import type { MailFolder, Message } from '@microsoft/microsoft-graph-types'
import { expect, test } from 'vitest'
import { ANNA, rfc822 } from '../helpers.ts'
import {
  arrive,
  failureOf,
  folderId,
  graphFor,
  IMMUTABLE,
  letter,
  messages,
  OLGA,
  outlookForTest,
  PAUL,
  subjects,
} from './helpers.ts'

test('marks: read, flag, categories and importance, each with a new changeKey', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  arrive(sandbox, 'One')
  const [before] = await messages(client)
  const after = (await client.api(`/me/messages/${before?.id}`).patch({
    isRead: true,
    flag: { flagStatus: 'flagged' },
    categories: ['Blue category'],
    importance: 'high',
  })) as Message
  expect(after).toMatchObject({
    id: before?.id,
    isRead: true,
    flag: { flagStatus: 'flagged' },
    categories: ['Blue category'],
    importance: 'high',
  })
  expect(after.changeKey).not.toBe(before?.changeKey)
  expect(
    await failureOf(client.api(`/me/messages/${before?.id}`).patch({ flag: { flagStatus: 'maybe' } })),
  ).toMatchObject({ status: 400 })
  expect(await failureOf(client.api(`/me/messages/${before?.id}`).patch({ subject: 'Other' }))).toMatchObject(
    { status: 400, code: 'ErrorInvalidOperation' },
  )
  const stale = client.api(`/me/messages/${before?.id}`).header('If-Match', `W/"${before?.changeKey}"`)
  expect(await failureOf(stale.patch({ isRead: false }))).toMatchObject({
    status: 412,
    code: 'ErrorIrresolvableConflict',
  })
})

test('a move answers 201 and changes the usual id; the immutable one stays', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const immutable = arrive(sandbox, 'One')
  const [before] = await messages(client)
  const answer = await client
    .api(`/me/messages/${before?.id}/move`)
    .responseType(ResponseType.RAW)
    .post({ destinationId: 'archive' })
  expect((answer as Response).status).toBe(201)
  const moved = (await (answer as Response).json()) as Message
  expect(moved.id).not.toBe(before?.id)
  expect(moved.parentFolderId).toBe(await folderId(client, 'archive'))
  expect(await failureOf(client.api(`/me/messages/${before?.id}`).get())).toMatchObject({
    status: 404,
    code: 'ErrorItemNotFound',
  })
  const back = (await client
    .api(`/me/messages/${immutable}/move`)
    .header('Prefer', IMMUTABLE)
    .post({ destinationId: 'inbox' })) as Message
  expect(back.id).toBe(immutable)
  const [again] = await messages(client)
  // Not even the way back brings the old id back.
  expect(again?.id).not.toBe(before?.id)
})

test('DELETE puts into Deleted Items, from there out of sight; permanentDelete at once', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const id = arrive(sandbox, 'One')
  const other = arrive(sandbox, 'Two')
  await client.api(`/me/messages/${id}`).delete()
  expect(subjects(await messages(client, '/me/mailFolders/deleteditems/messages'))).toEqual(['One'])
  await client.api(`/me/messages/${id}`).delete()
  expect(subjects(await messages(client, '/me/messages'))).toEqual(['Two'])
  expect(subjects(await messages(client, '/me/mailFolders/recoverableitemsdeletions/messages'))).toEqual([
    'One',
  ])
  await client.api(`/me/messages/${other}/permanentDelete`).post({})
  expect(await messages(client, '/me/messages')).toEqual([])
  expect(await failureOf(client.api(`/me/messages/${other}`).get())).toMatchObject({ status: 404 })
})

test('a copy is another message in the same conversation', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const id = arrive(sandbox, 'One')
  const copy = (await client.api(`/me/messages/${id}/copy`).post({ destinationId: 'archive' })) as Message
  expect(copy.id).not.toBe(id)
  const original = (await client.api(`/me/messages/${id}`).get()) as Message
  expect(copy).toMatchObject({
    internetMessageId: original.internetMessageId,
    conversationId: original.conversationId,
  })
})

test('folders are made, renamed, nested, moved and deleted; their ids stay', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const made = (await client.api('/me/mailFolders').post({ displayName: 'Work' })) as MailFolder
  expect(await failureOf(client.api('/me/mailFolders').post({ displayName: 'work' }))).toMatchObject({
    status: 409,
    code: 'ErrorFolderExists',
  })
  const child = (await client
    .api(`/me/mailFolders/${made.id}/childFolders`)
    .post({ displayName: 'Bills' })) as MailFolder
  expect(child.parentFolderId).toBe(made.id)
  const renamed = (await client.api(`/me/mailFolders/${made.id}`).patch({ displayName: 'Job' })) as MailFolder
  expect(renamed).toMatchObject({ id: made.id, displayName: 'Job', childFolderCount: 1 })
  const moved = (await client
    .api(`/me/mailFolders/${child.id}/move`)
    .post({ destinationId: 'archive' })) as MailFolder
  expect(moved).toMatchObject({ id: child.id, parentFolderId: await folderId(client, 'archive') })
  expect(
    await failureOf(client.api(`/me/mailFolders/${made.id}/move`).post({ destinationId: made.id })),
  ).toMatchObject({ status: 400 })
  expect(await failureOf(client.api('/me/mailFolders/inbox').delete())).toMatchObject({ status: 400 })
  const message = arrive(sandbox, 'One')
  await client.api(`/me/messages/${message}/move`).post({ destinationId: made.id })
  await client.api(`/me/mailFolders/${made.id}`).delete()
  expect(((await client.api(`/me/mailFolders/${made.id}`).get()) as MailFolder).parentFolderId).toBe(
    await folderId(client, 'deleteditems'),
  )
  await client.api(`/me/mailFolders/${made.id}`).delete()
  expect(await failureOf(client.api(`/me/mailFolders/${made.id}`).get())).toMatchObject({ status: 404 })
  expect(await failureOf(client.api(`/me/messages/${message}`).get())).toMatchObject({ status: 404 })
})

test('a draft is written, changed and sent; the sent message keeps its immutable id', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const draft = (await client.api('/me/messages').post({
    ...letter(PAUL, 'Grüße'),
    internetMessageHeaders: [{ name: 'x-ours', value: 'yes' }],
    attachments: [
      {
        '@odata.type': '#microsoft.graph.fileAttachment',
        name: 'a.txt',
        contentType: 'text/plain',
        contentBytes: Buffer.from('file').toString('base64'),
      },
    ],
  })) as Message
  expect(draft).toMatchObject({
    isDraft: true,
    isRead: true,
    subject: 'Grüße',
    hasAttachments: true,
    parentFolderId: await folderId(client, 'drafts'),
  })
  const changed = (await client.api(`/me/messages/${draft.id}`).patch({
    subject: 'Two',
    body: { contentType: 'HTML', content: '<p>Hi <i>Paul</i></p>' },
    bccRecipients: [{ emailAddress: { address: 'hidden@example.com' } }],
  })) as Message
  expect(changed).toMatchObject({
    id: draft.id,
    subject: 'Two',
    hasAttachments: true,
    internetMessageId: draft.internetMessageId,
    bccRecipients: [{ emailAddress: { address: 'hidden@example.com' } }],
  })
  await client
    .api(`/me/messages/${draft.id}/attachments`)
    .post({ '@odata.type': '#microsoft.graph.fileAttachment', name: 'b.txt', contentBytes: 'Yg==' })
  const answer = (await client
    .api(`/me/messages/${draft.id}/send`)
    .responseType(ResponseType.RAW)
    .post({})) as Response
  expect([answer.status, await answer.text()]).toEqual([202, ''])
  const sent = (await client
    .api(
      `/me/messages/${draft.id}?$select=subject,isDraft,parentFolderId,internetMessageHeaders,bccRecipients`,
    )
    .get()) as Message
  expect(sent).toMatchObject({
    isDraft: false,
    subject: 'Two',
    parentFolderId: await folderId(client, 'sentitems'),
  })
  expect(sent.internetMessageHeaders).toContainEqual({ name: 'x-ours', value: 'yes' })
  expect(sent.bccRecipients).toHaveLength(1)
  const paul = graphFor(sandbox, { email: PAUL })
  const [received] = await messages(paul, '/me/messages?$expand=attachments')
  expect(received).toMatchObject({
    subject: 'Two',
    isRead: false,
    internetMessageId: draft.internetMessageId,
    bccRecipients: [],
    attachments: [{ name: 'a.txt' }, { name: 'b.txt' }],
  })
  expect(received?.body?.content).toContain('<i>Paul</i>')
  expect(await failureOf(client.api(`/me/messages/${draft.id}/send`).post({}))).toMatchObject({ status: 400 })
})

test('sendMail answers 202 and no id, in JSON and MIME; a copy is kept unless it is not wanted', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const answer = (await client
    .api('/me/sendMail')
    .responseType(ResponseType.RAW)
    .post({ message: letter(PAUL, 'Json') })) as Response
  expect([answer.status, await answer.text()]).toEqual([202, ''])
  await client.api('/me/sendMail').post({ message: letter(PAUL, 'Unkept'), saveToSentItems: false })
  const mime = `To: ${PAUL}\r\nSubject: Mime\r\nMessage-ID: <own@example.com>\r\n\r\nBody.`
  await client
    .api('/me/sendMail')
    .header('Content-Type', 'text/plain')
    .post(Buffer.from(mime).toString('base64'))
  const sent = await messages(client, '/me/mailFolders/sentitems/messages')
  expect(subjects(sent).sort()).toEqual(['Json', 'Mime'])
  expect(sent.find(message => message.subject === 'Mime')).toMatchObject({
    internetMessageId: '<own@example.com>',
    from: { emailAddress: { address: OLGA } },
  })
  const received = subjects(await messages(graphFor(sandbox, { email: PAUL })))
  expect(received.sort()).toEqual(['Json', 'Mime', 'Unkept'])
})

test('what cannot be sent is refused with its code', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const send = (message: object) => failureOf(client.api('/me/sendMail').post({ message }))
  expect(await send({ subject: 'Nobody' })).toMatchObject({ status: 400, code: 'ErrorInvalidRecipients' })
  expect(
    await send({ ...letter(PAUL, 'As'), from: { emailAddress: { address: 'boss@example.com' } } }),
  ).toMatchObject({ status: 403, code: 'ErrorSendAsDenied' })
  expect(
    await send({ ...letter(PAUL, 'H'), internetMessageHeaders: [{ name: 'In-Reply-To', value: '<a@b>' }] }),
  ).toMatchObject({ status: 400, code: 'InvalidInternetMessageHeader' })
  expect(await failureOf(client.api('/me/sendMail').post({}))).toMatchObject({ status: 400 })
  expect(await messages(client, '/me/mailFolders/sentitems/messages')).toEqual([])
})

test('a header cannot be smuggled in', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  await client.api('/me/sendMail').post({ message: letter(PAUL, 'One\r\nBcc: thief@example.com') })
  const [received] = await messages(graphFor(sandbox, { email: PAUL }))
  expect(received?.subject).toBe('One Bcc: thief@example.com')
})

test('replies and forwards: threaded, quoted and addressed', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const original = arrive(sandbox, 'Lunch', OLGA, {
    headers: ['Cc: carl@example.com', `Reply-To: ${PAUL}`],
    body: 'When?',
  })
  const { conversationId } = (await client.api(`/me/messages/${original}`).get()) as Message
  const draft = (await client
    .api(`/me/messages/${original}/createReplyAll`)
    .post({ comment: 'At one.' })) as Message
  expect(draft).toMatchObject({
    isDraft: true,
    subject: 'RE: Lunch',
    conversationId,
    toRecipients: [{ emailAddress: { address: PAUL } }, { emailAddress: { address: ANNA } }],
    ccRecipients: [{ emailAddress: { address: 'carl@example.com' } }],
  })
  expect(draft.body?.content).toMatch(/At one\.[\s\S]*When\?/)
  await client.api(`/me/messages/${original}/reply`).post({ comment: 'Soon.' })
  const paul = graphFor(sandbox, { email: PAUL })
  const [reply] = await messages(paul, '/me/messages?$select=subject,internetMessageHeaders')
  expect(reply?.subject).toBe('RE: Lunch')
  expect(reply?.internetMessageHeaders).toContainEqual({ name: 'In-Reply-To', value: '<Lunch@example.com>' })
  const sent = await messages(client, `/me/mailFolders/sentitems/messages`)
  expect(sent[0]).toMatchObject({ subject: 'RE: Lunch', conversationId })
  const forward = (await client
    .api(`/me/messages/${original}/createForward`)
    .post({ toRecipients: [{ emailAddress: { address: PAUL } }] })) as Message
  expect(forward).toMatchObject({ subject: 'FW: Lunch', toRecipients: [{ emailAddress: { address: PAUL } }] })
  await client.api(`/me/messages/${forward.id}/send`).post({})
  expect(
    await failureOf(
      client
        .api(`/me/messages/${original}/reply`)
        .post({ comment: 'a', message: { body: { contentType: 'text', content: 'b' } } }),
    ),
  ).toMatchObject({ status: 400 })
})

test('a draft made of MIME can be changed like any other', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const mime = rfc822({ subject: 'Raw', id: '<raw@example.com>' }).replace('sender@example.com', OLGA)
  const draft = (await client
    .api('/me/messages')
    .header('Content-Type', 'text/plain')
    .post(Buffer.from(mime).toString('base64'))) as Message
  expect(draft).toMatchObject({ isDraft: true, subject: 'Raw', internetMessageId: '<raw@example.com>' })
  const changed = (await client.api(`/me/messages/${draft.id}`).patch({ subject: 'Cooked' })) as Message
  expect(changed).toMatchObject({ subject: 'Cooked', internetMessageId: '<raw@example.com>' })
  expect(changed.body?.content).toContain('Body.')
})

test('mail goes from Outlook to Gmail and back', async () => {
  const gmailAddress = 'gina@inlet.test'
  const sandbox = await outlookForTest({}, { accounts: [{ email: gmailAddress }] })
  await graphFor(sandbox)
    .api('/me/sendMail')
    .post({ message: letter(gmailAddress, 'To Gmail') })
  const [arrived] = sandbox.control.mailbox(gmailAddress).newestFirst()
  expect(arrived?.index.subject).toBe('To Gmail')
  const { access_token } = sandbox.control.token(gmailAddress)
  await fetch(`${sandbox.url}/gmail/v1/users/me/messages/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      raw: Buffer.from(`To: ${OLGA}\r\nSubject: To Outlook\r\n\r\nHi`).toString('base64url'),
    }),
  })
  expect(subjects(await messages(graphFor(sandbox)))).toEqual(['To Outlook'])
})
