import { expect, test } from 'vitest'
import type { Engine } from '../src/engine.ts'
import type { PushOutcome } from '../src/push-event.ts'
import { receivePush } from '../src/receive-push.ts'

const push = {
  provider: 'gmail',
  pushId: 'p1',
  mailbox: 'me@x.y',
  resource: null,
  watch: null,
  kind: 'changed',
  problem: null,
} as const

/** An engine of which only the mark and the ring are looked at. */
function engineWith(recordPush: () => Promise<PushOutcome>) {
  const rings: string[] = []
  const engine = {
    store: { recordPush },
    bus: { ring: async (ring: { type: string }) => void rings.push(ring.type) },
    world: { now: () => 1_000 },
  } as unknown as Engine
  return { engine, rings }
}

test('a push is answered, and work is rung, only once its mark is durable', async () => {
  const mark = Promise.withResolvers<PushOutcome>()
  const { engine, rings } = engineWith(() => mark.promise)
  let answered = false
  const answer = receivePush(engine, push).then(outcome => {
    answered = true
    return outcome
  })
  await new Promise(resolve => setImmediate(resolve))
  expect([answered, rings]).toEqual([false, []])
  mark.resolve({ outcome: 'marked', accountIds: ['a1'], ring: true })
  expect(await answer).toEqual({ outcome: 'marked', accountIds: ['a1'], ring: true })
  expect(rings).toEqual(['work'])
})

test('work is not rung for a mailbox that was due already', async () => {
  const { engine, rings } = engineWith(async () => ({ outcome: 'marked', accountIds: ['a1'], ring: false }))
  await receivePush(engine, push)
  expect(rings).toEqual([])
})

test('a push whose mark could not be written is no success', async () => {
  const { engine, rings } = engineWith(() => Promise.reject(new Error('the database is away')))
  await expect(receivePush(engine, push)).rejects.toThrow('the database is away')
  expect(rings).toEqual([])
})
