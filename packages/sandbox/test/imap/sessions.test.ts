import { expect, test } from 'vitest'
import { rfc822, until } from '../helpers.ts'
import { clientFor, IDA, JAN, mailForTest, wireFor } from './helpers.ts'

test('an idle client is told of arrivals, flags and expunges at once', async () => {
  const sandbox = await mailForTest()
  sandbox.control.deliver(IDA, rfc822())
  const client = await clientFor(sandbox)
  await client.mailboxOpen('INBOX')
  const told: unknown[] = []
  client.on('exists', ({ count, prevCount }) => told.push(['exists', prevCount, count]))
  client.on('flags', ({ seq, flags }) => told.push(['flags', seq, [...(flags ?? [])]]))
  client.on('expunge', ({ seq }) => told.push(['expunge', seq]))
  const idle = client.idle()
  await until('the client to idle', () => client.idling)
  sandbox.control.deliver(IDA, rfc822())
  await until('the arrival', () => told.length === 1)
  sandbox.control.imap.setFlags({ folder: 'INBOX', uids: [2] }, ['\\Seen'], [])
  await until('the flags', () => told.length === 2)
  sandbox.control.imap.expunge({ folder: 'INBOX', uids: [1] })
  await until('the expunge', () => told.length === 3)
  expect(told).toEqual([
    ['exists', 1, 2],
    ['flags', 2, ['\\Seen']],
    ['expunge', 1],
  ])
  await client.noop()
  await idle
})

test('numbers change only where the client may be told', async () => {
  const sandbox = await mailForTest()
  for (let i = 1; i <= 4; i++) sandbox.control.deliver(IDA, rfc822({ subject: `Number ${i}` }))
  const [one, other] = [await wireFor(sandbox), await wireFor(sandbox)]
  await one.command('a', 'SELECT INBOX')
  await other.command('a', 'SELECT INBOX')
  await other.command('b', 'STORE 2 +FLAGS (\\Deleted)')
  await other.command('c', 'EXPUNGE')
  sandbox.control.deliver(IDA, rfc822({ subject: 'Number 5' }))
  // FETCH, STORE and SEARCH keep the old numbers: the second is gone, the third is still the third.
  const fetched = await one.command('d', 'FETCH 2:3 (UID)')
  expect(fetched).toBe('* 3 FETCH (UID 3)\r\n* 5 EXISTS\r\n* 0 RECENT\r\nd OK Fetched\r\n')
  expect(await one.command('e', 'STORE 3 +FLAGS (\\Seen)')).toBe(
    '* 3 FETCH (FLAGS (\\Seen))\r\ne OK Stored\r\n',
  )
  expect(await one.command('f', 'SEARCH ALL')).toBe('* SEARCH 1 3 4 5\r\nf OK Searched\r\n')
  expect(await one.command('g', 'NOOP')).toBe('* 2 EXPUNGE\r\ng OK Done\r\n')
  expect(await one.command('h', 'SEARCH ALL')).toBe('* SEARCH 1 2 3 4\r\nh OK Searched\r\n')
  expect(await other.command('h', 'NOOP')).toBe(
    '* 2 FETCH (UID 3 FLAGS (\\Seen))\r\n* 4 EXISTS\r\n* 0 RECENT\r\nh OK Done\r\n',
  )
})

test('whoever knows MODSEQ is told it with the flags', async () => {
  const sandbox = await mailForTest()
  sandbox.control.deliver(IDA, rfc822())
  const wire = await wireFor(sandbox)
  expect(await wire.command('a', 'ENABLE CONDSTORE QRESYNC')).toBe('* ENABLED CONDSTORE\r\na OK Done\r\n')
  await wire.command('b', 'SELECT INBOX')
  sandbox.control.imap.setFlags({ folder: 'INBOX' }, ['\\Flagged'], [])
  expect(await wire.command('c', 'NOOP')).toContain('* 1 FETCH (UID 1 MODSEQ (3) FLAGS (\\Flagged))')
})

test('a folder that is deleted or numbered anew ends the sessions in it', async () => {
  const sandbox = await mailForTest()
  const [idle, busy, own] = [await wireFor(sandbox), await wireFor(sandbox), await wireFor(sandbox)]
  await own.command('a', 'CREATE Gone')
  for (const wire of [idle, busy]) await wire.command('b', 'SELECT Gone')
  idle.socket.write('c IDLE\r\n')
  await idle.heard(/^\+ idling/m)
  await own.command('c', 'SELECT Gone')
  await own.command('d', 'DELETE Gone')
  await until('both to be told', () => [idle, busy].every(wire => wire.closed && /^\* BYE /m.test(wire.said)))
  expect(await own.command('e', 'NOOP')).toBe('e OK Done\r\n')
  await own.command('f', 'SELECT INBOX')
  sandbox.control.imap.renumber(IDA, 'INBOX')
  await until('the end', () => own.closed)
})

test('a wrong password, a second login and strangers are refused', async () => {
  const sandbox = await mailForTest()
  await expect(clientFor(sandbox, { password: 'wrong' })).rejects.toMatchObject({
    authenticationFailed: true,
    serverResponseCode: 'AUTHENTICATIONFAILED',
  })
  await expect(clientFor(sandbox, { email: 'nobody@mail.inlet.test' })).rejects.toMatchObject({
    authenticationFailed: true,
  })
  const wire = await wireFor(sandbox, false)
  const plain = (user: string, password: string) => Buffer.from(`\0${user}\0${password}`).toString('base64')
  expect(await wire.command('a', 'LOGIN x {4+}\r\nnope')).toContain('a NO [AUTHENTICATIONFAILED]')
  expect(await wire.command('b', `AUTHENTICATE PLAIN ${plain(IDA, 'no')}`)).toContain(
    'b NO [AUTHENTICATIONFAILED]',
  )
  expect(await wire.command('c', 'AUTHENTICATE CRAM-MD5')).toContain('c NO')
  expect(await wire.command('d', 'LIST "" *')).toMatch(/^d BAD/)
  wire.socket.write('e AUTHENTICATE PLAIN\r\n')
  await wire.heard(/^\+ /m)
  wire.socket.write(`${plain(JAN, 'demo')}\r\n`)
  await wire.heard(/^e OK/m)
  expect(await wire.command('f', `LOGIN ${IDA} demo`)).toMatch(/^f BAD/)
  wire.socket.write('g LOGOUT\r\n')
  await until('the end', () => wire.closed)
  expect(wire.said).toMatch(/\* BYE .*\r\ng OK Logged out\r\n$/)
})
