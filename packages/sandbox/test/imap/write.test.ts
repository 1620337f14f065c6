import { expect, test } from 'vitest'
import { rfc822 } from '../helpers.ts'
import { clientFor, IDA, mailForTest, wireFor } from './helpers.ts'

const raw = (subject: string): Buffer => Buffer.from(rfc822({ subject }))

test('the standard folders are there, with their uses and counts', async () => {
  const sandbox = await mailForTest()
  sandbox.control.deliver(IDA, raw('One'))
  const client = await clientFor(sandbox)
  const list = await client.list({
    statusQuery: { messages: true, unseen: true, uidNext: true, highestModseq: true },
  })
  expect(list.map(({ path, specialUse, subscribed }) => [path, specialUse, subscribed])).toEqual([
    ['INBOX', '\\Inbox', true],
    ['Sent', '\\Sent', true],
    ['Drafts', '\\Drafts', true],
    ['Archive', '\\Archive', true],
    ['Junk', '\\Junk', true],
    ['Trash', '\\Trash', true],
  ])
  expect(list[0]?.status).toMatchObject({ messages: 1, unseen: 1, uidNext: 2, highestModseq: 2n })
})

test('folders are made, renamed with what is below them, subscribed and deleted', async () => {
  const sandbox = await mailForTest()
  const client = await clientFor(sandbox)
  const paths = async (): Promise<string[]> =>
    (await client.list()).map(({ path }) => path).filter(path => /^(Tr[aä]v|Köln|INBOX\/)/.test(path))
  await client.mailboxCreate('Träveł & Co/2026')
  sandbox.control.imap.append({ folder: 'Träveł & Co/2026' }, raw('Kept'))
  expect(await paths()).toEqual(['Träveł & Co', 'Träveł & Co/2026'])
  const before = await client.status('Träveł & Co/2026', { uidValidity: true })
  await client.mailboxRename('Träveł & Co', 'Köln/Reise')
  expect(await paths()).toEqual(['Köln', 'Köln/Reise', 'Köln/Reise/2026'])
  expect(await client.status('Köln/Reise/2026', { uidValidity: true, messages: true })).toMatchObject({
    ...before,
    path: 'Köln/Reise/2026',
    messages: 1,
  })
  await client.mailboxDelete('Köln/Reise')
  const wire = await wireFor(sandbox)
  const list = await wire.command('a', 'LIST "" "K&APY-ln/*"')
  expect(list).toContain('* LIST (\\Noselect \\HasChildren) "/" "K&APY-ln/Reise"')
  expect(await wire.command('b', 'LIST "" "K*%"')).toContain('2026')
  expect(await wire.command('c', 'LIST "" "K%"')).not.toContain('2026')
  expect(await wire.command('d', 'LIST "K&APY-ln/" "%/2026"')).toContain('"K&APY-ln/Reise/2026"')
  expect(await wire.command('e', 'LIST (SPECIAL-USE) "" ("S*" "T*")')).toBe(
    '* LIST (\\HasNoChildren \\Sent) "/" "Sent"\r\n* LIST (\\HasNoChildren \\Trash) "/" "Trash"\r\ne OK Done\r\n',
  )
  expect(await wire.command('f', 'LIST "" ""')).toBe('* LIST (\\Noselect) "/" ""\r\nf OK Done\r\n')
  await wire.command('g', 'UNSUBSCRIBE Trash')
  expect(await wire.command('h', 'LSUB "" T*')).not.toContain('Trash')
  expect(await wire.command('i', 'LSUB "" "inbo%"')).not.toContain('INBOX')
  for (const [text, answer] of [
    ['CREATE inbox', 'NO [ALREADYEXISTS]'],
    ['CREATE "a//b"', 'NO [CANNOT]'],
    ['CREATE "a*"', 'NO [CANNOT]'],
    ['CREATE "&AA"', 'BAD'],
    ['DELETE INBOX', 'NO [CANNOT]'],
    ['DELETE Nowhere', 'NO [NONEXISTENT]'],
    ['RENAME Sent Sent/Old', 'NO [CANNOT]'],
    ['RENAME Sent Trash', 'NO [ALREADYEXISTS]'],
    ['SELECT Nowhere', 'NO [NONEXISTENT]'],
    ['STATUS INBOX (NOTHING)', 'BAD'],
  ] as const)
    expect(await wire.command('x', text)).toContain(`x ${answer}`)
})

