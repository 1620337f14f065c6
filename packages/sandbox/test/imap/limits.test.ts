import { expect, test } from 'vitest'
import { rfc822, until } from '../helpers.ts'
import { clientFor, IDA, mailForTest, wireFor } from './helpers.ts'

const connections = (sandbox: Awaited<ReturnType<typeof mailForTest>>): number =>
  (sandbox.control.imap.state() as { connections: number }).connections

test('garbage is BAD, and the connection goes on', async () => {
  const sandbox = await mailForTest()
  const wire = await wireFor(sandbox)
  await wire.command('a', 'SELECT INBOX')
  for (const text of [
    '',
    'FROBNICATE',
    'UID',
    'UID NOOP',
    'UID FETCH',
    'FETCH x FLAGS',
    'FETCH 1 (FLAGS',
    'FETCH 1 FLAGS)',
    'SELECT "INBOX',
    'SELECT INBOX extra',
    'SELECT (INBOX)',
    'STORE 1 FLAG (x)',
    'LOGIN {2}x',
    `SEARCH ${'('.repeat(200)}`,
    'constructor',
    '__proto__',
    'NOOP\0',
    'STATUS INBOX',
  ])
    expect([text, await wire.command('x', text)]).toEqual([text, expect.stringMatching(/^x BAD /m)])
  wire.said = ''
  wire.socket.write('\r\n\0\0\r\n{}\r\n\xff\xfe\r\nlonely\r\n', 'latin1')
  await wire.heard(/(\* BAD .*\r\n){5}/)
  expect(await wire.command('y', 'NOOP')).toBe('y OK Done\r\n')
})

test('lines and literals have a limit', async () => {
  const sandbox = await mailForTest({ limits: { literalBytes: 20_000 } })
  const wire = await wireFor(sandbox)
  expect(await wire.command('a', `NOOP ${'x'.repeat(70_000)}`)).toContain('a BAD The line is too long')
  expect(await wire.command('b', 'APPEND INBOX {20001}')).toContain('b NO [TOOBIG]')
  expect(await wire.command('c', 'NOOP')).toBe('c OK Done\r\n')
  wire.socket.write('d APPEND INBOX {20001+}\r\n')
  await until('the end', () => wire.closed)
  expect(wire.said).toContain('d NO [TOOBIG]')
  const stranger = await wireFor(sandbox, false)
  expect(await stranger.command('e', 'LOGIN {9000}')).toContain('e NO [TOOBIG]')
})

test('too many connections are turned away', async () => {
  const sandbox = await mailForTest({ limits: { connections: 2 } })
  await wireFor(sandbox, false)
  await wireFor(sandbox, false)
  const third = await wireFor(sandbox, false)
  expect(third.said).toContain('* BYE')
})

test('a silent connection is closed', async () => {
  const sandbox = await mailForTest({ limits: { idleMs: 300 } })
  const wire = await wireFor(sandbox, false)
  await until('the end', () => wire.closed && connections(sandbox) === 0)
  expect(wire.said).toContain('* BYE You were silent')
})

test('a client that does not read is cut off, whether it asked or is told', async () => {
  const sandbox = await mailForTest({ limits: { waitingBytes: 100_000, waitingMs: 300 } })
  for (let i = 0; i < 10; i++) sandbox.control.deliver(IDA, rfc822({ body: 'x'.repeat(2_000_000) }))
  const wire = await wireFor(sandbox)
  await wire.command('a', 'SELECT INBOX')
  wire.socket.pause()
  wire.socket.write('b FETCH 1:* BODY[]\r\n')
  await until('the cut', () => connections(sandbox) === 0)
  const deaf = await wireFor(sandbox)
  for (let i = 0; i < 3000; i++) sandbox.control.deliver(IDA, rfc822())
  await deaf.command('a', 'SELECT INBOX')
  deaf.socket.write('b IDLE\r\n')
  await deaf.heard(/^\+ idling/m)
  deaf.socket.pause()
  const which = { folder: 'INBOX' }
  for (let i = 0; i < 400 && connections(sandbox) > 0; i++) {
    if (i % 2 === 0) sandbox.control.imap.setFlags(which, ['\\Flagged'], [])
    else sandbox.control.imap.setFlags(which, [], ['\\Flagged'])
    await new Promise(resolve => setImmediate(resolve))
  }
  await until('the cut', () => connections(sandbox) === 0)
})

test('faults: a lost answer, a cut connection, a refusal, a silence', async () => {
  const sandbox = await mailForTest()
  const { control } = sandbox
  const wire = await wireFor(sandbox)
  control.addFault({
    kind: 'imap.refuse',
    match: { method: 'SELECT', account: IDA },
    reason: 'INUSE',
    count: 1,
  })
  expect(await wire.command('a', 'SELECT INBOX')).toContain('a NO [INUSE]')
  expect(await wire.command('b', 'SELECT INBOX')).toContain('b OK')
  control.addFault({ kind: 'imap.lost', match: { method: 'CREATE' } })
  wire.socket.write('c CREATE Made\r\n')
  await until('the cut', () => wire.closed)
  expect(control.imap.mailbox(IDA).find('Made')).toBeDefined()
  control.clearFaults()
  control.addFault({ kind: 'imap.refuse', match: { method: 'LOGIN', account: IDA }, count: 2 })
  await expect(clientFor(sandbox)).rejects.toMatchObject({ authenticationFailed: true })
  const again = await wireFor(sandbox)
  expect(again.said).toContain('in NO [AUTHENTICATIONFAILED]')
  await again.command('d', `LOGIN ${IDA} demo`)
  control.addFault({ kind: 'imap.drop', match: { method: 'NOOP' }, count: 1 })
  again.socket.write('e NOOP\r\n')
  await until('the cut', () => again.closed)
  control.addFault({ kind: 'imap.hang', ms: 600_000, match: { method: 'NOOP' } })
  const hung = await wireFor(sandbox)
  hung.socket.write('f NOOP\r\n')
  await until('the fault to strike', () =>
    control.faults().some(({ kind, struck }) => kind === 'imap.hang' && struck > 0),
  )
  expect(control.imap.disconnect(IDA)).toBe(1)
  await until('the cut', () => hung.closed)
  control.clearFaults()
  control.addFault({ kind: 'imap.hang', ms: 50, match: { method: 'NOOP' } })
  await (await clientFor(sandbox)).noop()
})
