import { expect, test } from 'vitest'
import { corpusFiles, readCorpusFile } from '../../src/corpus/files.ts'
import { parseMime, walkParts } from '../../src/mime/parse.ts'
import { rfc822 } from '../helpers.ts'
import { clientFor, IDA, mailForTest, wireFor } from './helpers.ts'

interface Structure {
  part?: string
  type: string
  encoding?: string
  childNodes?: Structure[]
}

const ODD = [
  'From: "A, \\"B\\"" <a@example.com>',
  'To: Friends: one@example.com, (Two) two@example.com;, Undisclosed:;',
  'Cc: =?utf-8?q?J=C3=B6rg?= <jorg@example.com>, <@relay.example:deep@example.com>',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  'Date: Tue, 1 Jan 2002 10:00:00 +0000',
  'Message-ID: <odd@example.com>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="outer"',
  '',
  'preamble',
  '--outer',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  '--inner',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'one',
  '--inner',
  'Content-Type: text/html',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  '<p>=C3=BC</p>',
  '--inner--',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'Subject: within',
  'From: x@example.com',
  'Content-Type: multipart/mixed; boundary=deep',
  '',
  '--deep',
  '',
  'deep text',
  '--deep',
  'Content-Type: image/png; name="a b.png"',
  'Content-Disposition: attachment; filename="a b.png"',
  'Content-Transfer-Encoding: base64',
  '',
  'aGk=',
  '--deep--',
  '--outer',
  'Content-Type: multipart/mixed',
  '',
  'no boundary',
  '--outer--',
  '',
].join('\r\n')

test('every part of an odd message comes under its number', async () => {
  const sandbox = await mailForTest()
  sandbox.control.deliver(IDA, ODD)
  const client = await clientFor(sandbox)
  await client.mailboxOpen('INBOX', { readOnly: true })
  const sections = [
    '1',
    '1.1',
    '1.2',
    '1.MIME',
    '2',
    '2.HEADER',
    '2.TEXT',
    '2.1',
    '2.2',
    '2.2.MIME',
    '3',
    'HEADER',
    'TEXT',
  ]
  const found = await client.fetchOne('1', { source: true, bodyParts: [...sections, '4', '2.3', '1.1.1'] })
  if (!found) throw new Error('nothing was fetched')
  expect(found.source?.toString()).toBe(ODD)
  const part = (name: string): string | undefined => found.bodyParts?.get(name.toLowerCase())?.toString()
  expect(part('1.1')).toBe('one')
  expect(part('1.2')).toBe('<p>=C3=BC</p>')
  expect(part('1.MIME')).toBe('Content-Type: multipart/alternative; boundary=inner\r\n\r\n')
  expect(part('2.HEADER')).toBe(
    'Subject: within\r\nFrom: x@example.com\r\nContent-Type: multipart/mixed; boundary=deep\r\n\r\n',
  )
  expect(part('2')).toBe(`${part('2.HEADER')}${part('2.TEXT')}`)
  expect(part('2.1')).toBe('deep text')
  expect(part('2.2')).toBe('aGk=')
  expect(part('2.2.MIME')).toContain('filename="a b.png"')
  expect(part('3')).toBe('no boundary')
  expect(`${found.headers}${part('TEXT')}`).toBe(ODD)
  for (const absent of ['4', '2.3', '1.1.1']) expect(found.bodyParts?.get(absent)).toBe(false)
})

test('envelope and structure say what the message says', async () => {
  const sandbox = await mailForTest()
  sandbox.control.deliver(IDA, ODD)
  const client = await clientFor(sandbox)
  await client.mailboxOpen('INBOX')
  const found = await client.fetchOne('1', {
    envelope: true,
    bodyStructure: true,
    size: true,
    internalDate: true,
  })
  expect(found).toMatchObject({
    size: ODD.length,
    envelope: {
      subject: 'Grüße',
      messageId: '<odd@example.com>',
      from: [{ name: 'A, "B"', address: 'a@example.com' }],
      sender: [{ address: 'a@example.com' }],
      cc: [{ name: 'Jörg', address: 'jorg@example.com' }, { address: 'deep@example.com' }],
    },
    bodyStructure: {
      type: 'multipart/mixed',
      parameters: { boundary: 'outer' },
      childNodes: [
        {
          type: 'multipart/alternative',
          childNodes: [
            { part: '1.1', type: 'text/plain', parameters: { charset: 'utf-8' }, size: 3 },
            { part: '1.2', type: 'text/html', encoding: 'quoted-printable' },
          ],
        },
        {
          type: 'message/rfc822',
          envelope: { subject: 'within' },
          childNodes: [
            {
              type: 'multipart/mixed',
              childNodes: [
                { part: '2.1', type: 'text/plain' },
                {
                  part: '2.2',
                  type: 'image/png',
                  disposition: 'attachment',
                  dispositionParameters: { filename: 'a b.png' },
                },
              ],
            },
          ],
        },
        { part: '3', type: 'text/plain' },
      ],
    },
  })
  if (!found) throw new Error('nothing was fetched')
  const wire = await wireFor(sandbox)
  await wire.command('a', 'EXAMINE INBOX')
  // Addresses and the parts of a multipart stand without a blank between them.
  expect(await wire.command('b', 'FETCH 1 (BODY ENVELOPE)')).toMatch(
    /BODY \(\(\("text" "plain" [^)]*\)[^)]*\)\("text" "html".*"mixed"\) ENVELOPE .*"example.com"\)\(/,
  )
  const to = found.envelope?.to?.map(({ address }) => address).filter(Boolean)
  expect(to).toEqual(expect.arrayContaining(['one@example.com', 'two@example.com']))
})