test('the inbox is renamed by moving what is in it', async () => {
  const sandbox = await mailForTest()
  sandbox.control.deliver(IDA, raw('One'))
  const wire = await wireFor(sandbox)
  await wire.command('a', 'RENAME INBOX Old')
  expect(await wire.command('b', 'STATUS Old (MESSAGES)')).toContain('(MESSAGES 1)')
  expect(await wire.command('c', 'STATUS INBOX (MESSAGES)')).toContain('(MESSAGES 0)')
})

test('an appended message keeps its bytes, flags and date, and tells its UID', async () => {
  const sandbox = await mailForTest()
  const client = await clientFor(sandbox)
  const date = new Date('2025-03-04T05:06:07Z')
  const appended = await client.append('Drafts', 'Subject: bare\n\nline\r\nend', ['\\Draft', '$Own'], date)
  expect(appended).toMatchObject({ uid: 1 })
  await client.mailboxOpen('Drafts')
  const found = await client.fetchOne('1', { source: true, flags: true, internalDate: true })
  if (!found) throw new Error('nothing was fetched')
  expect(found.source?.toString()).toBe('Subject: bare\r\n\r\nline\r\nend')
  expect([...(found.flags ?? [])]).toEqual(['$Own', '\\Draft'])
  expect(found.internalDate).toEqual(date)
  const wire = await wireFor(sandbox)
  expect(await wire.command('a', 'APPEND Nowhere {3+}\r\nx\r\n')).toContain('a NO [TRYCREATE]')
  expect(await wire.command('b', 'APPEND INBOX (\\Seen) "nonsense" {3+}\r\nx\r\n')).toContain('b BAD')
  expect(await wire.command('c', 'APPEND INBOX {0+}\r\n')).toContain('c BAD')
})

test('flags are set, added and removed; silence is kept', async () => {
  const sandbox = await mailForTest()
  for (const subject of ['One', 'Two', 'Three']) sandbox.control.deliver(IDA, raw(subject))
  const wire = await wireFor(sandbox)
  await wire.command('a', 'SELECT INBOX')
  expect(await wire.command('b', 'STORE 1:2 +FLAGS (\\seen Work)')).toBe(
    '* 1 FETCH (FLAGS (Work \\Seen))\r\n* 2 FETCH (FLAGS (Work \\Seen))\r\nb OK Stored\r\n',
  )
  expect(await wire.command('c', 'UID STORE 2 -FLAGS Work')).toContain('* 2 FETCH (UID 2 FLAGS (\\Seen))')
  expect(await wire.command('d', 'STORE 3 FLAGS.SILENT (\\Flagged)')).toBe('d OK Stored\r\n')
  expect(await wire.command('e', 'FETCH 1:* FLAGS')).toContain('* 3 FETCH (FLAGS (\\Flagged))')
  expect(await wire.command('f', 'STORE 1 FLAGS (\\Recent)')).toMatch(/^f BAD/)
  expect(await wire.command('g', 'UID STORE 99 FLAGS ()')).toBe('g OK Stored\r\n')
  await wire.command('h', 'EXAMINE INBOX')
  expect(await wire.command('i', 'STORE 1 FLAGS ()')).toContain('i NO [READ-ONLY]')
})

