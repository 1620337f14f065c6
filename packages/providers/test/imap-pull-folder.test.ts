import { realWorld } from '@inlet/sync/world'
import { expect, onTestFinished, test } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { createPool } from '../src/imap/pool.ts'
import { withDefaults } from '../src/imap/settings.ts'
import { fakeImap, type ImapScript } from './imap-fake-server.ts'
import { atOf, storedFolder } from './imap-world.ts'

/** A folder of which UIDs 1 and 2 are stored; the server counts one message and up to UID 4. */
async function pulled(on: ImapScript['on'] = {}, beyond: number[] = []) {
  const { port } = await fakeImap({ on })
  const imap = { host: 'imap.example.org', port, security: 'none' } as const
  const pool = createPool(
    { accountId: 'a', imap, smtp: null, user: 'ann', secret: async () => ({ password: 'p' }) },
    {
      settings: withDefaults({ allowPrivateHosts: true }),
      world: realWorld,
      lookup: async () => ['127.0.0.1'],
    },
  )
  onTestFinished(() => pool.close())
  const folder = storedFolder()
  folder.cursor = { uidValidity: '1', uidNext: 3, highestModseq: null }
  folder.places.set(1, '').set(2, '')
  for (const uid of beyond) folder.places.set(uid, '')
  const error = await folder.pull(atOf(pool), 'INBOX', 'all').catch((thrown: unknown) => thrown)
  return { folder, error }
}

const row = (uid: number, flags = '') => `* ${uid} FETCH (UID ${uid} FLAGS (${flags}))\r\n`
/** Answers a FETCH of each of these UIDs alone. */
const fetching =
  (rows: Record<number, string>): NonNullable<ImapScript['on']>[string] =>
  ({ line, send, end }) => {
    const [, set = ''] = /FETCH ([\d:,]+)/.exec(line) ?? []
    for (const part of set.split(',')) {
      const [first = 0, last = first] = part.split(':').map(Number)
      for (let uid = first; uid <= last; uid += 1) send(rows[uid] ?? '')
    }
    end('OK done')
  }
const searching =
  (answer: string): NonNullable<ImapScript['on']>[string] =>
  ({ send, end }) => {
    send(answer)
    end('OK done')
  }

test('a new message whose line cannot be read is not passed over: the cursor stays', async () => {
  const { folder, error } = await pulled({
    FETCH: fetching({ 1: row(1), 2: row(2), 3: row(3), 4: '* 4 FETCH (UID 4 FLAGS ((((\r\n' }),
    SEARCH: searching('* SEARCH 1 2\r\n'),
  })
  expect(codeOf(error)).toBe('garbled')
  expect(folder.cursor.uidNext).toBe(3)
})

test('a stored message is gone only where two commands find nothing (I7)', async () => {
  const both = await pulled({ FETCH: fetching({ 1: row(1) }), SEARCH: searching('* SEARCH 1\r\n') })
  expect(both.error).toBeUndefined()
  expect([...both.folder.places.keys()]).toEqual([1])
  const one = await pulled({ FETCH: fetching({ 1: row(1), 2: row(2) }), SEARCH: searching('* SEARCH 1\r\n') })
  expect(one.error).toBeUndefined()
  expect([...one.folder.places.keys()]).toEqual([1, 2])
})

test('what a listing has stored above the cursor and is gone before the cursor comes there is found', async () => {
  const on = { FETCH: fetching({ 1: row(1), 2: row(2), 4: row(4) }), SEARCH: searching('* SEARCH 1 2 4\r\n') }
  const { folder, error } = await pulled(on, [3])
  expect(error).toBeUndefined()
  expect([...folder.places.keys()].sort()).toEqual([1, 2, 4])
})

test.each([
  ['no answer to the search', searching('')],
  ['a refusal', (({ end }) => end('NO not now')) satisfies NonNullable<ImapScript['on']>[string]],
  ['a cut', (({ socket }) => void socket.destroy()) satisfies NonNullable<ImapScript['on']>[string]],
])('%s removes nothing, and the cursor stays', async (_, search) => {
  const { folder, error } = await pulled({ FETCH: fetching({ 1: row(1) }), SEARCH: search })
  expect(error).toMatchObject({ kind: 'transient' })
  expect([...folder.places.keys()]).toEqual([1, 2])
  expect(folder.cursor.uidNext).toBe(3)
})

test('changes of others that come between count as the latest state', async () => {
  const twice = `${row(1, '\\Seen')}${row(1, '\\Seen \\Flagged')}`
  const on = { FETCH: fetching({ 1: twice, 2: row(2) }), SEARCH: searching('* SEARCH 1 2\r\n') }
  const { folder } = await pulled(on)
  expect(folder.places.get(1)).toBe('\\Flagged \\Seen')
})
