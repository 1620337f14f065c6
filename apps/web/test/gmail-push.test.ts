import { PushRejected } from '@inlet/sync/provider-errors'
import type { PushOutcome } from '@inlet/sync/push-event'
import { describe, expect, it } from 'vitest'
import { gmailPush } from '../src/server/gmail-push.ts'
import type { Call } from '../src/server/handle.ts'

const marked: PushOutcome = { outcome: 'marked', accountIds: ['a1'], ring: true }
const notice = {
  kind: 'notice',
  notice: { provider: 'gmail', mailbox: 'me@x.y', resource: null, pushId: 'p1' },
} as const

type World = {
  body?: AsyncIterable<Uint8Array>
  parsePush?: () => Promise<unknown>
  recordPush?: () => Promise<PushOutcome>
  limit?: (rule: { name: string }, key: string) => Promise<{ ok: boolean; retryAfterS: number }>
}

/** A call that reaches no further than to the port of the store. */
function call(world: World = {}): { call: Call; afterwards: (() => Promise<void>)[] } {
  const afterwards: (() => Promise<void>)[] = []
  const runtime = {
    adapters: { gmail: { parsePush: world.parsePush ?? (async () => notice) } },
    engine: {
      store: { recordPush: world.recordPush ?? (async () => marked) },
      bus: { ring: async () => {} },
      world: { now: () => 1_000 },
    },
    metrics: { push: () => {} },
    limit: world.limit ?? (async () => ({ ok: true, retryAfterS: 0 })),
    config: { trustedProxies: 1 },
    kick: async () => {},
  }
  const request = {
    method: 'POST',
    url: 'http://inlet/api/webhooks/gmail',
    headers: new Headers({ 'x-forwarded-for': '192.0.2.7' }),
    body: world.body ?? chunks(1, 10),
  }
  const made = { request, params: {}, runtime, signal: new AbortController().signal }
  const later = (work: () => Promise<void>) => void afterwards.push(work)
  return { call: { ...made, afterwards: later } as unknown as Call, afterwards }
}

async function* chunks(count: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(bytes)
}

describe('the webhook of Gmail', () => {
  it('answers 204 once the mark is durable, not before, and works after the answer', async () => {
    const mark = Promise.withResolvers<PushOutcome>()
    const { call: made, afterwards } = call({ recordPush: () => mark.promise })
    let status: number | null = null
    const answered = Promise.resolve(gmailPush(made)).then(answer => {
      status = (answer as Response).status
    })
    for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
    expect([status, afterwards.length]).toEqual([null, 0])
    mark.resolve(marked)
    await answered
    expect([status, afterwards.length]).toEqual([204, 1])
  })

  it('is no success when the mark could not be written: Pub/Sub sends it again', async () => {
    const { call: made } = call({ recordPush: () => Promise.reject(new Error('the database is away')) })
    await expect(gmailPush(made)).rejects.toThrow('the database is away')
  })

  it('acknowledges what names nobody here or cannot be read, and records it', async () => {
    const recorded: PushOutcome['outcome'][] = []
    for (const [outcome, push] of [
      ['unknown_mailbox', notice],
      ['undecodable', { kind: 'undecodable', problem: 'no data', pushId: null }],
    ] as const) {
      const recordPush = async () => {
        recorded.push(outcome)
        return { outcome, accountIds: [], ring: false }
      }
      const { call: made, afterwards } = call({ recordPush, parsePush: async () => push })
      expect(((await gmailPush(made)) as Response).status).toBe(204)
      expect(afterwards).toEqual([])
    }
    expect(recorded).toEqual(['unknown_mailbox', 'undecodable'])
  })

  it('counts only callers that could not prove to be Pub/Sub, and slows them down', async () => {
    const counted: string[] = []
    const limit: World['limit'] = async ({ name }, key) => {
      counted.push(`${name} ${key}`)
      return { ok: counted.length <= 2, retryAfterS: 30 }
    }
    await gmailPush(call({ limit }).call)
    expect(counted).toEqual([])
    const parsePush = () => Promise.reject(new PushRejected('expired', 'The push token has expired.'))
    await expect(gmailPush(call({ limit, parsePush }).call)).rejects.toMatchObject({ code: 'push_rejected' })
    expect(counted).toEqual(['unverified-push 192.0.2.7', 'unverified-push-all all'])
    await expect(gmailPush(call({ limit, parsePush }).call)).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retryAfter: 30 },
    })
  })

  it('reads no more than 64 KiB, whatever the headers say', async () => {
    let read = 0
    async function* endless() {
      for (; read < 1_000; read++) yield new Uint8Array(8 * 1024)
    }
    const parsePush = () => Promise.reject(new Error('It was parsed.'))
    await expect(gmailPush(call({ body: endless(), parsePush }).call)).rejects.toMatchObject({
      code: 'too_large',
    })
    expect(read).toBeLessThan(10)
    expect(((await gmailPush(call({ body: chunks(8, 8 * 1024) }).call)) as Response).status).toBe(204)
  })
})
