import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { ANNA, base64url, control, gmailFor, rfc822, sandboxForTest, until } from '../helpers.ts'
import { graphFor, messages, OLGA, subjects } from '../microsoft/helpers.ts'
import { clientFor, IDA, JAN, mailForTest, senderFor, Wire } from './helpers.ts'

const CLI = new URL('../../src/deliver-cli.ts', import.meta.url).pathname

const everybody = (): ReturnType<typeof sandboxForTest> =>
  sandboxForTest({
    accounts: [{ email: ANNA }],
    microsoft: { accounts: [{ email: OLGA }] },
    imap: { accounts: [{ email: IDA }, { email: JAN }] },
  })

const inbox = (sandbox: Awaited<ReturnType<typeof everybody>>, email: string): unknown[] =>
  sandbox.control.imap.messages(email, 'INBOX').map(message => (message as { subject: string }).subject)

test('mail goes between accounts of all three kinds', async () => {
  const sandbox = await everybody()
  await senderFor(sandbox).sendMail({
    from: IDA,
    to: [JAN, ANNA.toUpperCase()],
    bcc: [OLGA, JAN],
    subject: 'From IMAP',
    text: 'Hello\n.\n..dots',
  })
  expect(inbox(sandbox, JAN)).toEqual(['From IMAP'])
  const twice = { from: IDA, to: [ANNA, ANNA.toUpperCase()] }
  await senderFor(sandbox).sendMail({ envelope: twice, subject: 'Once', text: 'x' })
  expect(sandbox.control.mailbox(ANNA).size).toBe(2)
  expect(subjects(await messages(graphFor(sandbox)))).toEqual(['From IMAP'])
  expect(sandbox.control.imap.messages(IDA, 'Sent')).toEqual([])
  const client = await clientFor(sandbox, { email: JAN })
  await client.mailboxOpen('INBOX')
  const found = await client.fetchOne('1', { source: true })
  if (!found) throw new Error('nothing was fetched')
  expect(found.source?.toString()).toMatch(
    /^Delivered-To: jan@.*\r\nReceived: [\s\S]*Hello\r\n\.\r\n\.\.dots\r\n$/,
  )
  await gmailFor(sandbox).users.messages.send({
    userId: 'me',
    requestBody: { raw: base64url(`To: ${IDA}\r\nSubject: From Gmail\r\n\r\nx`) },
  })
  await graphFor(sandbox)
    .api('/me/sendMail')
    .post({ message: { subject: 'From Outlook', toRecipients: [{ emailAddress: { address: IDA } }] } })
  await until('both', () => inbox(sandbox, IDA).length === 2)
  expect(inbox(sandbox, IDA).toSorted()).toEqual(['From Gmail', 'From Outlook'])
})