test('mail of the corpus, however odd, comes whole and with the parts it has', async () => {
  const sandbox = await mailForTest()
  const step = 67
  const indexes = corpusFiles().flatMap((_, i) => (i % step === 0 ? [i] : []))
  const raws = indexes.map(index => readCorpusFile(index).toString('latin1').replace(/\r?\n/g, '\r\n'))
  for (const raw of raws) sandbox.control.deliver(IDA, Buffer.from(raw, 'latin1'))
  const client = await clientFor(sandbox)
  await client.mailboxOpen('INBOX')
  const all = await client.fetchAll('1:*', { source: true, bodyStructure: true, size: true, envelope: true })
  expect(all.length).toBe(indexes.length)
  for (const [i, { source, size, bodyStructure }] of all.entries()) {
    expect(source?.toString('latin1')).toBe(raws[i])
    expect(size).toBe(raws[i]?.length)
    const leaves = leavesOf(bodyStructure as Structure)
    const parsed = parseMime(Buffer.from(raws[i] ?? '', 'latin1'))
    const wanted = walkParts(parsed.root).filter(part => part.parts.length === 0)
    expect(leaves.length).toBe(wanted.length)
    if (i % 10 > 0) continue
    const parts = leaves.map(({ part = '1' }) => part)
    const fetched = await client.fetchOne(String(i + 1), { bodyParts: parts })
    for (const [n, part] of parts.entries()) {
      const range = wanted[n]
      const bytes = parsed.raw.subarray(range?.start, range?.end)
      expect(fetched).toMatchObject({ bodyParts: new Map([[part, bytes]]) })
    }
  }
})

function leavesOf(structure: Structure): Structure[] {
  return structure.childNodes?.flatMap(leavesOf) ?? [structure]
}

