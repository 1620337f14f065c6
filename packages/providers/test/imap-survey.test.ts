import { describe, expect, test } from 'vitest'
import { lookAt } from '../src/imap/survey.ts'

const cursor = { uidValidity: '7', uidNext: 12, highestModseq: '90' }
const status = { uidValidity: 7n, uidNext: 12, messages: 10, unseen: 3, highestModseq: 90n }
const stored = { places: 10, unseen: 3 }
const plain = { ...cursor, highestModseq: null }
const { highestModseq: _, ...unnumbered } = status

describe('a folder is passed over', () => {
  test('when all of its counters are those of the cursor and of what is stored', () => {
    expect(lookAt(status, cursor, stored)).toBe('same')
  })

  test.each([
    ['something has arrived', { ...status, uidNext: 13 }],
    ['flags have changed, and no count', { ...status, highestModseq: 91n }],
    ['its MODSEQ went back', { ...status, highestModseq: 12n }],
    ['it was numbered anew', { ...status, uidValidity: 8n }],
    ['something was expunged, and no MODSEQ moved', { ...status, messages: 9 }],
    ['it keeps no MODSEQ any more', { ...status, highestModseq: 0n }],
    ['it was not counted', {}],
  ])('and never when %s', (_what, told) => {
    expect(lookAt(told, cursor, stored)).toBe('pull')
  })

  test('and where nothing numbers its changes it is unsure at best', () => {
    expect(lookAt(unnumbered, plain, stored)).toBe('unsure')
    expect(lookAt({ ...unnumbered, unseen: 2 }, plain, stored)).toBe('pull')
    expect(lookAt({ ...unnumbered, messages: 9 }, plain, stored)).toBe('pull')
    // It begins to keep one: the history before it cannot be asked for.
    expect(lookAt(status, plain, stored)).toBe('pull')
  })
})
