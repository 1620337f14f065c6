import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'

export interface RedisServer {
  url: string
  port: number
  /** Stops answering, as a machine under load does, with all connections open. */
  pause(): void
  resume(): void
  /** Ends the server and removes its folder. Idempotent. */
  stop(): Promise<void>
}

const START_LIMIT_MS = 10_000

/** A real redis-server without persistence, on a free port of 127.0.0.1; resolves when it answers PING. */
export async function startRedis(): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const folder = await mkdtemp(join(tmpdir(), 'inlet-redis-'))
    const args = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
    ]
    const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const stop = once(async () => {
      await end(server)
      await rm(folder, { recursive: true, force: true })
    })
    try {
      await answersPing(server, port)
    } catch (error) {
      await stop()
      // Somebody else took the port between the look and the start.
      if (attempt < 3 && error instanceof Error && /in use/i.test(error.message)) continue
      throw error
    }
    return {
      url: `redis://127.0.0.1:${port}`,
      port,
      pause: () => void server.kill('SIGSTOP'),
      resume: () => void server.kill('SIGCONT'),
      stop,
    }
  }
}

async function answersPing(server: ChildProcess, port: number): Promise<void> {
  let said = ''
  const hear = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000)
  }
  server.stdout?.on('data', hear)
  server.stderr?.on('data', hear)
  const gone = new Promise<never>((_, reject) => {
    server.once('error', error => {
      const missing = 'code' in error && error.code === 'ENOENT'
      reject(
        missing ? new Error('redis-server is not installed. On Debian: apt-get install redis-server') : error,
      )
    })
    server.once('exit', code =>
      reject(new Error(`redis-server ended with ${code} before it answered: ${said}`)),
    )
  })
  gone.catch(() => {})
  const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => {})
  try {
    const until = Date.now() + START_LIMIT_MS
    for (;;) {
      const answer = redis.connect().then(() => redis.ping())
      if (await Promise.race([answer.catch(() => null), gone])) return
      if (Date.now() > until)
        throw new Error(`redis-server did not answer PING in ${START_LIMIT_MS} ms: ${said}`)
      await sleep(20)
    }
  } finally {
    redis.disconnect()
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
  const exited = new Promise<void>(resolve => server.once('exit', () => resolve()))
  // A stopped process can not act on SIGTERM, and there is nothing to save.
  server.kill('SIGKILL')
  await exited
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  return () => {
    running ??= work()
    return running
  }
}