test('who sends must log in, and what is too large or refused by request is not taken', async () => {
  const sandbox = await mailForTest({ limits: { literalBytes: 50_000 } })
  const letter = { from: IDA, to: JAN, subject: 'x', text: 'x' }
  await expect(senderFor(sandbox, IDA, 'wrong').sendMail(letter)).rejects.toMatchObject({
    code: 'EAUTH',
    responseCode: 535,
  })
  const socket = connect(sandbox.imap?.smtpPort ?? 0, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  const wire = new Wire(socket)
  await wire.heard(/^220 /m)
  socket.write(`EHLO me\r\nMAIL FROM:<${IDA}>\r\n`)
  await wire.heard(/^530 /m)
  expect(wire.said).toMatch(/^250 SIZE 50000/m)
  const sender = senderFor(sandbox)
  await expect(sender.sendMail({ ...letter, text: 'x\n'.repeat(30_000) })).rejects.toMatchObject({
    responseCode: 552,
  })
  sandbox.control.addFault({
    kind: 'smtp.refuse',
    match: { method: 'DATA', account: IDA },
    status: 550,
    count: 1,
  })
  await expect(sender.sendMail(letter)).rejects.toMatchObject({ responseCode: 550 })
  sandbox.control.addFault({ kind: 'smtp.refuse', match: { method: 'AUTH' }, status: 454, count: 1 })
  await expect(sender.sendMail(letter)).rejects.toMatchObject({ responseCode: 454 })
  expect(sandbox.control.imap.messages(JAN, 'INBOX')).toEqual([])
  await sender.sendMail(letter)
  expect(sandbox.control.imap.messages(JAN, 'INBOX')).toHaveLength(1)
})

test('the filled mailbox: numbered by date, sizes true, the same for the same seed', async () => {
  const start = (seed: number) =>
    mailForTest(
      { accounts: [{ email: IDA, messages: 120 }] },
      { seed, clock: { now: () => Date.UTC(2026, 5, 1) } },
    )
  const [one, same, other] = [await start(1), await start(1), await start(2)]
  const client = await clientFor(one)
  const all: unknown[] = []
  for (const { path } of await client.list()) {
    const { exists } = await client.mailboxOpen(path)
    const found =
      exists > 0 ? await client.fetchAll('1:*', { size: true, source: true, internalDate: true }) : []
    expect(found.map(({ uid }) => uid)).toEqual(found.map((_, i) => i + 1))
    expect(found.map(({ size }) => size)).toEqual(found.map(({ source }) => source?.length))
    const dates = found.map(({ internalDate }) => Number(internalDate))
    expect(dates).toEqual(dates.toSorted((a, b) => a - b))
    all.push(...found)
  }
  expect(all.length).toBe(120)
  for (const folder of ['INBOX', 'Junk', 'Drafts', 'Receipts', 'Travel', 'Archive'])
    expect([folder, one.control.imap.messages(IDA, folder).length > 0]).toEqual([folder, true])
  const state = (sandbox: typeof one): unknown => [
    sandbox.control.imap.state(),
    sandbox.control.imap.messages(IDA, 'INBOX'),
  ]
  client.close()
  await until(
    'the connection to end',
    () => !JSON.stringify(one.control.imap.state()).includes('"connections":1'),
  )
  expect(state(same)).toEqual(state(one))
  expect(state(other)).not.toEqual(state(one))
})

test('the control API delivers, marks, moves, removes, renumbers and shows', async () => {
  const sandbox = await everybody()
  const ask = async (path: string, body: object): Promise<unknown> =>
    (await control(sandbox, path, body)).body
  const raw = Buffer.from(rfc822({ subject: 'By hand', id: '<hand@x>' })).toString('base64')
  expect(await control(sandbox, 'deliver', { account: IDA, raw })).toMatchObject({
    status: 201,
    body: { id: expect.stringMatching(/^INBOX;UIDVALIDITY=\d+;UID=1$/) },
  })
  expect(await ask('deliver', { account: IDA, generate: { count: 3 } })).toMatchObject({
    messages: [{}, {}, {}],
  })
  expect(await ask('imap/append', { account: IDA, folder: 'Archive', raw, flags: ['\\Seen'] })).toEqual({
    uid: 1,
  })
  expect(await ask('imap/flags', { account: IDA, folder: 'inbox', uids: [1, 2], add: ['\\Seen'] })).toEqual({
    changed: 2,
  })
  expect(await ask('imap/move', { account: IDA, folder: 'INBOX', count: 2, to: 'Trash' })).toEqual({
    uids: [1, 2],
  })
  expect(await ask('imap/expunge', { account: IDA, folder: 'INBOX', uids: [2] })).toEqual({ expunged: 1 })
  const before = sandbox.control.imap.mailbox(IDA).find('Archive')?.uidValidity
  const { uidValidity } = (await ask('imap/renumber', { account: IDA, folder: 'Archive' })) as {
    uidValidity: number
  }
  expect(uidValidity).toBeGreaterThan(before ?? 0)
  expect(sandbox.control.imap.renumber(IDA, 'Junk')).toBeGreaterThan(uidValidity)
  const get = async (path: string): Promise<unknown> =>
    (await fetch(`${sandbox.url}/control/imap/${path}`)).json()
  expect(await get(`messages?account=${IDA}&folder=INBOX`)).toMatchObject({
    messages: [{ uid: 1, flags: ['\\Seen'], subject: 'By hand', messageId: '<hand@x>', modseq: 6 }],
  })
  expect(await get('state')).toMatchObject({
    accounts: [
      {
        email: IDA,
        messages: 4,
        folders: [
          { path: 'INBOX', messages: 1, unseen: 0, uidNext: 5 },
          { path: 'Archive', uidValidity, messages: 1 },
          { path: 'Drafts' },
          { path: 'Junk' },
          { path: 'Sent' },
          { path: 'Trash', specialUse: '\\Trash', messages: 2, unseen: 2 },
        ],
      },
      { email: JAN },
    ],
  })
  await ask('imap/password', { account: IDA, password: 'other' })
  await expect(clientFor(sandbox)).rejects.toMatchObject({ authenticationFailed: true })
  await clientFor(sandbox, { password: 'other' })
  expect(await ask('imap/disconnect', { account: IDA })).toEqual({ connections: 1 })
  for (const [path, body, code] of [
    ['flags', { folder: 'INBOX', uids: [99] }, 'no_such_message'],
    ['flags', { folder: 'INBOX', uids: 'all' }, 'invalid_field'],
    ['move', { folder: 'Nowhere', to: 'INBOX' }, 'no_such_folder'],
    ['renumber', { account: 'nobody@x.test', folder: 'INBOX' }, 'no_such_account'],
    ['accounts', { email: ANNA }, 'address_taken'],
    ['append', { folder: 'INBOX', raw: '' }, 'empty_message'],
  ] as const)
    expect([path, await ask(`imap/${path}`, body)]).toMatchObject([path, { error: { code } }])
  await ask('reset', {})
  expect(sandbox.control.imap.mailboxes().map(({ email, size }) => [email, size])).toEqual([
    [IDA, 0],
    [JAN, 0],
  ])
})

test('the deliver command reaches IMAP accounts', async () => {
  const sandbox = await mailForTest()
  const dir = mkdtempSync(join(tmpdir(), 'inlet-deliver-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'some.eml')
  writeFileSync(file, 'Subject: From a file\n\nbody\n')
  const env = { ...process.env, INLET_SANDBOX_URL: sandbox.url }
  await promisify(execFile)(process.execPath, [CLI, file, '--to', JAN], { env })
  expect(sandbox.control.imap.messages(JAN, 'INBOX')).toMatchObject([{ subject: 'From a file', size: 30 }])
})
