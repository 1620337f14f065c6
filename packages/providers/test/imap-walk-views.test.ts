import { expect, test } from 'vitest'
import type { Pool } from '../src/imap/pool.ts'
import { createWalkViews } from '../src/imap/walk-views.ts'

test('the pages of a walk share their view for a minute, and another walk has its own', () => {
  let now = 0
  const walks = createWalkViews(() => now)
  const [pool, other] = [{} as Pool, {} as Pool]
  const first = walks.of(pool, 'PINBOX', null)
  expect(walks.of(pool, 'PINBOX', '1:400')).toBe(first)
  expect(walks.of(pool, 'PSent', '1:400')).not.toBe(first)
  expect(walks.of(other, 'PINBOX', '1:400')).not.toBe(first)
  now = 59_999
  expect(walks.of(pool, 'PINBOX', '1:300')).toBe(first)
  now = 60_000
  const second = walks.of(pool, 'PINBOX', '1:200')
  expect(second).not.toBe(first)
  expect(walks.of(pool, 'PINBOX', '1:100')).toBe(second)
  // A walk that begins again, after another cursor was taken.
  expect(walks.of(pool, 'PINBOX', null)).not.toBe(second)
})
