import { describe, expect, it } from 'vitest'
import { ahead } from '../src/ahead.ts'

const never = new AbortController().signal

describe('one ahead', () => {
  it('yields the same values in the same order, with one more under way while each is worked on', async () => {
    let asked = 0
    async function* source() {
      for (; asked < 5; ) yield asked++
    }
    const seen: [value: number, asked: number][] = []
    for await (const value of ahead(source, 1, never)) {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
      seen.push([value, asked])
    }
    expect(seen).toEqual([
      [0, 2],
      [1, 3],
      [2, 4],
      [3, 5],
      [4, 5],
    ])
  })

  it('goes no further ahead than it may', async () => {
    let asked = 0
    async function* source() {
      for (; asked < 9; ) yield asked++
    }
    const seen: [value: number, asked: number][] = []
    for await (const value of ahead(source, 3, never)) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
      seen.push([value, asked])
    }
    expect(seen.slice(0, 4)).toEqual([
      [0, 4],
      [1, 5],
      [2, 6],
      [3, 7],
    ])
    expect(seen.map(([value]) => value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('throws what the source throws, after the values before it', async () => {
    async function* source() {
      yield 1
      throw new Error('gone')
    }
    const seen: number[] = []
    const all = async () => {
      for await (const value of ahead(source, 1, never)) seen.push(value)
    }
    await expect(all()).rejects.toThrow('gone')
    expect(seen).toEqual([1])
  })

  it('ends the source when nobody wants more, also where it waits for something that does not come', async () => {
    const events: string[] = []
    async function* source(signal: AbortSignal) {
      try {
        yield 1
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('left'))))
      } finally {
        events.push('closed')
      }
    }
    for await (const value of ahead(source, 1, never)) {
      events.push(`got ${value}`)
      break
    }
    expect(events).toEqual(['got 1', 'closed'])
  })
})
