import type { Ring } from '@inlet/sync/bus-port'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RingBatch } from '../src/ring-batch.ts'
import { decodeRings, encodeRings } from '../src/ring-codec.ts'

const id = fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }).filter(text => text.length <= 200)
const ring: fc.Arbitrary<Ring> = fc.oneof(
  fc.record({ type: fc.constant('feed' as const), userId: id, head: fc.maxSafeNat() }),
  fc.constant({ type: 'work' as const }),
  fc.record({ type: fc.constant('signed_out' as const), userId: id, sessionId: fc.option(id) }),
)

test('any rings come back as they were, in messages below the limit of NOTIFY and without a line break', () => {
  fc.assert(
    fc.property(fc.array(ring, { maxLength: 300, size: 'max' }), rings => {
      const messages = encodeRings(rings)
      for (const message of messages) {
        expect(Buffer.byteLength(message)).toBeLessThan(8_000)
        expect(message).not.toMatch(/[\r\n]/)
      }
      expect(messages.flatMap(decodeRings)).toEqual(rings)
    }),
    { numRuns: 50 },
  )
})

test('an id of 200 characters fits, one of 201 is left out', () => {
  const of = (length: number): Ring[] => [{ type: 'feed', userId: '\u{ffff}'.repeat(length), head: 1 }]
  expect(encodeRings(of(200)).length).toBe(1)
  expect(encodeRings(of(201))).toEqual([])
})

test('nothing that anyone sends makes decoding throw', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => void decodeRings(text)))
})

test('while one batch is on its way the next fills, and a failed one loses its rings only', async () => {
  const sent: Ring[][] = []
  const answers: (() => void)[] = []
  const batch = new RingBatch(async rings => {
    sent.push(rings)
    await new Promise<void>(resolve => answers.push(resolve))
    if (sent.length === 1) throw new Error('lost')
  })
  const turn = () => new Promise<void>(resolve => setImmediate(resolve))
  const first = batch.add({ type: 'feed', userId: 'ada', head: 1 })
  await turn()
  const later = [2, 5, 3].map(head => batch.add({ type: 'feed', userId: 'ada', head }))
  await turn()
  await turn()
  expect(sent.length).toBe(1)
  answers[0]?.()
  await first
  while (sent.length < 2) await turn()
  expect(sent[1]).toEqual([{ type: 'feed', userId: 'ada', head: 5 }])
  answers[1]?.()
  await Promise.all(later)
})