test('pieces of a message, chosen headers and the old items', async () => {
  const sandbox = await mailForTest()
  sandbox.control.deliver(
    IDA,
    rfc822({ subject: 'Pieces', headers: ['X-Long: one', ' two'], body: '0123456789' }),
  )
  const wire = await wireFor(sandbox)
  await wire.command('a', 'EXAMINE INBOX')
  expect(await wire.command('b', 'FETCH 1 BODY.PEEK[TEXT]<3.4>')).toBe(
    '* 1 FETCH (BODY[TEXT]<3> {4}\r\n3456)\r\nb OK Fetched\r\n',
  )
  expect(await wire.command('c', 'FETCH 1 BODY[TEXT]<50.4>')).toContain('BODY[TEXT]<50> {0}\r\n)')
  expect(await wire.command('d', 'FETCH 1 (BODY.PEEK[HEADER.FIELDS (subject "X-Long")])')).toContain(
    'BODY[HEADER.FIELDS (subject "X-Long")] {38}\r\nSubject: Pieces\r\nX-Long: one\r\n two\r\n\r\n)',
  )
  expect(await wire.command('e', 'FETCH 1 BODY[HEADER.FIELDS.NOT (from to subject)]')).toContain(
    'X-Long: one\r\n two\r\n\r\n)',
  )
  expect(await wire.command('f', 'FETCH 1 RFC822.TEXT')).toContain('RFC822.TEXT {10}\r\n0123456789')
  expect(await wire.command('g', 'FETCH 1 FULL')).toMatch(
    /FLAGS \(\) INTERNALDATE ".*" RFC822.SIZE \d+ ENVELOPE \(.*\) BODY \("text" "plain"/,
  )
  for (const wrong of [
    'BODY[0]',
    'BODY[MIME]',
    'BODY[1.]',
    'BODY[HEADER.FIELDS ()]',
    'BODY[TEXT',
    'BODY[TEXT]<1.0>',
    'NOTHING',
    '()',
  ])
    expect(await wire.command('h', `FETCH 1 ${wrong}`)).toMatch(/^h BAD /m)
  expect(await wire.command('i', 'FETCH 2 FLAGS')).toMatch(/^i BAD /)
})

test('reading a body marks it as read, peeking and a folder opened for reading do not', async () => {
  const sandbox = await mailForTest()
  sandbox.control.deliver(IDA, rfc822())
  const wire = await wireFor(sandbox)
  await wire.command('a', 'EXAMINE INBOX')
  await wire.command('b', 'FETCH 1 BODY[]')
  await wire.command('c', 'SELECT INBOX')
  expect(await wire.command('d', 'FETCH 1 (FLAGS BODY.PEEK[])')).toContain('FLAGS ()')
  expect(await wire.command('e', 'FETCH 1 BODY[TEXT]')).toContain('FLAGS (\\Seen)')
  expect(await wire.command('f', 'FETCH 1 (FLAGS)')).toContain('* 1 FETCH (FLAGS (\\Seen))\r\nf OK')
})

test('search finds by words, dates, flags, sizes and numbers', async () => {
  const sandbox = await mailForTest()
  const { imap } = sandbox.control
  const put = (subject: string, flags: string[], date: string, body = 'x', headers: string[] = []) =>
    imap.append({ folder: 'INBOX' }, Buffer.from(rfc822({ subject, body, headers })), flags, Date.parse(date))
  put('Alpha', ['\\Seen'], '2026-01-01T23:59:59Z', 'needle in hay', ['Date: Wed, 31 Dec 2025 10:00:00 +0000'])
  put('=?utf-8?q?Gr=C3=BC=C3=9Fe?=', ['\\Flagged'], '2026-01-02T00:00:00Z', 'x'.repeat(2000))
  put('Gamma', ['\\Seen', 'Work'], '2026-01-03T12:00:00Z', 'x', ['X-Tag: blue'])
  const client = await clientFor(sandbox)
  await client.mailboxOpen('INBOX')
  const day = (text: string) => new Date(`${text}T00:00:00Z`)
  for (const [query, wanted] of [
    [{ all: true }, [1, 2, 3]],
    [{ seen: true }, [1, 3]],
    [{ seen: false }, [2]],
    [{ flagged: true }, [2]],
    [{ keyword: 'work' }, [3]],
    [{ unKeyword: 'Work' }, [1, 2]],
    [{ since: day('2026-01-02') }, [2, 3]],
    [{ before: day('2026-01-02') }, [1]],
    [{ on: day('2026-01-02') }, [2]],
    [{ sentBefore: day('2026-01-01') }, [1]],
    [{ subject: 'grüße' }, [2]],
    [{ from: 'SENDER@example' }, [1, 2, 3]],
    [{ body: 'needle' }, [1]],
    [{ text: 'alpha' }, [1]],
    [{ header: { 'x-tag': 'blu' } }, [3]],
    [{ header: { 'x-tag': true } }, [3]],
    [{ larger: 1000 }, [2]],
    [{ smaller: 1000 }, [1, 3]],
    [{ uid: '2:*' }, [2, 3]],
    [{ seq: '1,3' }, [1, 3]],
    [{ or: [{ subject: 'alpha' }, { flagged: true }] }, [1, 2]],
    [{ not: { subject: 'alpha' }, seen: true }, [3]],
    [{ subject: 'nothing' }, []],
  ] as const) {
    expect([query, await client.search(query as object, { uid: true })]).toEqual([query, wanted])
  }
  const wire = await wireFor(sandbox)
  await wire.command('a', 'SELECT INBOX')
  expect(await wire.command('b', 'UID SEARCH RETURN (MIN MAX COUNT ALL) (SEEN NOT SUBJECT x)')).toBe(
    '* ESEARCH (TAG "b") UID MIN 1 MAX 3 COUNT 2 ALL 1,3\r\nb OK Searched\r\n',
  )
  expect(await wire.command('c', 'SEARCH RETURN (MIN COUNT) SUBJECT nothing')).toContain(
    '* ESEARCH (TAG "c") COUNT 0\r\n',
  )
  expect(await wire.command('d', 'SEARCH CHARSET latin1 ALL')).toMatch(/^d NO \[BADCHARSET/)
  for (const wrong of ['', 'NOPE', 'SINCE yesterday', 'OR ALL', '(ALL', 'UID x', 'LARGER y', 'CONSTRUCTOR'])
    expect(await wire.command('e', `SEARCH ${wrong}`)).toMatch(/^e BAD /)
})
