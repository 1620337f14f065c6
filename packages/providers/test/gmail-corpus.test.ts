import type { Fetched } from '@inlet/sync/provider-port'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SandboxWorld, sandboxWorld, testAccount } from './sandbox-world.ts'

const never = new AbortController().signal
const CORPUS = 6_046

describe('real and broken mail, through Gmail’s API to a message of ours', { timeout: 120_000 }, () => {
  let world: SandboxWorld
  beforeAll(async () => {
    world = await sandboxWorld()
  })
  afterAll(() => world.close())

  const read = async (
    account: ReturnType<typeof testAccount>,
    ids: string[],
  ): Promise<Map<string, Fetched>> => {
    const outcomes = new Map<string, Fetched>()
    for await (const fetched of world.port.fetch(
      account.conn,
      'mailbox',
      ids,
      { bodies: true, priority: 'backfill' },
      never,
    )) {
      expect(outcomes.has(fetched.id)).toBe(false)
      outcomes.set(fetched.id, fetched)
    }
    return outcomes
  }

  test('every message of the corpus is listed once and read', async () => {
    const account = testAccount(world.sandbox, world.port, 'corpus@inlet.test', 'all')
    const ids: string[] = []
    for (let position: string | null = null, page = 0; page < 100; page++) {
      const listed: Awaited<ReturnType<typeof world.port.list>> = await world.port.list(
        account.conn,
        'mailbox',
        'all',
        position,
        never,
      )
      ids.push(...listed.items.map(item => item.id))
      position = listed.next
      if (position === null) break
    }
    expect(new Set(ids).size).toBe(CORPUS)
    const outcomes = await read(account, ids)
    expect(outcomes.size).toBe(CORPUS)
    let senders = 0
    let readable = 0
    for (const fetched of outcomes.values()) {
      if (fetched.outcome !== 'message') throw new Error(`${fetched.id}: ${JSON.stringify(fetched)}`)
      const { message } = fetched
      const json = JSON.stringify(message, (_key, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      )
      expect(json).not.toMatch(/\\u0000/)
      expect(json).not.toMatch(/\\ud[89a-f]/i)
      if (message.from.email.includes('@')) senders++
      if (message.body?.text?.trim() || message.body?.html?.trim() || message.attachments.length > 0)
        readable++
    }
    // Measured: a few of the corpus' spam messages have neither a sender nor a body.
    expect(senders).toBeGreaterThan(CORPUS * 0.99)
    expect(readable).toBeGreaterThan(CORPUS * 0.995)
  })

  test('truncated, binary, bare and 25 MB messages are read too', async () => {
    const account = testAccount(world.sandbox, world.port, 'broken@inlet.test')
    const whole = `From: a@x.test\r\nSubject: cut\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from('<p>Grüße</p>'.repeat(200)).toString('base64')}\r\n--b--\r\n`
    const attachment = Buffer.alloc(18 * 1024 * 1024, 'x').toString('base64')
    const raw: (string | Buffer)[] = [
      '',
      '\r\n\r\n',
      'Subject',
      'Subject: only a header',
      ...[10, 60, 120, 180, 500, 1_000].map(length => whole.slice(0, length)),
      Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7_919) % 256)),
      Buffer.concat([
        Buffer.from(
          'Subject: \xff\xfe\0\x01 binary\r\nContent-Type: text/plain; charset=\0\xff\r\n\r\n',
          'latin1',
        ),
        Buffer.alloc(5_000, 0),
      ]),
      `Subject: deep\r\n${'Content-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\n'.repeat(300)}`,
      `Subject: ${'=?utf-8?Q?=C3?= '.repeat(5_000)}\r\n\r\nlong header`,
      `From: a@x.test\r\nSubject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n${'a line of text that goes on\r\n'.repeat(90_000)}\r\n--b\r\nContent-Type: application/zip; name=big.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${attachment}\r\n--b--\r\n`,
    ]
    const ids = raw.map(each => world.sandbox.control.deliver('broken@inlet.test', each).id)
    const outcomes = await read(account, ids)
    expect([...outcomes.values()].map(each => each.outcome)).toEqual(ids.map(() => 'message'))
    const large = outcomes.get(ids.at(-1) ?? '')
    if (large?.outcome !== 'message') throw new Error('the large message was not read')
    // A text over 1 MB is kept apart by Gmail and fetched separately.
    expect(large.message.body?.text?.length).toBeGreaterThan(2_000_000)
    expect(large.message.attachments).toMatchObject([{ filename: 'big.zip', sizeBytes: 18 * 1024 * 1024 }])
    const bytes = await world.port.attachment(
      account.conn,
      ids.at(-1) ?? '',
      large.message.attachments[0]?.partId ?? '',
      never,
    )
    expect(bytes.byteLength).toBe(18 * 1024 * 1024)
  })
})
