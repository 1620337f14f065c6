import { sampleMail } from '@inlet/testkit/contract/provider-sample'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type GraphWorld, graphWorld, type OutlookAccount } from './graph-world.ts'

const never = new AbortController().signal
const DAY = 24 * 60 * 60_000

describe('the doorbell of Outlook', () => {
  let world: GraphWorld
  beforeAll(async () => {
    world = await graphWorld({ microsoft: { notifications: { gatherMs: 1 } } })
  })
  afterEach(() => {
    world.calm()
    world.rung.length = 0
  })
  afterAll(() => world.close())

  const watch = async (
    account: OutlookAccount,
    { secret = 'secret', current = null }: { secret?: string; current?: { providerId: string } | null } = {},
  ) => {
    const request = { secret, callbackUrl: world.callbackUrl, current }
    const grant = await world.port.watch(account.conn, account.ids.inbox, request, never)
    if (!grant) throw new Error('Nothing was granted.')
    return grant
  }
  const subscriptions = ({ mailbox }: OutlookAccount) =>
    (
      world.sandbox.control.microsoft.state() as {
        accounts: { email: string; subscriptions: { id: string; expires: number; immutableIds: boolean }[] }[]
      }
    ).accounts.find(each => each.email === mailbox.email)?.subscriptions ?? []

  test('is a subscription for six days to one folder, its changes and its own life at one address', async () => {
    const account = await world.newAccount()
    const grant = await watch(account)
    expect(grant).toMatchObject({ cursor: null, renewed: false })
    expect(grant.expiresAt - Date.now()).toBeGreaterThan(5.9 * DAY)
    expect(grant.expiresAt - Date.now()).toBeLessThan(6.1 * DAY)
    expect(subscriptions(account)).toMatchObject([
      {
        id: grant.providerId,
        resource: `me/mailFolders('${account.ids.inbox}')/messages`,
        changeType: 'created,updated,deleted',
        notificationUrl: world.callbackUrl,
        lifecycleNotificationUrl: world.callbackUrl,
        immutableIds: true,
      },
    ])
  })

  test('rings for this folder with its secret, and tells of its own life', async () => {
    const account = await world.newAccount()
    const { providerId } = await watch(account, { secret: 'its own secret' })
    const next = async () => {
      await vi.waitFor(() => expect(world.rung).not.toEqual([]), { timeout: 10_000, interval: 5 })
      return world.port.parsePush({ body: world.rung.shift() ?? '' })
    }
    await account.deliver(sampleMail())
    const shared = { provider: 'graph', watch: { providerId, secret: 'its own secret' } }
    expect(await next()).toEqual([
      { kind: 'notice', notice: { ...shared, kind: 'changed', pushId: expect.any(String) } },
    ])
    for (const [event, kind] of [
      ['missed', 'missed'],
      ['reauthorizationRequired', 'lapsing'],
      ['subscriptionRemoved', 'removed'],
    ] as const) {
      world.sandbox.control.microsoft.lifecycle(event, { subscription: providerId }, 60_000)
      expect(await next()).toEqual([{ kind: 'notice', notice: { ...shared, kind, pushId: null } }])
    }
  })

  test('is renewed in place, with its secret; one that is gone is made anew', async () => {
    const account = await world.newAccount()
    const first = await watch(account)
    world.sandbox.control.microsoft.lifecycle('reauthorizationRequired', { subscription: first.providerId })
    const second = await watch(account, { secret: 'another', current: first })
    expect(second).toMatchObject({ providerId: first.providerId, renewed: true })
    expect(second.expiresAt).toBeGreaterThanOrEqual(first.expiresAt)
    expect(subscriptions(account)).toMatchObject([{ pausedFrom: null }])
    world.sandbox.control.microsoft.removeSubscriptions({ subscription: first.providerId })
    const third = await watch(account, { current: first })
    expect(third.renewed).toBe(false)
    expect(third.providerId).not.toBe(first.providerId)
    expect(subscriptions(account)).toHaveLength(1)
  })

  test('one that nobody remembers makes room for the new one', async () => {
    const account = await world.newAccount()
    const forgotten = await watch(account, { secret: 'forgotten' })
    const second = await watch(account)
    expect(second).toMatchObject({ renewed: false })
    expect(second.providerId).not.toBe(forgotten.providerId)
    expect(subscriptions(account).map(each => each.id)).toEqual([second.providerId])
  })

  test('of the list of folders, and without an address, there is none', async () => {
    const account = await world.newAccount()
    const request = { secret: 'secret', callbackUrl: world.callbackUrl, current: null }
    expect(await world.port.watch(account.conn, 'folders', request, never)).toBeNull()
    const nowhere = { ...request, callbackUrl: null }
    expect(await world.port.watch(account.conn, account.ids.inbox, nowhere, never)).toBeNull()
    expect(subscriptions(account)).toEqual([])
  })

  test('at an address that Microsoft cannot reach is refused with advice', async () => {
    const account = await world.newAccount()
    const request = { secret: 'secret', callbackUrl: `${world.sandbox.url}/nothing-here`, current: null }
    await expect(world.port.watch(account.conn, account.ids.inbox, request, never)).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining('public'),
    })
  })
})
