import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ThreadRow } from '../src/tables.ts'
import { moveWindow, newestFirst, type ThreadWindow, threadView } from '../src/thread-window.ts'
import type { RowChange } from '../src/written.ts'
import { message, threadOf } from './support/rows.ts'

const row = (id: number, seq: number, at: number, labelled: boolean): ThreadRow => ({
  ...threadOf([message(`m${id}`, { receivedAt: at, labelIds: labelled ? ['inbox'] : [] })]),
  id: `t${id}`,
  seq,
  keys: [],
})
const matches = (thread: ThreadRow) => thread.labelIds.includes('inbox')

function read(stored: ReadonlyMap<string, ThreadRow>, limit: number): ThreadWindow {
  const threads = [...stored.values()].filter(matches).map(threadView).sort(newestFirst)
  return { threads: threads.slice(0, limit), more: threads.length > limit }
}

const step = fc.record({
  id: fc.nat(9),
  at: fc.nat(6),
  labelled: fc.boolean(),
  gone: fc.boolean(),
})

describe('a window of the newest threads', () => {
  it('moved by what was written is what reading again gives, or says that it cannot tell', () => {
    let told = 0
    fc.assert(
      fc.property(
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        (commits, limit) => {
          const stored = new Map<string, ThreadRow>()
          let window = read(stored, limit)
          let seq = 0
          for (const commit of commits) {
            // A commit names each row once.
            const changes = [...new Map(commit.map(each => [each.id, each])).values()].map(
              ({ id, at, labelled, gone }): RowChange<ThreadRow> => {
                const before = stored.get(`t${id}`) ?? null
                const after = gone ? null : row(id, ++seq, at, labelled)
                if (after) stored.set(after.id, after)
                else stored.delete(`t${id}`)
                return { before, after }
              },
            )
            const moved = moveWindow(window, changes, matches, limit)
            const reread = read(stored, limit)
            if (moved) expect(moved).toEqual(reread)
            if (moved) told++
            window = reread
          }
        },
      ),
      { numRuns: 2_000 },
    )
    expect(told).toBeGreaterThan(1_000)
  })

  it('takes in a new thread at the top of a full list without reading, and keeps the other rows', () => {
    const stored = [5, 4, 3].map(at => row(at, at, at, true))
    const window = { threads: stored.map(threadView), more: true }
    const moved = moveWindow(window, [{ before: null, after: row(9, 9, 9, true) }], matches, 3)
    expect(moved?.threads.map(({ id }) => id)).toEqual(['t9', 't5', 't4'])
    expect(moved?.threads[1]).toBe(window.threads[0])
    expect(moved?.more).toBe(true)
  })

  it('is the same object when nothing of it was written', () => {
    const window = { threads: [threadView(row(1, 1, 1, true))], more: false }
    expect(moveWindow(window, [{ before: null, after: row(2, 2, 2, false) }], matches, 3)).toBe(window)
  })
})
