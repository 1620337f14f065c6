import { describe, expect, it } from 'vitest'
import { plan } from '../src/plan.ts'
import { apply, batch, idOf, labelOf, nothing, patch, pulled } from './plan-fixture.ts'

/**
 * A label was taken off at 6, in a gap that a listing mends. It fetches the message at 6, and before that is stored live
 * sync carries out the next change, at 7, on what was stored before the gap.
 */
describe('a message that changes while a listing fetches it', () => {
  const before = apply(nothing(), { upserts: [pulled('a', 5n, { labelIds: ['INBOX', 'L1'] })] })
  const stored = apply(before, { patches: [patch('a', 7n, ['STARRED'], [])] })
  const upserts = [pulled('a', 6n, { labelIds: ['INBOX'] })]

  it('becomes a failed item that is due at once, since neither state is the whole truth', () => {
    const writes = plan(stored, batch({ upserts, heals: false }))
    expect(writes.messages).toEqual([])
    expect(writes.failures).toMatchObject([{ providerId: 'a', code: 'not_fetched', retryAt: 5_000 }])
  })

  it('is right once it is fetched again, also at the version that is stored', () => {
    const whole = [pulled('a', 7n, { labelIds: ['INBOX', 'STARRED'] })]
    const { messages } = apply(stored, { upserts: whole, heals: new Map([['a', 1]]) })
    expect(messages.get(idOf('a'))?.row.labelIds).toEqual(['INBOX', 'STARRED'].map(labelOf).sort())
  })

  it('is fetched by nobody again where it is gone, or where the older state came by live sync or a retry', () => {
    expect(plan(stored, batch({ upserts, heals: false, missing: ['a'] })).failures).toEqual([])
    expect(plan(stored, batch({ upserts })).failures).toEqual([])
    expect(plan(stored, batch({ upserts, heals: new Map() })).failures).toEqual([])
    expect(plan(stored, batch({ upserts: [pulled('a', 7n)], heals: false })).failures).toEqual([])
  })
})

describe('a message that is gone while a listing fetches it', () => {
  const upserts = [pulled('a', 6n)]
  const before = apply(nothing(), { upserts: [pulled('a', 5n)] })

  it.each([
    ['that was stored in an older state', before],
    ['that was not stored yet', nothing()],
  ])('and %s is not brought back, but fetched again', (_, known) => {
    const stored = apply(known, { missing: ['a'] })
    const writes = plan(stored, batch({ upserts, heals: false }))
    expect([writes.messages, writes.revived]).toEqual([[], []])
    expect(writes.failures).toMatchObject([{ providerId: 'a', code: 'not_fetched', retryAt: 5_000 }])
    const failed = { ...stored, attempts: new Map([['a', 1]]) }
    const { messages } = apply(failed, { upserts, heals: new Map([['a', 1]]) })
    expect(messages.has(idOf('a'))).toBe(true)
  })

  it('is not brought back by a retry either that had asked before: its failure is over, or is another', () => {
    const stored = apply(nothing(), { missing: ['a'] })
    const late = { upserts, heals: new Map([['a', 1]]) }
    for (const attempts of [new Map(), new Map([['a', 2]])]) {
      const writes = plan({ ...stored, attempts }, batch(late))
      expect([writes.messages, writes.revived, writes.failures]).toEqual([[], [], []])
    }
  })
})
