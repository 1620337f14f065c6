import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startSandbox } from '../../src/sandbox.ts'
import { rfc822, until } from '../helpers.ts'
import { clientFor, IDA, mailForTest, Wire } from './helpers.ts'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname
const ACCOUNTS = [{ email: IDA, messages: 60 }]

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'inlet-imap-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('a restart gives the same folders, numbers, flags, subscriptions, passwords and bytes', async () => {
  const dir = folder()
  const sandbox = await startSandbox({ dataDir: dir, accounts: [], imap: { accounts: ACCOUNTS } })
  const client = await clientFor(sandbox)
  await client.mailboxCreate('Own/Deep')
  await client.mailboxUnsubscribe('Junk')
  await client.mailboxOpen('INBOX')
  await client.messageFlagsAdd('1:2', ['\\Flagged', 'Kept'])
  await client.messageCopy('1', 'Own/Deep')
  await client.messageMove('2', 'Archive')
  await client.messageDelete('1')
  await client.mailboxRename('Own', 'Mine')
  sandbox.control.deliver(IDA, rfc822({ subject: 'Late' }))
  sandbox.control.imap.renumber(IDA, 'Receipts')
  sandbox.control.imap.setPassword(IDA, 'changed')
  const snapshot = async (now: typeof sandbox): Promise<unknown> => {
    const reader = await clientFor(now, { password: 'changed' })
    const all: unknown[] = []
    for (const { path, flags, subscribed } of await reader.list()) {
      const { exists, uidValidity, uidNext, highestModseq } = await reader.mailboxOpen(path)
      const query = { uid: true, flags: true, internalDate: true, source: true }
      const found = exists > 0 ? await reader.fetchAll('1:*', query) : []
      all.push([path, flags, subscribed, uidValidity, uidNext, highestModseq, found])
    }
    await reader.logout()
    return all
  }
  await client.logout()
  const before = await snapshot(sandbox)
  // Connections that are open do not hold it up.
  const open = [sandbox.imap?.port, sandbox.imap?.smtpPort].map(
    port => new Wire(connect(port ?? 0, '127.0.0.1')),
  )
  await until('greetings', () => open.every(({ said }) => said !== ''))
  await sandbox.close()
  await until('their end', () => open.every(({ closed }) => closed))
  const again = await mailForTest({ accounts: ACCOUNTS }, { dataDir: dir })
  expect(await snapshot(again)).toEqual(before)
})

test('kill -9 while mail is appended: what was acknowledged is there, under its number', async () => {
  const dir = folder()
  const child = spawn(
    process.execPath,
    [MAIN, '--port', '0', '--imap-port', '0', '--smtp-port', '0', '--data', dir].concat([
      '--account',
      'g@inlet.test',
      '--outlook',
      'none',
      '--imap',
      IDA,
    ]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await until('the sandbox to listen', () => /IMAP on port \d+/.test(output))
  const socket = connect(Number(/IMAP on port (\d+)/.exec(output)?.[1]), '127.0.0.1')
  const wire = new Wire(socket)
  await wire.command('a', `LOGIN ${IDA} demo`)
  for (let i = 0; i < 500; i++) {
    const raw = rfc822({ subject: `Number ${i}` })
    socket.write(`t${i} APPEND INBOX {${raw.length}+}\r\n${raw}\r\n`)
  }
  const acknowledged = (): number[] =>
    [...wire.said.matchAll(/^t(\d+) OK \[APPENDUID/gm)].map(found => Number(found[1]))
  await until('some', () => acknowledged().length >= 20)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  await until('the end', () => wire.closed)
  const again = await mailForTest({ accounts: [] }, { dataDir: dir })
  const found = again.control.imap
    .messages(IDA, 'INBOX')
    .map(message => (message as { subject: string }).subject)
  expect(found).toEqual(found.map((_, i) => `Number ${i}`))
  expect(found.length).toBeGreaterThanOrEqual(acknowledged().length)
})

test('a taken port refuses the start, before the data folder is touched', async () => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => {
    other.close()
  })
  const { port } = other.address() as { port: number }
  const dataDir = join(folder(), 'not-made')
  for (const imap of [{ port }, { smtpPort: port }])
    await expect(startSandbox({ dataDir, imap })).rejects.toMatchObject({ code: 'EADDRINUSE', port })
})
