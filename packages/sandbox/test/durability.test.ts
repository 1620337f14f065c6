import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startSandbox } from '../src/sandbox.ts'
import { ANNA, base64url, gmailFor, hookForTest, rfc822, sandboxForTest, TOPIC, until } from './helpers.ts'

const MAIN = new URL('../src/main.ts', import.meta.url).pathname

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'inlet-sandbox-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** The real process; resolves with its address once it says that it listens. */
async function spawnSandbox(
  dataDir: string,
  push: string,
): Promise<{ url: string; kill: () => Promise<void> }> {
  const child = spawn(
    process.execPath,
    [MAIN, '--port', '0', '--data', dataDir, '--account', `${ANNA}:40`, '--imap', 'none', '--push', push],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await until('the sandbox to listen', () => /http:\S+/.test(output))
  const exited = once(child, 'exit')
  return {
    url: /http:\S+/.exec(output)?.[0] ?? '',
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

test('kill -9 in the middle of a burst loses nothing that was acknowledged, and owed pushes arrive', async () => {
  const dir = folder()
  const hook = await hookForTest()
  hook.answers.push(...Array<number>(500).fill(503))
  const first = await spawnSandbox(dir, hook.endpoint)
  const post = async (path: string, body: object, headers = {}): Promise<Record<string, string>> => {
    const response = await fetch(first.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return (await response.json()) as Record<string, string>
  }
  const { access_token = '', refresh_token = '' } = await post('/control/token', { account: ANNA })
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
  const watch = await post('/gmail/v1/users/me/watch', { topicName: TOPIC }, headers)
  const acknowledged = new Map<string, string>()
  let killed: Promise<void> | undefined
  const lane = async (number: number): Promise<void> => {
    for (let i = 0; i < 100; i++) {
      try {
        const subject = `burst ${number}.${i}`
        const raw = base64url(rfc822({ subject }))
        const { id } = await post('/gmail/v1/users/me/messages', { raw, labelIds: ['INBOX'] }, headers)
        if (id !== undefined) acknowledged.set(id, subject)
        if (acknowledged.size === 80) killed = first.kill()
      } catch {
        return // the process is gone
      }
    }
  }
  await Promise.all([1, 2, 3, 4].map(lane))
  await killed
  expect(acknowledged.size).toBeGreaterThanOrEqual(80)

  const attempts = hook.pushes.length
  hook.answers.length = 0
  const sandbox = await sandboxForTest({ dataDir: dir, push: { endpoint: hook.endpoint } })
  const mailbox = sandbox.control.mailbox(ANNA)
  for (const [id, subject] of acknowledged) expect(mailbox.get(id)?.index.subject).toBe(subject)
  // At most what was in flight on four connections may be there without an answer.
  expect(mailbox.size - 40 - acknowledged.size).toBeLessThanOrEqual(4)
  const [live] = (sandbox.control.state() as { accounts: { watch: { live: boolean; expiration: number } }[] })
    .accounts
  expect(live?.watch).toMatchObject({ live: true, expiration: Number(watch.expiration) })
  await until('every owed push, up to the newest change', () =>
    hook.pushes.slice(attempts).some(push => push.payload.historyId === mailbox.history.current),
  )
  const gmail = gmailFor(sandbox)
  const token = await fetch(`${sandbox.url}/gmail/v1/users/me/profile`, { headers })
  expect(token.status).toBe(200)
  expect(refresh_token).toMatch(/^1\/\//)
  const history = await gmail.users.history.list({
    userId: 'me',
    startHistoryId: watch.historyId ?? '',
    maxResults: 500,
  })
  const added = new Set(history.data.history?.map(h => h.messagesAdded?.[0]?.message?.id))
  for (const id of acknowledged.keys()) expect(added.has(id)).toBe(true)
  const [sample = ''] = acknowledged.keys()
  const raw = (await gmail.users.messages.get({ userId: 'me', id: sample, format: 'raw' })).data.raw ?? ''
  expect(Buffer.from(raw, 'base64url').toString()).toBe(rfc822({ subject: acknowledged.get(sample) ?? '' }))
})

test('a restart gives the same ids, labels, drafts, history and keys', async () => {
  const dir = folder()
  const options = { dataDir: dir, accounts: [{ email: ANNA, messages: 60 }] }
  const snapshot = async (): Promise<object> => {
    const sandbox = await startSandbox(options)
    const mailbox = sandbox.control.mailbox(ANNA)
    const [jwks, state] = [
      await (await fetch(`${sandbox.url}/oauth2/v3/certs`)).json(),
      sandbox.control.state(),
    ]
    const messages = [...mailbox.newestFirst()].map(m => [m.id, m.threadId, m.labels, m.date, m.history])
    const { accounts } = state as { accounts: object[] }
    const drafts = [...mailbox.drafts.values()]
    await sandbox.close()
    return { jwks, accounts, messages, drafts, account: mailbox.account }
  }
  const sandbox = await startSandbox(options)
  const gmail = gmailFor(sandbox)
  const [newest] = sandbox.control.mailbox(ANNA).newestFirst()
  await gmail.users.messages.modify({
    userId: 'me',
    id: newest?.id ?? '',
    requestBody: { addLabelIds: ['STARRED'] },
  })
  await gmail.users.labels.create({ userId: 'me', requestBody: { name: 'Kept' } })
  await gmail.users.drafts.create({ userId: 'me', requestBody: { message: { raw: base64url(rfc822()) } } })
  sandbox.control.expireHistory(ANNA)
  await sandbox.close()
  const before = await snapshot()
  expect(await snapshot()).toEqual(before)
})

test('a line cut short by a kill is as if it had never been, and the journal goes on', async () => {
  const dir = folder()
  const first = await startSandbox({ dataDir: dir, accounts: [{ email: ANNA }] })
  const { id } = first.control.deliver(ANNA, rfc822())
  await first.close()
  const journal = readdirSync(dir).find(name => name.startsWith('journal-')) ?? ''
  appendFileSync(join(dir, journal), '[["messages:anna@inlet.test","18c0",{"id":"18')
  for (let i = 1; i <= 2; i++) {
    const again = await startSandbox({ dataDir: dir, accounts: [{ email: ANNA }] })
    expect([...again.control.mailbox(ANNA).newestFirst()].map(m => m.id)).toContain(id)
    expect(again.control.mailbox(ANNA).size).toBe(i)
    again.control.deliver(ANNA, rfc822())
    await again.close()
  }
})

test('whoever opens the folder last owns it: the one before refuses to write', async () => {
  const dir = folder()
  const old = await sandboxForTest({ dataDir: dir, accounts: [{ email: ANNA }] })
  const fresh = await sandboxForTest({ dataDir: dir, accounts: [{ email: ANNA }] })
  expect(() => old.control.deliver(ANNA, rfc822())).toThrow(/taken over/)
  expect(fresh.control.deliver(ANNA, rfc822()).id).toBeTruthy()
})

test('a start on a taken port fails without taking the folder from the sandbox that serves it', async () => {
  const dir = folder()
  const accounts = [{ email: ANNA }]
  const serving = await sandboxForTest({ dataDir: dir, accounts })
  const port = Number(new URL(serving.url).port)
  await expect(startSandbox({ dataDir: dir, accounts, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect(serving.control.deliver(ANNA, rfc822()).id).toBeTruthy()
})
