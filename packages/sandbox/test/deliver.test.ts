import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { deliver } from '../src/deliver.ts'
import { ANNA, BEN, rfc822, sandboxForTest } from './helpers.ts'

const CLI = new URL('../src/deliver-cli.ts', import.meta.url).pathname

function emlFile(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'inlet-deliver-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'mail.eml'), text)
  return join(dir, 'mail.eml')
}

test('files arrive byte for byte, and one bad file does not stop the rest', async () => {
  const sandbox = await sandboxForTest()
  const text = rfc822({ subject: 'From a file' })
  const results = await deliver(['missing.eml', emlFile(text)], { url: sandbox.url, account: BEN })
  expect(results[0]).toMatchObject({
    file: 'missing.eml',
    id: null,
    error: expect.stringContaining('ENOENT'),
  })
  const mailbox = sandbox.control.mailbox(BEN)
  const message = mailbox.get(results[1]?.id ?? '')
  expect(message && mailbox.raw(message).toString()).toBe(text)
})

test('the command prints one line a file, generates, and says when no sandbox answers', async () => {
  const sandbox = await sandboxForTest()
  const run = (args: string[], url = sandbox.url) =>
    promisify(execFile)(process.execPath, [CLI, ...args], {
      env: { ...process.env, INLET_SANDBOX_URL: url, INLET_SANDBOX_ACCOUNT: ANNA },
    })
  expect((await run([emlFile(rfc822())])).stdout).toMatch(/^mail\.eml: delivered as [0-9a-f]{16}\n$/)
  expect((await run(['--generate', '3'])).stdout).toBe('3 messages delivered\n')
  expect(sandbox.control.mailbox(ANNA).size).toBe(4)
  await expect(run(['--generate', '1'], 'http://127.0.0.1:9')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('No sandbox answers'),
  })
})
