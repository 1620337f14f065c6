import { connectAccount } from '@inlet/sync/connect-account'
import type { Connection } from '@inlet/sync/provider-port'
import { Runner } from '@inlet/sync/runner'
import { FakeProvider } from '@inlet/testkit/fake-provider'
import { afterEach, expect, test, vi } from 'vitest'
import { type EngineWorld, engineWorldOver } from './harness.ts'

/** An account with many folders, whose server takes its time. */
class ManyFolders extends FakeProvider {
  readonly slow = Promise.withResolvers<void>()
  readonly begun: string[] = []
  override email = 'many@example.com'
  override async identify() {
    return { email: this.email, displayName: '' }
  }
  override async resources() {
    const count = this.email.startsWith('many') ? 200 : 1
    return Array.from({ length: count }, (_, at) => ({ key: `${at}`, name: `${at}`, watched: false }))
  }
  override async currentCursor(conn: Connection, resource: string, signal: AbortSignal): Promise<string> {
    this.begun.push(conn.email)
    if (conn.email.startsWith('many')) await this.slow.promise
    return await super.currentCursor(conn, resource, signal)
  }
}

let world: EngineWorld | null = null
afterEach(() => world?.close())

test('an account with hundreds of folders leaves a place to every other account', async () => {
  const mailbox = new ManyFolders()
  const made = await engineWorldOver(mailbox)
  world = made as unknown as EngineWorld
  mailbox.email = 'few@example.com'
  const grant = { data: { accessToken: 'a', refreshToken: 'r', expiresAt: made.clock.now() + 3_600_000 } }
  await connectAccount(made.engine, { userId: made.userId, provider: 'gmail', grant }, made.signal)
  const stopping = new AbortController()
  const running = new Runner(made.engine, { concurrency: 8 }).run(stopping.signal)
  try {
    await vi.waitFor(() => expect(mailbox.begun).toContain('few@example.com'), { timeout: 10_000 })
    const many = mailbox.begun.filter(email => email.startsWith('many')).length
    expect(many).toBeGreaterThan(3)
    expect(many).toBeLessThan(8)
  } finally {
    mailbox.slow.resolve()
    stopping.abort(new Error('stop'))
    await running
  }
})
