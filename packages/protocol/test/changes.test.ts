import { describe, expect, it } from 'vitest'
import { ChangesQuery } from '../src/changes.ts'
import { errorStatus } from '../src/errors.ts'
import { Mutation } from '../src/mutations.ts'

describe('the query of the feed', () => {
  it('asks for exactly one direction', () => {
    expect(ChangesQuery.safeParse({ after: '5' }).data).toEqual({ after: 5, limit: 500 })
    expect(ChangesQuery.safeParse({ before: 'start', limit: '10' }).data).toEqual({
      before: 'start',
      limit: 10,
    })
    expect(ChangesQuery.safeParse({}).success).toBe(false)
    expect(ChangesQuery.safeParse({ after: '5', before: 'start' }).success).toBe(false)
  })

  it('refuses cursors that are not positions, unknown parameters and limits out of bounds', () => {
    for (const bad of [
      { after: '-1' },
      { after: '1.5' },
      { after: 'x' },
      { after: '1', limit: '0' },
      { after: '1', limit: '1001' },
      { after: '1', since: '2' },
    ])
      expect(ChangesQuery.safeParse(bad).success, JSON.stringify(bad)).toBe(false)
  })
})

describe('mutations', () => {
  it('carry a client id and only known fields', () => {
    const good = { clientId: 'abcdefgh', body: { type: 'read', messageIds: ['m1'], read: true } }
    expect(Mutation.safeParse(good).success).toBe(true)
    expect(Mutation.safeParse({ ...good, clientId: 'a b' }).success).toBe(false)
    expect(Mutation.safeParse({ ...good, body: { ...good.body, force: true } }).success).toBe(false)
    expect(Mutation.safeParse({ ...good, body: { ...good.body, messageIds: [] } }).success).toBe(false)
  })
})

describe('error codes', () => {
  it('all stand for 4xx or 5xx', () => {
    for (const status of Object.values(errorStatus)) expect(status).toBeGreaterThanOrEqual(400)
  })
})
