import { join } from 'node:path'
import { spawnNode } from '../../../scripts/start/child.ts'
import { httpReady } from '../../../scripts/start/http-ready.ts'
import { freePort } from '../../../scripts/start/ports.ts'
import { root } from '../../../scripts/start/root.ts'
import type { Context } from './bench.ts'

/** A sandbox in a process of its own, without quota, in memory. Returns its address. */
export async function startSandboxProcess(
  context: Context,
  account: string,
  { outlook = 'none' }: { outlook?: string } = {},
): Promise<string> {
  const port = await freePort()
  const folder = await context.folder('sandbox')
  const script = join(root, 'packages', 'sandbox', 'src', 'main.ts')
  const accounts = ['--account', account, '--outlook', outlook, '--imap', 'none']
  const child = spawnNode([script, '--port', String(port), ...accounts, '--quota', 'off'], {
    name: 'sandbox',
    logFile: join(folder, 'sandbox.log'),
    cwd: root,
    env: {},
    graceMs: 2_000,
  })
  context.onEnd(() => child.stop())
  const url = `http://127.0.0.1:${port}`
  const ready = { signal: context.signal, timeoutMs: 180_000, accept: () => true }
  await httpReady(`${url}/`, child, ready)
  return url
}
