import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeMailbox, markRead, markStarred, moveMessages, moveToRole } from '../src/imap/change.ts'
import { codeOf } from '../src/imap/errors.ts'
import { listFolders } from '../src/imap/folders.ts'
import { createPool, type Pool } from '../src/imap/pool.ts'
import { AGES, ANN, accessTo, atOf, never, rawMail, worldFor } from './imap-world.ts'

const PATHS = ['Größe & Gewicht', '台北', 'a"b\\c', '&', 'Emoji 🎉 fest', 'plain']

describe.each(AGES)('a person’s changes on a server with $age', ({ hide }) => {
  let dovecot: DovecotServer
  let pool: Pool
  beforeAll(async () => {
    dovecot = await startDovecot({ hide, folders: { Sent: 'Sent', Trash: 'Müll' } })
    pool = createPool(accessTo(dovecot), worldFor(dovecot))
  })
  afterAll(async () => {
    await pool?.close()
    await dovecot?.stop()
  })

  const filled = async (path: string, count: number) => {
    let uidValidity = 0n
    for (let at = 0; at < count; at += 1)
      ({ uidValidity } = await dovecot.mailbox().append(rawMail(`${path} ${at}`), { folder: path }))
    return { path, uidValidity }
  }
  const flags = async (path: string) => {
    const text = await dovecot.doveadm('-f', 'tab', 'fetch', '-u', ANN, 'uid flags', 'mailbox', path)
    const lines = text.split('\n').slice(1).filter(Boolean)
    return lines.map(line =>
      line
        .replace(/\\Recent ?/, '')
        .replace('\t', ' ')
        .trim(),
    )
  }

  test('read and starred are set and taken back, as often as one likes; others’ flags stay', async () => {
    const folder = await filled('Flags', 3)
    await dovecot.mailbox().flag('Flags', [2], { add: ['$Own'] })
    for (let time = 0; time < 2; time += 1) {
      await markRead(atOf(pool), folder, [1, 2, 77], true)
      await markStarred(atOf(pool), folder, [2], true)
      expect(await flags('Flags')).toEqual(['1 \\Seen', '2 \\Flagged \\Seen $Own', '3'])
    }
    await markRead(atOf(pool), folder, [2], false)
    await markStarred(atOf(pool), folder, [2, 3], false)
    expect(await flags('Flags')).toEqual(['1 \\Seen', '2 $Own', '3'])
  })

  test('a move takes these and no others, into folders of any name', async () => {
    for (const [at, to] of PATHS.filter(path => hide.length === 0 || path !== 'plain').entries()) {
      const folder = await filled(`From ${at}`, 4)
      await dovecot.mailbox().create(to)
      // Marked by somebody else: it is not ours to remove.
      await dovecot.mailbox().flag(`From ${at}`, [4], { add: ['\\Deleted'] })
      await moveMessages(atOf(pool), folder, [1, 3, 99], to)
      expect(await flags(`From ${at}`)).toEqual(['2', '4 \\Deleted'])
      expect(await flags(to)).toEqual(['1', '2'])
    }
  })

  test('a move whose answer was lost is repeated without making a second copy', async () => {
    const folder = await filled('Again', 3)
    await dovecot.mailbox().create('Target')
    // What is left where a connection broke after COPY, and where it broke after the whole.
    if (hide.some(each => each === 'MOVE')) await dovecot.mailbox().copy('Again', [1, 2], 'Target')
    else await dovecot.mailbox().move('Again', [1, 2], 'Target')
    await moveMessages(atOf(pool), folder, [1, 2], 'Target')
    await moveMessages(atOf(pool), folder, [1, 2], 'Target')
    expect(await flags('Again')).toEqual(['3'])
    expect(await flags('Target')).toEqual(['1', '2'])
  })

  test('trash and archive find their folders, or make one', async () => {
    const folder = await filled('Tidy', 2)
    const lease = await pool.lease('live', never)
    const { folders } = await listFolders(lease.session, never)
    lease.release()
    expect(await moveToRole(atOf(pool), folder, [1], 'trash', folders)).toBe('Müll')
    expect(await flags('Müll')).toEqual(['1'])
    expect(await moveToRole(atOf(pool), folder, [2], 'archive', folders)).toBe('Archive')
    expect(await flags('Archive')).toEqual(['1'])
    expect(await flags('Tidy')).toEqual([])
  })

  test('nothing is changed under numbers that are void, and a missing target is told', async () => {
    const folder = await filled('Void', 2)
    const lost = await moveMessages(atOf(pool), folder, [1], 'Nowhere').catch(error => error)
    expect(codeOf(lost)).toBe('folder_missing')
    expect(await flags('Void')).toEqual(['1', '2'])
    await dovecot.mailbox().recreate('Void')
    const before = await flags('Void')
    const changes = [
      () => markRead(atOf(pool), folder, [1], true),
      () => moveMessages(atOf(pool), folder, [1], 'Sent'),
    ]
    for (const change of changes) {
      // A connection that still has the old folder selected learns it by a refusal; the next one knows.
      const first = await change().catch(error => error)
      const told = first.kind === 'transient' ? await change().catch(error => error) : first
      expect(codeOf(told)).toBe('folder_renumbered')
    }
    expect(await flags('Void')).toEqual(before)
  })
})

test('names of folders are encoded as RFC 3501 says', () => {
  expect(PATHS.map(path => encodeMailbox(path, false))).toEqual([
    'Gr&APYA3w-e &- Gewicht',
    '&U,BTFw-',
    'a"b\\c',
    '&-',
    'Emoji &2DzfiQ- fest',
    'plain',
  ])
  expect(encodeMailbox('台北', true)).toBe('台北')
})
