import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { control, rfc822 } from '../helpers.ts'
import { failureOf, graphFor, messages, OLGA, outlookForTest, PAUL, subjects } from './helpers.ts'

const CLI = new URL('../../src/deliver-cli.ts', import.meta.url).pathname
const GMAIL = 'gina@inlet.test'

test('the deliver command reaches whoever has the address', async () => {
  const sandbox = await outlookForTest({}, { accounts: [{ email: GMAIL }] })
  const dir = mkdtempSync(join(tmpdir(), 'inlet-deliver-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'some.eml')
  writeFileSync(file, rfc822({ subject: 'From a file' }))
  const env = { ...process.env, INLET_SANDBOX_URL: sandbox.url }
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [CLI, ...args], { env })
  expect((await run(file, '--to', OLGA)).stdout).toMatch(/^some\.eml: delivered as AAk\S+\n$/)
  await run(file, '--to', GMAIL)
  await run('--generate', '3', '--to', PAUL)
  expect(subjects(await messages(graphFor(sandbox)))).toEqual(['From a file'])
  expect(sandbox.control.mailbox(GMAIL).size).toBe(1)
  expect(await messages(graphFor(sandbox, { email: PAUL }))).toHaveLength(3)
  await expect(run(file, '--to', 'nobody@x.test')).rejects.toMatchObject({
    stdout: expect.stringContaining(OLGA),
  })
})

test('timed deliveries reach Outlook too', async () => {
  const sandbox = await outlookForTest()
  const { body } = await control(sandbox, 'deliver', {
    account: OLGA,
    generate: { count: 2, ratePerSecond: 1000 },
  })
  expect(body.delivery).toMatchObject({ account: OLGA, count: 2 })
})

test('accounts are made by request; an address belongs to one provider', async () => {
  const sandbox = await outlookForTest({}, { accounts: [{ email: GMAIL }] })
  const made = await control(sandbox, 'microsoft/accounts', { email: 'New@outlook.inlet.test', messages: 55 })
  expect(made).toMatchObject({ status: 201, body: { email: 'new@outlook.inlet.test', messages: 55 } })
  expect((await control(sandbox, 'microsoft/accounts', { email: GMAIL })).status).toBe(409)
  expect((await control(sandbox, 'accounts', { email: OLGA })).status).toBe(409)
})

test('what the control API does not know it refuses', async () => {
  const sandbox = await outlookForTest()
  for (const [path, body, code] of [
    ['token', { account: 'nobody@x.test' }, 'no_such_account'],
    ['token', { acount: OLGA }, 'unknown_field'],
    ['revoke', { reason: 'boredom' }, 'invalid_field'],
    ['lifecycle', { event: 'missed', subscription: 'x' }, 'no_such_subscription'],
    ['move', { from: 'inbox', to: 'nowhere' }, 'no_such_folder'],
    ['nothing', {}, 'no_such_route'],
  ] as const) {
    const answer = await control(sandbox, `microsoft/${path}`, body)
    expect([path, (answer.body.error as { code: string }).code]).toEqual([path, code])
  }
})

test('a reset takes everything of Microsoft along', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  sandbox.control.deliver(OLGA, rfc822())
  await control(sandbox, 'reset', {})
  expect(await failureOf(client.api('/me/messages').get())).toMatchObject({ status: 401 })
  expect(await messages(graphFor(sandbox))).toEqual([])
  sandbox.control.deliver(OLGA, rfc822())
  expect(await messages(graphFor(sandbox))).toHaveLength(1)
})

test('the log and the state tell what was asked, by route and code', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  await messages(client)
  await failureOf(client.api('/me/messages/nonsense').get())
  expect(sandbox.control.log.recent().at(-1)).toMatchObject({
    account: OLGA,
    status: 400,
    reason: 'ErrorInvalidIdMalformed',
  })
  const { requests, microsoft } = sandbox.control.state() as {
    requests: object
    microsoft: { accounts: object[] }
  }
  expect(requests).toMatchObject({
    'GET /v1.0/me/mailFolders/:folder/messages 200': 1,
    'GET /v1.0/me/messages/:id 400': 1,
  })
  expect(microsoft.accounts).toMatchObject([{ email: OLGA }, { email: PAUL }])
})
