import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePush } from '../src/graph/push.ts'

const item = (more: object = {}) => ({
  id: 'push-1',
  subscriptionId: 'sub-1',
  clientState: 'secret-1',
  changeType: 'created',
  resource: 'Users/u/Messages/m',
  ...more,
})
const parse = (value: unknown) => parsePush({ body: JSON.stringify(value) })

describe('a POST of change notifications', () => {
  test('is read item by item, each with its own watch and secret', () => {
    const items = parse({
      value: [item(), item({ id: undefined, subscriptionId: 'sub-2', clientState: 'secret-2' })],
    })
    expect(items).toEqual([
      {
        kind: 'notice',
        notice: {
          provider: 'graph',
          pushId: 'push-1',
          watch: { providerId: 'sub-1', secret: 'secret-1' },
          kind: 'changed',
        },
      },
      {
        kind: 'notice',
        notice: {
          provider: 'graph',
          pushId: null,
          watch: { providerId: 'sub-2', secret: 'secret-2' },
          kind: 'changed',
        },
      },
    ])
  })

  test.each([
    ['missed', 'missed'],
    ['reauthorizationRequired', 'lapsing'],
    ['subscriptionRemoved', 'removed'],
  ])('tells %s of the watch itself as %s', (lifecycleEvent, kind) => {
    expect(parse({ value: [item({ lifecycleEvent, resource: undefined })] })).toMatchObject([
      { kind: 'notice', notice: { kind } },
    ])
  })

  test('one bad item does not spoil the others', () => {
    const kinds = parse({
      value: [item(), null, item({ clientState: undefined }), item({ lifecycleEvent: 'moon' }), item()],
    }).map(each => each.kind)
    expect(kinds).toEqual(['notice', 'undecodable', 'undecodable', 'undecodable', 'notice'])
  })

  test('is read up to a thousand items', () => {
    expect(parse({ value: Array.from({ length: 1_000 }, () => item()) })).toHaveLength(1_000)
    const more = parse({ value: Array.from({ length: 1_001 }, () => item()) })
    expect(more).toHaveLength(1_001)
    expect(more.at(-1)).toMatchObject({ kind: 'undecodable' })
  })

  test('that is nothing of the kind is one undecodable item, whatever it holds', () => {
    for (const body of ['', '{', '[]', '{"value":{}}', 'null'])
      expect(parsePush({ body })).toMatchObject([{ kind: 'undecodable' }])
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), body => {
        expect(Array.isArray(parsePush({ body }))).toBe(true)
      }),
    )
  })
})
