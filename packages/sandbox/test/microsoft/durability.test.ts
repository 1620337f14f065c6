import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Message } from '@microsoft/microsoft-graph-types'
import { expect, onTestFinished, test } from 'vitest'
import { DEFAULT_ENTRA_CLIENT } from '../../src/microsoft/entra/clients.ts'
import { startSandbox } from '../../src/sandbox.ts'
import { rfc822, until } from '../helpers.ts'
import {
  arrive,
  failureOf,
  graphFor,
  IMMUTABLE,
  letter,
  messages,
  OLGA,
  outlookForTest,
  PAUL,
  page,
  round,
  subjects,
} from './helpers.ts'
import { hookForTest, subscribe, wanted } from './hook.ts'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname
const INBOX = '/me/mailFolders/inbox/messages/delta'
const ACCOUNTS = [{ email: OLGA, name: 'Olga Test', messages: 60 }, { email: PAUL }]

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'inlet-outlook-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function spawnSandbox(dataDir: string): Promise<{ url: string; kill: () => Promise<void> }> {
  const child = spawn(
    process.execPath,
    [
      MAIN,
      '--port',
      '0',
      '--data',
      dataDir,
      '--account',
      'g@inlet.test',
      '--outlook',
      `${OLGA}:60:Olga Test`,
      '--imap',
      'none',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
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

test('kill -9 in the middle of a burst: what was acknowledged is there, links and tokens work, notices arrive', async () => {
  const dir = folder()
  const hook = await hookForTest()
  const first = await spawnSandbox(dir)
  const post = async (path: string, body: object, headers = {}): Promise<Record<string, string>> => {
    const response = await fetch(first.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return (await response.json()) as Record<string, string>
  }
  const { access_token = '', refresh_token = '' } = await post('/control/microsoft/token', { account: OLGA })
  const headers = {
    authorization: `Bearer ${access_token}`,
    'content-type': 'application/json',
    prefer: IMMUTABLE,
  }
  const { id: subscriptionId } = await post('/v1.0/subscriptions', wanted(hook), headers)
  hook.answers.push(...Array<number>(500).fill(503))
  const start = (await (
    await fetch(`${first.url}/v1.0${INBOX}?$select=subject`, {
      headers: { ...headers, prefer: `${IMMUTABLE}, odata.maxpagesize=1000` },
    })
  ).json()) as Record<string, string>
  const deltaLink = start['@odata.deltaLink'] ?? ''
  const acknowledged = new Map<string, string>()
  let killed: Promise<void> | undefined
  const lane = async (number: number): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      try {
        const subject = `burst ${number}.${i}`
        const raw = Buffer.from(rfc822({ subject })).toString('base64')
        const { id } = await post('/control/deliver', { account: OLGA, raw })
        if (id !== undefined) acknowledged.set(id, subject)
        if (acknowledged.size === 50) killed = first.kill()
      } catch {
        return // the process is gone
      }
    }
  }
  await Promise.all([1, 2, 3].map(lane))
  await killed
  expect(acknowledged.size).toBeGreaterThanOrEqual(50)

  const before = hook.posts.length
  hook.answers.length = 0
  const sandbox = await outlookForTest({ accounts: ACCOUNTS }, { dataDir: dir })
  const client = graphFor(sandbox, { prefer: `${IMMUTABLE}, odata.maxpagesize=1000` })
  const { entries } = await round(client, deltaLink)
  const shown = new Map(entries.map(entry => [entry.id, entry.subject]))
  for (const [id, subject] of acknowledged) expect(shown.get(id)).toBe(subject)
  expect(shown.size - acknowledged.size).toBeLessThanOrEqual(3)
  expect(
    (await fetch(`${sandbox.url}/v1.0/me`, { headers: { authorization: `Bearer ${access_token}` } })).status,
  ).toBe(200)
  const form = {
    client_id: DEFAULT_ENTRA_CLIENT.id,
    client_secret: DEFAULT_ENTRA_CLIENT.secret,
    grant_type: 'refresh_token',
    refresh_token,
  }
  expect(
    (
      await fetch(`${sandbox.url}/common/oauth2/v2.0/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      })
    ).status,
  ).toBe(200)
  expect(((await client.api('/subscriptions').get()) as { value: { id: string }[] }).value).toMatchObject([
    { id: subscriptionId },
  ])
  const told = (): Set<unknown> =>
    new Set(
      hook.posts
        .slice(before)
        .flatMap(({ items }) => items.map(item => (item.resourceData as { id?: string }).id)),
    )
  await until('every owed notification', () => [...acknowledged.keys()].every(id => told().has(id)))
})

test('a restart gives the same folders, messages, ids, marks, subscriptions and dead links', async () => {
  const dir = folder()
  const options = { dataDir: dir, accounts: [], microsoft: { accounts: ACCOUNTS } }
  const sandbox = await startSandbox(options)
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const hook = await hookForTest()
  await subscribe(client, hook)
  const id = arrive(sandbox, 'One')
  await client.api(`/me/messages/${id}`).patch({ categories: ['Kept'], flag: { flagStatus: 'complete' } })
  const { id: made } = (await client.api('/me/mailFolders').post({ displayName: 'Kept' })) as { id: string }
  await client.api(`/me/messages/${id}/move`).post({ destinationId: made })
  const draft = (await client.api('/me/messages').post(letter(PAUL, 'Unsent'))) as Message
  const { deltaLink } = await round(client, INBOX)
  sandbox.control.microsoft.expireDelta(OLGA, 'inbox')
  const kept = await round(client, `/me/mailFolders/${made}/messages/delta`)
  const snapshot = async (now: typeof sandbox): Promise<unknown> => {
    const reader = graphFor(now)
    const state = now.control.microsoft.state() as { accounts: object[] }
    return [state.accounts, await messages(reader, '/me/messages?$top=100')]
  }
  const before = await snapshot(sandbox)
  await sandbox.close()
  const again = await outlookForTest({ accounts: ACCOUNTS }, { dataDir: dir })
  expect(await snapshot(again)).toEqual(before)
  const reader = graphFor(again, { prefer: IMMUTABLE })
  expect(await failureOf(page(reader, deltaLink))).toMatchObject({ status: 410 })
  expect((await round(reader, kept.deltaLink)).entries).toEqual([])
  await reader.api(`/me/messages/${draft.id}/send`).post({})
  expect(subjects(await messages(graphFor(again, { email: PAUL })))).toEqual(['Unsent'])
})

test('mail that waited in the Outbox goes out after a restart, once', async () => {
  const dir = folder()
  const sandbox = await startSandbox({ dataDir: dir, accounts: [], microsoft: { accounts: ACCOUNTS } })
  sandbox.control.addFault({ kind: 'send.lag', ms: 600_000 })
  await graphFor(sandbox)
    .api('/me/sendMail')
    .post({ message: letter(PAUL, 'Waiting') })
  await sandbox.close()
  for (let start = 1; start <= 2; start++) {
    const again = await startSandbox({ dataDir: dir, accounts: [], microsoft: { accounts: ACCOUNTS } })
    expect(subjects(await messages(graphFor(again, { email: PAUL })))).toEqual(['Waiting'])
    expect(await messages(graphFor(again), '/me/mailFolders/outbox/messages')).toEqual([])
    await again.close()
  }
})

test('change numbers never run backwards, also when all changes were forgotten before a restart', async () => {
  const dir = folder()
  const options = { dataDir: dir, accounts: [], microsoft: { accounts: [{ email: OLGA }] } }
  const sandbox = await startSandbox(options)
  arrive(sandbox, 'One')
  const floor = sandbox.control.microsoft.mailbox(OLGA).expireChanges()
  await sandbox.close()
  const again = await outlookForTest({ accounts: [{ email: OLGA }] }, { dataDir: dir })
  expect(again.control.microsoft.mailbox(OLGA).changes.current).toBeGreaterThanOrEqual(floor)
})
