import { describe, expect, test } from 'vitest'
import { createPlaces } from '../src/graph/places.ts'

const never = new AbortController().signal
/** Lets everything that is already decided happen. */
const settled = () => new Promise(resolve => setImmediate(resolve))

describe('places', () => {
  test('are never more than there are, and a batch takes all of them', async () => {
    const places = createPlaces(4)
    const order: string[] = []
    const enter = (name: string, wanted: number) =>
      places.enter(wanted, 'live', never).then(leave => {
        order.push(name)
        return leave
      })
    const first = await enter('one', 1)
    const batch = enter('batch', 20)
    const last = enter('last', 1)
    await settled()
    expect(order).toEqual(['one'])
    first()
    const leaveBatch = await batch
    await settled()
    expect(order).toEqual(['one', 'batch'])
    leaveBatch()
    ;(await last)()
    expect(places.idle).toBe(true)
  })

  test('go to interactive work first, then to live, then to backfill', async () => {
    const places = createPlaces(1)
    const order: string[] = []
    const hold = await places.enter(1, 'live', never)
    const all = (['backfill', 'live', 'interactive'] as const).map(async priority => {
      const leave = await places.enter(1, priority, never)
      order.push(priority)
      leave()
    })
    hold()
    await Promise.all(all)
    expect(order).toEqual(['interactive', 'live', 'backfill'])
  })

  test('are not kept by whoever has left', async () => {
    const places = createPlaces(1)
    const hold = await places.enter(1, 'live', never)
    const leaving = new AbortController()
    const waiting = places.enter(1, 'interactive', leaving.signal)
    const reason = new Error('left')
    leaving.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(places.enter(1, 'live', leaving.signal)).rejects.toBe(reason)
    hold()
    expect(places.idle).toBe(true)
  })
})
