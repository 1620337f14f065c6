import { afterEach, beforeEach, expect, vi } from 'vitest'

// An error that is only printed is an error that nobody sees. A test that expects one replaces console.error itself.
const spy = vi.spyOn(console, 'error')

beforeEach(() => {
  spy.mockClear()
})

afterEach(() => {
  expect(spy.mock.calls, 'console.error was called during the test').toEqual([])
})