test('copies and moves tell the new UIDs', async () => {
  const sandbox = await mailForTest()
  for (const subject of ['One', 'Two', 'Three', 'Four']) sandbox.control.deliver(IDA, raw(subject))
  const client = await clientFor(sandbox)
  await client.mailboxOpen('INBOX')
  const copied = await client.messageCopy('1:2', 'Archive')
  const moved = await client.messageMove('2,4', 'Archive', { uid: true })
  const plain = (result: typeof copied): unknown => (result ? [...(result.uidMap ?? [])] : null)
  expect(plain(copied)).toEqual([
    [1, 1],
    [2, 2],
  ])
  expect(plain(moved)).toEqual([
    [2, 3],
    [4, 4],
  ])
  expect((await client.fetchAll('1:*', { uid: true })).map(({ uid, seq }) => [uid, seq])).toEqual([
    [1, 1],
    [3, 2],
  ])
  const { imap } = sandbox.control
  const subjects = (folder: string): unknown =>
    imap.messages(IDA, folder).map(message => (message as { subject: string }).subject)
  expect(subjects('INBOX')).toEqual(['One', 'Three'])
  expect(subjects('Archive')).toEqual(['One', 'Two', 'Two', 'Four'])
  const wire = await wireFor(sandbox)
  await wire.command('a', 'SELECT INBOX')
  expect(await wire.command('b', 'COPY 1 Nowhere')).toContain('b NO [TRYCREATE]')
  expect(await wire.command('c', 'UID MOVE 3 INBOX')).toMatch(
    /^\* OK \[COPYUID \d+ 3 5\] Moved\r\n\* 2 EXPUNGE\r\n\* 2 EXISTS\r\n\* 0 RECENT\r\nc OK/,
  )
})

test('expunge takes what is marked, by UID only what is named, and closing takes it silently', async () => {
  const sandbox = await mailForTest()
  for (let i = 0; i < 5; i++) sandbox.control.deliver(IDA, raw(`${i}`))
  const wire = await wireFor(sandbox)
  await wire.command('a', 'SELECT INBOX')
  await wire.command('b', 'STORE 1,3,5 +FLAGS.SILENT (\\Deleted)')
  expect(await wire.command('c', 'UID EXPUNGE 2:3')).toBe('* 3 EXPUNGE\r\nc OK Expunged\r\n')
  expect(await wire.command('d', 'EXPUNGE')).toBe('* 4 EXPUNGE\r\n* 1 EXPUNGE\r\nd OK Expunged\r\n')
  await wire.command('e', 'STORE 1 +FLAGS (\\Deleted)')
  expect(await wire.command('f', 'CLOSE')).toBe('f OK Closed\r\n')
  expect(await wire.command('g', 'STATUS INBOX (MESSAGES UIDNEXT)')).toContain('(MESSAGES 1 UIDNEXT 6)')
  expect(await wire.command('h', 'EXPUNGE')).toMatch(/^h BAD/)
})

test('changes since a MODSEQ, and stores that another change forestalls', async () => {
  const sandbox = await mailForTest()
  for (const subject of ['One', 'Two', 'Three']) sandbox.control.deliver(IDA, raw(subject))
  const client = await clientFor(sandbox)
  const box = await client.mailboxOpen('INBOX')
  expect(box.highestModseq).toBe(4n)
  sandbox.control.imap.setFlags({ folder: 'INBOX', uids: [2] }, ['\\Flagged'], [])
  const changed = await client.fetchAll('1:*', { uid: true, flags: true }, { uid: true, changedSince: 4n })
  expect(changed.map(({ uid, modseq, flags }) => [uid, modseq, [...(flags ?? [])]])).toEqual([
    [2, 5n, ['\\Flagged']],
  ])
  expect(await client.status('INBOX', { highestModseq: true })).toMatchObject({ highestModseq: 5n })
  const wire = await wireFor(sandbox)
  expect(await wire.command('a', 'SELECT INBOX (CONDSTORE)')).toContain('[HIGHESTMODSEQ 5]')
  expect(await wire.command('b', 'UID STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Seen)')).toBe(
    '* 1 FETCH (UID 1 MODSEQ (6))\r\n* 3 FETCH (UID 3 MODSEQ (6))\r\nb OK [MODIFIED 2] Not all were stored\r\n',
  )
  expect(await wire.command('c', 'UID SEARCH MODSEQ 6')).toContain('* SEARCH 1 3 (MODSEQ 6)\r\n')
  expect(await wire.command('d', 'FETCH 2 (MODSEQ)')).toContain('* 2 FETCH (MODSEQ (5))')
})
