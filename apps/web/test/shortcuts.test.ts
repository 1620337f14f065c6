import { describe, expect, it } from 'vitest'
import { matchStroke, shortcutIds, shortcuts, strokeOf } from '../src/commands/shortcuts.ts'

const press = (key: string, held: Partial<{ shiftKey: boolean; metaKey: boolean; ctrlKey: boolean }> = {}) =>
  strokeOf({ key, shiftKey: false, metaKey: false, ctrlKey: false, ...held })

describe('shortcuts', () => {
  it('gives every key to one command only', () => {
    const keys = shortcutIds.flatMap(id => [...shortcuts[id].keys])
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('reads Shift from letters, and from punctuation only what was typed', () => {
    expect(press('U', { shiftKey: true })).toBe('shift+u')
    expect(press('#', { shiftKey: true })).toBe('#')
    expect(press('?', { shiftKey: true })).toBe('?')
    expect(press('k', { metaKey: true })).toBe(press('k', { ctrlKey: true }))
  })

  it('waits for the second key of a sequence, which wins over its meaning alone', () => {
    expect(matchStroke(null, 'g')).toEqual({ opens: 'g' })
    expect(matchStroke('g', 's')).toEqual({ id: 'go.starred' })
    expect(matchStroke(null, 's')).toEqual({ id: 'thread.star' })
    expect(matchStroke('g', 'e')).toEqual({ id: 'thread.archive' })
    expect(matchStroke(null, 'q')).toBeNull()
  })
})
