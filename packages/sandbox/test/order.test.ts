import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Order, type Place, take } from '../src/mailbox/order.ts'

const place = fc.record({ rank: fc.integer({ min: -3, max: 3 }), id: fc.constantFrom('a', 'b', 'c', 'd') })
const key = ({ rank, id }: Place) => `${rank} ${id}`
const sorted = (places: Iterable<Place>) =>
  [...places].sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1)).map(({ id }) => id)

test('whatever comes and goes, what follows a place is what a sort would give', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ place, goes: fc.boolean() }), { maxLength: 40 }),
      fc.option(place, { nil: undefined }),
      (steps, from) => {
        const order = new Order()
        const held = new Map<string, Place>()
        for (const { place, goes } of steps) {
          if (goes) order.remove(place)
          else if (!held.has(key(place))) order.add(place)
          if (goes) held.delete(key(place))
          else held.set(key(place), place)
        }
        const behind = [...held.values()].filter(
          ({ rank, id }) => !from || rank > from.rank || (rank === from.rank && id > from.id),
        )
        expect([...order.after(from)]).toEqual(sorted(behind))
      },
    ),
  )
})

test('take reads no further than it must', () => {
  let read = 0
  function* numbers() {
    for (;;) yield ++read
  }
  expect(take(numbers(), 2)).toEqual([1, 2])
  expect(read).toBe(2)
  expect(take(numbers(), 0)).toEqual([])
  expect(take([1], 2)).toEqual([1])
})
