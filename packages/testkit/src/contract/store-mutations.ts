import type { MutationBody } from '@inlet/protocol/mutations'
import { StaleLease } from '@inlet/sync/provider-errors'
import { rowId } from '@inlet/sync/row-id'
import { expect, test } from 'vitest'
import {
  claimLane,
  commitUnder,
  connected,
  inbox,
  LEASE_MS,
  NOW,
  pulledMessage,
  type StoreUnderTest,
} from './store-fixture.ts'

let ids = 0
const clientId = () => `client-${ids++}`

export function mutationsContract(get: () => StoreUnderTest): void {
  const withMail = async () => {
    const all = await connected(get())
    const upserts = [pulledMessage('m1', { references: ['<r@x>'] }), pulledMessage('m2')]
    await commitUnder(get().store, all.claim, {
      labels: [inbox, { ...inbox, id: 'L2', name: 'Two' }],
      upserts,
    })
    await get().store.finish(all.claim, { ok: true }, NOW)
    return {
      ...all,
      message: (id: string) => rowId(all.accountId, 'message', id),
      label: (id: string) => rowId(all.accountId, 'label', id),
    }
  }
  const read = (...messageIds: string[]): MutationBody => ({ type: 'read', messageIds, read: true })

  test('a mutation is pending, durable, resolved to the provider’s ids, and its lane is due', async () => {
    const { store } = get()
    const { userId, accountId, message, label } = await withMail()
    const [a, b] = [clientId(), clientId()]
    const body: MutationBody = {
      type: 'label',
      messageIds: [message('m2'), message('m1')],
      add: [label('L2')],
      remove: [label('INBOX')],
    }
    const results = await store.addMutations(
      userId,
      [
        { clientId: a, body },
        { clientId: b, body: read(message('m1')) },
      ],
      NOW,
    )
    expect(results).toEqual([a, b].map(id => ({ clientId: id, state: 'pending', error: null })))
    expect(await claimLane(store, accountId, 'mutations', NOW)).toMatchObject({ trigger: 'mutation' })
    expect(await store.pendingMutations(accountId, 10)).toEqual([
      {
        clientId: a,
        userId,
        accountId,
        body,
        state: 'pending',
        attempts: 0,
        providerIds: ['m2', 'm1'],
        labelProviderIds: { add: ['L2'], remove: ['INBOX'] },
        inReplyTo: null,
      },
      {
        clientId: b,
        userId,
        accountId,
        body: read(message('m1')),
        state: 'pending',
        attempts: 0,
        providerIds: ['m1'],
        labelProviderIds: { add: [], remove: [] },
        inReplyTo: null,
      },
    ])
    expect(await store.pendingMutations(accountId, 1)).toHaveLength(1)
  })

  test('sending twice is doing once', async () => {
    const { store } = get()
    const { userId, accountId, message } = await withMail()
    const id = clientId()
    const add = () => store.addMutations(userId, [{ clientId: id, body: read(message('m1')) }], NOW)
    await Promise.all([add(), add()])
    const { lease } = await claimLane(store, accountId, 'mutations', NOW)
    await store.setMutation(lease, id, userId, { state: 'done', error: null, attempts: 1 }, NOW)
    expect(await add()).toEqual([{ clientId: id, state: 'done', error: null }])
    expect(await store.pendingMutations(accountId, 10)).toEqual([])
    expect(await store.mutationResults('somebody-else', [id])).toEqual([])
  })

  test('a worker whose lease has passed on neither begins a mutation nor takes back what another has done', async () => {
    const { store } = get()
    const { userId, accountId, message } = await withMail()
    const id = clientId()
    await store.addMutations(userId, [{ clientId: id, body: read(message('m1')) }], NOW)
    const slow = await claimLane(store, accountId, 'mutations', NOW)
    await store.setMutation(slow.lease, id, userId, { state: 'sending', error: null, attempts: 1 }, NOW)
    const later = NOW + LEASE_MS + 1
    const next = await claimLane(store, accountId, 'mutations', later)
    const begin = { state: 'sending', error: null, attempts: 2 } as const
    await expect(store.setMutation(slow.lease, id, userId, begin, later)).rejects.toThrow(StaleLease)
    await store.setMutation(next.lease, id, userId, { ...begin, state: 'done' }, later)
    const back = { state: 'pending', error: null, attempts: 1 } as const
    await expect(store.setMutation(slow.lease, id, userId, back, later)).rejects.toThrow(StaleLease)
    expect(await store.mutationResults(userId, [id])).toEqual([{ clientId: id, state: 'done', error: null }])
  })

  test('ids of another user are not found, and nothing of theirs is touched', async () => {
    const { store } = get()
    const mine = await withMail()
    const theirs = await withMail()
    const mail = { to: [], cc: [], bcc: [], subject: '', text: '', html: null, inReplyTo: null }
    const bodies: MutationBody[] = [
      read(theirs.message('m1')),
      read(mine.message('m1'), theirs.message('m1')),
      { type: 'label', messageIds: [mine.message('m1')], add: [theirs.label('L2')], remove: [] },
      { type: 'send', message: { ...mail, accountId: theirs.accountId } },
      { type: 'send', message: { ...mail, accountId: mine.accountId, inReplyTo: theirs.message('m1') } },
    ]
    const results = await store.addMutations(
      mine.userId,
      bodies.map(body => ({ clientId: clientId(), body })),
      NOW,
    )
    for (const result of results)
      expect(result).toMatchObject({ state: 'failed', error: { code: 'not_found' } })
    expect(await store.pendingMutations(theirs.accountId, 10)).toEqual([])
    expect(await store.pendingMutations(mine.accountId, 10)).toEqual([])
  })

  test('a message deleted meanwhile is left out, and a change of nothing else fails', async () => {
    const { store } = get()
    const { userId, accountId, message, claim } = await withMail()
    await store.mark({ resourceId: claim.lease.resourceId }, 'push', NOW)
    const live = await claimLane(store, accountId, 'live', NOW)
    await commitUnder(store, live, { missing: ['m1'] })
    const [some, none] = [clientId(), clientId()]
    const results = await store.addMutations(
      userId,
      [
        { clientId: some, body: read(message('m1'), message('m2')) },
        { clientId: none, body: read(message('m1')) },
      ],
      NOW,
    )
    expect(results.map(result => result.state)).toEqual(['pending', 'failed'])
    expect(await store.pendingMutations(accountId, 10)).toMatchObject([
      { clientId: some, providerIds: ['m2'] },
    ])
  })

  test('a mutation over several accounts is refused', async () => {
    const { store } = get()
    const mine = await withMail()
    const other = await connected(get(), {
      userId: mine.userId,
      email: `second-of-${mine.userId}@example.com`,
    })
    await commitUnder(store, other.claim, { upserts: [pulledMessage('x')] })
    const body = read(mine.message('m1'), rowId(other.accountId, 'message', 'x'))
    expect(await store.addMutations(mine.userId, [{ clientId: clientId(), body }], NOW)).toMatchObject([
      { state: 'failed', error: { code: 'bad_request' } },
    ])
  })

  test('an answer carries what it answers, and one that was being sent is found again as such', async () => {
    const { store } = get()
    const { userId, accountId, message } = await withMail()
    const id = clientId()
    const body: MutationBody = {
      type: 'send',
      message: {
        accountId,
        to: [{ name: '', email: 'b@x' }],
        cc: [],
        bcc: [],
        subject: 'Re\0',
        text: 'hi',
        html: null,
        inReplyTo: message('m1'),
      },
    }
    await store.addMutations(userId, [{ clientId: id, body }], NOW)
    const { lease } = await claimLane(store, accountId, 'mutations', NOW)
    await store.setMutation(lease, id, userId, { state: 'sending', error: null, attempts: 1 }, NOW)
    expect(await store.pendingMutations(accountId, 10)).toMatchObject([
      {
        state: 'sending',
        attempts: 1,
        providerIds: [],
        inReplyTo: {
          providerId: 'm1',
          threadProviderId: 't-m1',
          messageIdHeader: '<m1@example.com>',
          references: ['<r@x>'],
        },
      },
    ])
    expect(await store.mutationResults(userId, [id, 'unheard-of'])).toEqual([
      { clientId: id, state: 'pending', error: null },
    ])
    const error = { code: 'provider_failed', message: 'no answer' }
    await store.setMutation(lease, id, userId, { state: 'unknown', error, attempts: 1 }, NOW)
    expect(await store.mutationResults(userId, [id])).toEqual([{ clientId: id, state: 'unknown', error }])
  })
}
