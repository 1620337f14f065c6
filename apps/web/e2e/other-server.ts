import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type ChildExit, spawnNode } from '../../../scripts/start/child.ts'
import { serverEnvironment } from '../../../scripts/start/environment.ts'
import { httpReady } from '../../../scripts/start/http-ready.ts'
import { freePort } from '../../../scripts/start/ports.ts'
import { ensureSecrets } from '../../../scripts/start/secrets.ts'
import { product } from './product.ts'

const web = join(import.meta.dirname, '..')

export type OtherServer = {
  url: string
  /** Asks it to end, as Docker does; resolves with how it did. */
  stop(): Promise<ChildExit>
}

/**
 * A second server over the product's build, database and secrets, without a worker: `ours` as the product's own, `next`
 * as Next alone serves it.
 */
export async function otherServer(kind: 'ours' | 'next'): Promise<OtherServer> {
  const { baseUrl, databaseUrl, sandboxUrl } = product()
  const dataDir = dirname(process.env.INLET_E2E_PRODUCT ?? '')
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'inlet-other-'))
  const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
  const script = kind === 'ours' ? [join(web, 'server', 'main.ts')] : [next, 'start']
  const plain = { PATH: process.env.PATH, INLET_WORKER: '0', INLET_LOG_LEVEL: 'warn' }
  const at = { port, baseUrl, databaseUrl, sandboxUrl }
  const child = spawnNode([...script, '-H', '127.0.0.1', '-p', String(port)], {
    name: kind,
    logFile: join(folder, 'web.log'),
    cwd: web,
    env: serverEnvironment(plain, ensureSecrets(dataDir), dataDir, at),
    graceMs: 10_000,
  })
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    await child.stop()
    await rm(folder, { recursive: true, force: true })
    return await child.exited
  }
  try {
    const signal = AbortSignal.timeout(60_000)
    const accept = (status: number) => status === 200
    await httpReady(`${url}/api/health`, child, { signal, timeoutMs: 60_000, accept })
  } catch (error) {
    await stop()
    throw error
  }
  return { url, stop }
}
