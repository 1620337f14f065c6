import { sampleMail } from '@inlet/testkit/contract/provider-sample'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { withDefaults } from '../src/gmail/config.ts'
import { createGmail } from '../src/gmail.ts'
import { mailProviders } from '../src/registry.ts'
import { type SandboxWorld, sandboxConfig, sandboxWorld } from './sandbox-world.ts'

const never = new AbortController().signal

describe('what is Gmail’s own', () => {
  let world: SandboxWorld
  beforeAll(async () => {
    world = await sandboxWorld()
  })
  afterEach(() => {
    world.calm()
    world.sandbox.control.configureQuota({ mode: 'off' })
  })
  afterAll(() => world.close())

  test('without a topic there is no doorbell', async () => {
    const { conn } = await world.newAccount()
    const { pubsubTopic: _, ...config } = sandboxConfig(world.sandbox)
    expect(
      await createGmail(config).watch(
        conn,
        'mailbox',
        { secret: 's', callbackUrl: null, current: null },
        never,
      ),
    ).toBeNull()
  })

  test('a topic of another project is refused for good', async () => {
    const { conn } = await world.newAccount()
    const gmail = createGmail(sandboxConfig(world.sandbox, { pubsubTopic: 'projects/other/topics/gmail' }))
    await expect(
      gmail.watch(conn, 'mailbox', { secret: 's', callbackUrl: null, current: null }, never),
    ).rejects.toMatchObject({ kind: 'permanent' })
  })

  test('a body or a container is no attachment', async () => {
    const account = await world.newAccount()
    const id = await account.deliver(sampleMail({ parts: true }))
    for (const partId of ['', '0', '0.0'])
      await expect(world.port.attachment(account.conn, id, partId, never)).rejects.toMatchObject({
        kind: 'not_found',
      })
  })

  test('the listing of a label that was deleted before its turn came is empty', async () => {
    const account = await world.newAccount()
    const doomed = await account.makeLabel('Doomed')
    await account.relabel(await account.deliver(sampleMail()), { add: [doomed] })
    const listing = (await world.port.listings(account.conn, 'mailbox', never)).find(
      each => each.labelId === doomed,
    )
    await world.sandbox.control.mailbox(account.conn.email).deleteLabel(doomed.toLowerCase())
    expect(await world.port.list(account.conn, 'mailbox', listing?.name ?? '', null, never)).toEqual({
      items: [],
      next: null,
      total: 0,
    })
    world.sandbox.control.addFault({ kind: 'status', status: 403, reason: 'domainPolicy' })
    await expect(
      world.port.list(account.conn, 'mailbox', listing?.name ?? '', null, never),
    ).rejects.toMatchObject({ kind: 'permanent' })
  })

  test.each(['403', '429', '429-retry-after'] as const)(
    'a used-up quota in the form %s stops the fetch with a time to come back',
    async form => {
      const account = await world.newAccount()
      const ids = await Promise.all(Array.from({ length: 30 }, () => account.deliver(sampleMail())))
      world.sandbox.control.configureQuota({ mode: '2026', unitsPerMinute: 200, form })
      const outcomes: string[] = []
      const started = Date.now()
      const reading = async () => {
        for await (const each of world.port.fetch(
          account.conn,
          'mailbox',
          ids,
          { bodies: true, priority: 'backfill' },
          never,
        ))
          outcomes.push(each.outcome)
      }
      const error = await reading().catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ kind: 'rate_limited' })
      expect((error as { retryAt: number }).retryAt).toBeGreaterThan(started)
      // What the quota allowed was read and told; nobody was judged by the refusals.
      expect(outcomes).toHaveLength(10)
      expect(new Set(outcomes)).toEqual(new Set(['message']))
    },
  )

  test('within its own budget it is never refused', async () => {
    const account = await world.newAccount()
    const ids = await Promise.all(Array.from({ length: 40 }, () => account.deliver(sampleMail())))
    world.sandbox.control.configureQuota({ mode: '2026', unitsPerMinute: 30_000 })
    const gmail = createGmail(sandboxConfig(world.sandbox, { unitsPerMinute: 30_000 }))
    const refused = () => (world.sandbox.control.state() as { quota: { refused: number } }).quota.refused
    const before = refused()
    let read = 0
    for await (const each of gmail.fetch(
      account.conn,
      'mailbox',
      ids,
      { bodies: true, priority: 'backfill' },
      never,
    ))
      if (each.outcome === 'message') read++
    expect(read).toBe(40)
    expect(refused()).toBe(before)
  })

  test('a budget beyond what new projects can have is counted by the older table', () => {
    const reading = (unitsPerMinute: number | null) =>
      withDefaults({ clientId: '', clientSecret: '', unitsPerMinute }).quota['messages.get']
    expect([6_000, 15_000, null].map(reading)).toEqual([20, 5, 20])
  })

  test('a grant without the mail permission asks for reconnection', async () => {
    const { conn } = await world.newAccount()
    const { access_token } = world.sandbox.control.token(conn.email, ['openid', 'email'])
    const poor = { ...conn, accessToken: async () => access_token }
    await expect(world.port.labels(poor, never)).rejects.toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
    })
  })

  test('an access token that is refused twice is not asked for a third time', async () => {
    const { conn } = await world.newAccount()
    let asked = 0
    const refused = {
      ...conn,
      accessToken: async () => {
        asked += 1
        return 'never valid'
      },
    }
    await expect(world.port.labels(refused, never)).rejects.toMatchObject({
      kind: 'unauthorized',
      reconnect: false,
    })
    expect(asked).toBe(2)
  })

  test('the registry offers it to the engine', () => {
    const gmail = mailProviders({ gmail: world.port }).get('gmail')
    expect(gmail?.port).toBe(world.port)
    expect(gmail?.token({ data: { accessToken: 't', expiresAt: 5 } })).toEqual({
      accessToken: 't',
      expiresAt: 5,
    })
    expect(mailProviders({}).size).toBe(0)
  })
})
