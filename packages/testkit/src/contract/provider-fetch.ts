import type { ProviderError } from '@inlet/sync/provider-errors'
import type { Fetched } from '@inlet/sync/provider-port'
import { expect, test } from 'vitest'
import { caught } from './provider-failures.ts'
import { collect } from './provider-pages.ts'
import { sampleMail } from './provider-sample.ts'
import { never, type Stage } from './provider-stage.ts'

export function fetchContract(stage: Stage): void {
  const { fetchAll, message, resourceOf } = stage

  test('gives each id exactly one outcome: what is there, what is gone, what cannot be read', async () => {
    const account = await stage.newAccount()
    const there = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
    const gone = await account.deliver(sampleMail())
    const broken = await account.deliver(sampleMail())
    await account.delete(gone)
    account.fault.breakItem(broken)
    const fetched = await fetchAll(account, [broken, ...there, gone])
    const outcomes = Object.fromEntries(fetched.map(each => [each.id, each.outcome]))
    expect(fetched).toHaveLength(4)
    expect(outcomes).toEqual({
      [there[0] ?? '']: 'message',
      [there[1] ?? '']: 'message',
      [gone]: 'missing',
      [broken]: 'failed',
    })
    const failure = fetched.find(each => each.outcome === 'failed')
    expect(failure).toMatchObject({
      code: expect.stringMatching(/^\w+$/),
      message: expect.stringMatching(/\w+ \w+/),
    })
  })

  test('of only a broken message is a failed item, not a failed account', async () => {
    const account = await stage.newAccount()
    const broken = await account.deliver(sampleMail())
    account.fault.breakItem(broken)
    expect((await fetchAll(account, [broken])).map(each => each.outcome)).toEqual(['failed'])
  })

  if (!stage.traits.mirrorOnly)
    test('reads a whole message', async () => {
      const account = await stage.newAccount()
      const id = await account.deliver(
        sampleMail({
          subject: '=?utf-8?B?R3LDvMOfZQ==?=',
          text: 'Straße & <b>',
          parts: true,
          messageId: '<whole@example.test>',
        }),
      )
      expect(await message(account, id)).toMatchObject({
        id,
        subject: 'Grüße',
        from: { name: 'Ada Lovelace', email: 'ada@example.test' },
        to: [
          { name: 'Bob', email: 'bob@example.test' },
          { name: '', email: 'carol@example.test' },
        ],
        sentAt: Date.UTC(2026, 10, 20, 10),
        messageIdHeader: '<whole@example.test>',
        unread: true,
        starred: false,
        draft: false,
        attachments: [
          { filename: 'dot.gif', mimeType: 'image/gif', inline: true, contentId: 'dot@example.test' },
          { filename: 'report.pdf', mimeType: 'application/pdf', inline: false, contentId: null },
        ],
        body: { html: expect.stringContaining('Straße & <b>'), warning: null },
      })
    })

  test('without bodies tells the same of everything else', async () => {
    const account = await stage.newAccount()
    const id = await account.deliver(sampleMail({ parts: true }))
    const { body, ...full } = await message(account, id, true)
    const { body: none, ...light } = await message(account, id, false)
    expect(body).not.toBeNull()
    expect(none).toBeNull()
    // Where a version says when a state was asked for, the later one is greater.
    expect(light.version).toBeGreaterThanOrEqual(full.version)
    expect({ ...light, version: 0n }).toEqual({ ...full, version: 0n })
  })

  test.each([30, null])(
    'that is throttled (Retry-After %j) throws rate_limited with a time and judges nobody',
    async retryAfter => {
      const account = await stage.newAccount()
      const key = await resourceOf(account)
      const ids = await Promise.all(Array.from({ length: 20 }, () => account.deliver(sampleMail())))
      account.fault.throttle(retryAfter)
      const started = Date.now()
      const seen: Fetched[] = []
      const error = await caught(
        collect(
          stage.port.fetch(account.conn, key, ids, { bodies: true, priority: 'backfill' }, never),
          seen,
        ),
      )
      expect(error).toMatchObject({ kind: 'rate_limited' })
      expect((error as ProviderError).retryAt).toBeGreaterThan(started)
      if (retryAfter !== null)
        expect((error as ProviderError).retryAt).toBeGreaterThanOrEqual(started + retryAfter * 1_000)
      expect(seen).toEqual([])
    },
  )

  test('while the provider is down throws transient and judges nobody', async () => {
    const account = await stage.newAccount()
    const key = await resourceOf(account)
    const ids = await Promise.all(Array.from({ length: 20 }, () => account.deliver(sampleMail())))
    account.fault.outage()
    const seen: Fetched[] = []
    const error = await caught(
      collect(stage.port.fetch(account.conn, key, ids, { bodies: true, priority: 'live' }, never), seen),
    )
    expect(error).toMatchObject({ kind: 'transient' })
    expect(seen).toEqual([])
  })

  test('may be left early', async () => {
    const account = await stage.newAccount()
    const ids = await Promise.all(Array.from({ length: 20 }, () => account.deliver(sampleMail())))
    for await (const first of stage.port.fetch(
      account.conn,
      await resourceOf(account),
      ids,
      { bodies: false, priority: 'live' },
      never,
    )) {
      expect(ids).toContain(first.id)
      break
    }
    expect(await fetchAll(account, ids)).toHaveLength(20)
  })

  test('of nothing asks for nothing', async () => {
    const account = await stage.newAccount()
    await resourceOf(account)
    account.fault.outage()
    expect(await fetchAll(account, [])).toEqual([])
  })
}
