import { describe, expect, it } from 'vitest'
import { emptyOrder, holdOrder, releaseOrder } from '../src/inbox/list/held-order.ts'

const at = (id: string, lastMessageAt: number) => ({ id, lastMessageAt })
const start = releaseOrder(emptyOrder, [at('c', 3), at('b', 2), at('a', 1)])

describe('the order of rows', () => {
  it('follows the mirror while it is not held, and knows what came in at the top', () => {
    const next = releaseOrder(start, [at('e', 5), at('d', 4), at('c', 3), at('b', 2), at('a', 1)])
    expect(next.ids).toEqual(['e', 'd', 'c', 'b', 'a'])
    expect([...next.fresh]).toEqual(['e', 'd'])
    expect(start.fresh.size).toBe(0)
  })

  it('takes a conversation with news for fresh, and a whole page of rows for none', () => {
    const moved = releaseOrder(start, [at('a', 9), at('c', 3), at('b', 2)])
    expect([...moved.fresh]).toEqual(['a'])
    const page = Array.from({ length: 40 }, (_, index) => at(`n${index}`, 100 - index))
    expect(releaseOrder(start, [...page, at('c', 3)]).fresh.size).toBe(0)
  })

  it('holds new rows and conversations with news back, and moves nothing', () => {
    const held = holdOrder(start, [at('d', 8), at('a', 7), at('c', 3), at('b', 2)])
    expect(held.ids).toEqual(['c', 'b', 'a'])
    expect(held.held).toEqual(['d', 'a'])
    const later = holdOrder(held, [at('e', 9), at('d', 8), at('a', 7), at('c', 3), at('b', 2)])
    expect(later.ids).toEqual(['c', 'b', 'a'])
    expect(later.held).toEqual(['e', 'd', 'a'])
  })

  it('lets rows leave and older pages follow while it is held', () => {
    const held = holdOrder(start, [at('c', 3), at('a', 1), at('y', 0.5), at('z', 0.4)])
    expect(held.ids).toEqual(['c', 'a', 'y', 'z'])
    expect(held.held).toEqual([])
  })

  it('puts a row that comes back where it belongs', () => {
    const without = holdOrder(start, [at('c', 3), at('a', 1)])
    expect(holdOrder(without, [at('c', 3), at('b', 2), at('a', 1)]).ids).toEqual(['c', 'b', 'a'])
  })

  it('shows everything in order once it is released', () => {
    const held = holdOrder(start, [at('d', 8), at('a', 7), at('c', 3), at('b', 2)])
    const next = releaseOrder(held, [at('d', 8), at('a', 7), at('c', 3), at('b', 2)])
    expect(next.ids).toEqual(['d', 'a', 'c', 'b'])
    expect([...next.fresh]).toEqual(['d', 'a'])
  })
})
