import { realWorld } from '@inlet/sync/world'
import type { ImapFlow } from 'imapflow'
import { expect, test } from 'vitest'
import { atom } from '../src/imap/command.ts'
import { codeOf } from '../src/imap/errors.ts'
import { openSession } from '../src/imap/session.ts'
import { withDefaults } from '../src/imap/settings.ts'
import { inLines, inSets, packUids, readUids, searchUids, UID_MAX } from '../src/imap/uids.ts'
import { fakeImap } from './imap-fake-server.ts'
import { never } from './imap-world.ts'

test('sets of UIDs are written short and read back', () => {
  expect(packUids([7, 1, 2, 3, 9, 9, 10])).toBe('1:3,7,9:10')
  expect(packUids([])).toBe('')
  expect(packUids([4_294_967_295])).toBe('4294967295')
  expect(readUids('1:3,7,10:9')).toEqual([
    { first: 1, last: 3 },
    { first: 7, last: 7 },
    { first: 9, last: 10 },
  ])
  for (const bad of ['', '*', '0', '1:*', '-3', 'x', '4294967296', '1:99999999999'])
    expect(readUids(bad)).toEqual([])
  expect([...inSets([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]])
  // However far apart, a set fits a command line of 8,192 octets.
  const sparse = [...inSets(Array.from({ length: 2_000 }, (_, at) => 4_000_000_000 + at * 7))]
  for (const set of sparse) expect(packUids(set).length).toBeLessThan(8_000)
})

test('sets of which the length counts hold as many as a line takes', () => {
  const from = (first: number, step: number) => Array.from({ length: 2_000 }, (_, at) => first + at * step)
  expect([...inLines(from(4_000_000_000, 1), 2_000)]).toEqual([from(4_000_000_000, 1)])
  expect([...inLines([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]])
  expect([...inLines([], 2)]).toEqual([])
  for (const step of [2, 7, 1_000]) {
    const sets = [...inLines(from(4_000_000, step), 2_000)]
    expect(sets.flat()).toEqual(from(4_000_000, step))
    for (const set of sets) expect(packUids(set).length).toBeLessThan(8_000)
  }
})

const search = async (answer: string, capabilities = 'IMAP4rev1', last = 100) => {
  const { port } = await fakeImap({
    capabilities,
    on: {
      SEARCH: ({ send, end }) => {
        send(answer)
        end('OK done')
      },
    },
  })
  const session = await openSession(
    {
      accountId: 'a',
      imap: { host: 'imap.example.org', port, security: 'none' },
      smtp: null,
      user: 'ann',
      secret: async () => ({ password: 'p' }),
    },
    {
      settings: withDefaults({ allowPrivateHosts: true }),
      world: realWorld,
      lookup: async () => ['127.0.0.1'],
    },
    never,
  )
  const work = (client: ImapFlow) => searchUids(client, [atom('ALL')], { first: 1, last })
  return await session.run('search', never, work).finally(() => session.destroy())
}

test('what a search finds is read in any form; no answer is not “none”', async () => {
  expect(await search('* SEARCH 5 3 4 (MODSEQ 12)\r\n')).toEqual([3, 4, 5])
  expect(await search('* SEARCH 1 2\r\n* SEARCH 2 9\r\n')).toEqual([1, 2, 9])
  expect(await search('* SEARCH\r\n')).toEqual([])
  const extended = 'IMAP4rev1 ESEARCH'
  expect(await search('* ESEARCH (TAG "A1") UID ALL 2,5:7 MODSEQ 12\r\n', extended)).toEqual([2, 5, 6, 7])
  expect(await search('* ESEARCH (TAG "A1") UID\r\n', extended)).toEqual([])
  // No more than was asked for, whatever is claimed.
  expect(await search('* ESEARCH UID ALL 98:4294967295\r\n', extended)).toEqual([98, 99, 100])
  const endless = search('* ESEARCH UID ALL 1:4294967295\r\n', extended, UID_MAX)
  expect(codeOf(await endless.catch(error => error))).toBe('too_large')
  expect(codeOf(await search('').catch(error => error))).toBe('garbled')
})
