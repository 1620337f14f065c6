import { corpusFiles, readCorpusFile } from '@inlet/sandbox/corpus/files'
import fc from 'fast-check'
import PostalMime from 'postal-mime'
import { describe, expect, test } from 'vitest'
import { attachmentOf, type FetchedRow, toPulledMessage } from '../src/imap/message.ts'
import { decodeContent, parseMime, walkMime } from '../src/imap/mime-tree.ts'

const placing = { id: 'm', threadId: 't', version: 1n, labelIds: ['INBOX'] }
const row: FetchedRow = { flags: new Set(), internalDate: new Date('2026-11-02T10:00:00Z') }
const read = (source: string | Buffer, more: Partial<FetchedRow> = {}) =>
  toPulledMessage(placing, { ...row, ...more }, Buffer.from(source), { bodies: true })
const lines = (...all: string[]) => all.join('\r\n')

describe('a message from an IMAP server', () => {
  test('headers, flags and times', () => {
    const message = read(
      lines(
        'From: =?utf-8?Q?Bj=C3=B6rn?= <bo@example.org>',
        'To: Ann <ann@example.org>, =?iso-8859-1?q?J=F6rg?= <joerg@example.org>',
        'To: again@example.org',
        'Cc: undisclosed-recipients:;',
        'Subject: =?utf-8?B?R3LDvMOfZQ==?=',
        ' =?utf-8?Q?_aus_K=C3=B6ln?=',
        'Date: Mon, 2 Nov 2026 09:59:58 +0000',
        'Message-ID: <c@example.org>',
        'In-Reply-To: <b@example.org>',
        'References: <a@example.org>\t<b@example.org>',
        '',
        'Hello  there',
      ),
      { flags: new Set(['\\seen', '\\FLAGGED', '$Forwarded']), size: 400 },
    )
    expect(message).toMatchObject({
      from: { name: 'Björn', email: 'bo@example.org' },
      to: [
        { name: 'Ann', email: 'ann@example.org' },
        { name: 'Jörg', email: 'joerg@example.org' },
        { name: '', email: 'again@example.org' },
      ],
      cc: [],
      subject: 'Grüße aus Köln',
      snippet: 'Hello there',
      receivedAt: Date.parse('2026-11-02T10:00:00Z'),
      sentAt: Date.parse('2026-11-02T09:59:58Z'),
      unread: false,
      starred: true,
      draft: false,
      messageIdHeader: '<c@example.org>',
      inReplyTo: '<b@example.org>',
      references: ['<a@example.org>', '<b@example.org>'],
      labelIds: ['INBOX'],
      sizeBytes: 400,
    })
    expect(message.body?.warning).toMatch(/Only the beginning/)
  })

  test('header bytes of any charset are read, whether or not they may stand there', () => {
    expect(read(Buffer.from('Subject: Gr\xfc\xdfe\r\n\r\n', 'latin1')).subject).toBe('Grüße')
    expect(read('Subject: Grüße\r\n\r\n').subject).toBe('Grüße')
  })

  test('alternatives, inline images, attachments and attached messages, each under its part number', () => {
    const png = Buffer.from([137, 80, 78, 71, 0, 255])
    const source = lines(
      'Content-Type: multipart/mixed; boundary="outer"',
      '',
      'preamble',
      '--outer',
      'Content-Type: multipart/related; boundary=inner',
      '',
      '--inner',
      'Content-Type: multipart/alternative; boundary=alt',
      '',
      '--alt',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Gr=FC=DFe aus=20=',
      'K=F6ln =3D) =ZZ',
      '--alt',
      'Content-Type: text/html; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from('<p>Grüße <img src="cid:logo@x"></p>').toString('base64'),
      '--alt--',
      '--inner',
      'Content-Type: image/png; name=logo.png',
      'Content-ID: <logo@x>',
      'Content-Transfer-Encoding: base64',
      '',
      png.toString('base64'),
      '--inner--',
      '--outer',
      'Content-Type: application/pdf',
      'Content-Disposition: attachment; filename*0*=utf-8\'\'%C3%9Cbersicht%20; filename*1="2026.pdf"',
      '',
      'not really',
      '--outer',
      'Content-Type: message/rfc822',
      '',
      'Subject: inside',
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      '',
      'never shown',
      '--x--',
      '--outer--',
      'epilogue',
    )
    const message = read(source)
    expect(message.body).toEqual({
      text: 'Grüße aus Köln =) =ZZ',
      html: '<p>Grüße <img src="cid:logo@x"></p>',
      warning: null,
    })
    expect(message.attachments).toEqual([
      {
        partId: '1.2',
        filename: 'logo.png',
        mimeType: 'image/png',
        sizeBytes: 6,
        inline: true,
        contentId: 'logo@x',
      },
      {
        partId: '2',
        filename: 'Übersicht 2026.pdf',
        mimeType: 'application/pdf',
        sizeBytes: 10,
        inline: false,
        contentId: null,
      },
      expect.objectContaining({ partId: '3', filename: 'message.eml', mimeType: 'message/rfc822' }),
    ])
    expect(attachmentOf(Buffer.from(source), '1.2')).toEqual(png)
    expect(attachmentOf(Buffer.from(source), '2')?.toString()).toBe('not really')
    expect(attachmentOf(Buffer.from(source), '3')?.toString()).toMatch(/^Subject: inside/)
    expect(attachmentOf(Buffer.from(source), '4')).toBeNull()
  })

  test('what is cut, nested, or without an end is shown as far as it goes', () => {
    const whole = lines(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      'Text before the cut',
      '--b',
      'Content-Type: application/zip',
      'Content-Transfer-Encoding: base64',
      '',
      'AAAA',
    )
    expect(read(whole).body?.text).toBe('Text before the cut')
    expect(read(whole).attachments).toHaveLength(1)
    expect(read('Content-Type: multipart/mixed; boundary=b\r\n\r\nno part at all').body?.text).toBe(
      'no part at all',
    )
    expect(read('Content-Type: multipart/mixed\r\n\r\nno boundary').body?.text).toBe('no boundary')
    const deep = `Subject: deep\r\n${'Content-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\n'.repeat(300)}`
    expect(read(deep).subject).toBe('deep')
    const many = `Content-Type: multipart/mixed; boundary=z\r\n\r\n${'--z\r\n\r\nx\r\n'.repeat(5_000)}`
    expect(read(many).body?.text?.length).toBeLessThan(10_000)
  })

  test('nothing that bytes can be makes it throw, and the same bytes give the same parts', () => {
    const piece = fc.constantFrom(
      'Content-Type: multipart/mixed; boundary=b\r\n',
      'Content-Type: multipart/alternative; boundary="b"\n',
      'Content-Transfer-Encoding: base64\r\n',
      'Content-Transfer-Encoding: quoted-printable\r\n',
      "Content-Disposition: attachment; filename*0*=x''%\r\n",
      '\r\n--b\r\n',
      '\r\n--b--\r\n',
      '\r\n',
      '\n',
      '=',
      '=?utf-8?Q?=?=',
      'Subject: ',
    )
    const bytes = fc.array(
      fc.oneof(
        piece.map(text => Buffer.from(text)),
        fc.uint8Array({ maxLength: 40 }).map(each => Buffer.from(each)),
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(bytes, pieces => {
        const source = Buffer.concat(pieces)
        const message = read(source)
        const json = JSON.stringify({ ...message, version: 0 })
        expect(json).not.toMatch(/\\u0000|\\ud[89a-f]/i)
        expect(read(source)).toEqual(message)
        for (const { partId, sizeBytes } of message.attachments)
          expect(attachmentOf(source, partId)?.length).toBe(sizeBytes)
      }),
    )
  })
})

test('all real messages of the corpus are read, with the attachments that another parser finds', {
  timeout: 180_000,
}, async () => {
  let senders = 0
  let readable = 0
  let same = 0
  const count = corpusFiles().length
  expect(count).toBe(6_046)
  for (let at = 0; at < count; at += 1) {
    const source = readCorpusFile(at)
    const message = read(source)
    if (message.from.email.includes('@')) senders += 1
    if (message.body?.text?.trim() || message.body?.html?.trim() || message.attachments.length > 0)
      readable += 1
    const json = JSON.stringify({ ...message, version: 0 })
    expect(json, `message ${at}`).not.toMatch(/\\u0000|\\ud[89a-f]/i)
    const other = await PostalMime.parse(source, { forceRfc822Attachments: true })
    const theirs = other.attachments
      .filter(({ mimeType, filename }) => filename || !mimeType.startsWith('text/'))
      .map(({ content }) => Buffer.from(content as ArrayBuffer).length)
    const ours = message.attachments.map(({ partId }) => attachmentOf(source, partId)?.length ?? -1)
    // The other one counts the line break before the delimiter as content; IMAP servers do not.
    const near = theirs.every((length, part) => [0, 1, 2].includes(length - (ours[part] ?? -9)))
    if (ours.length === theirs.length && near) same += 1
  }
  expect(senders).toBeGreaterThan(count * 0.99)
  expect(readable).toBeGreaterThan(count * 0.995)
  // The rest are text parts with a name, which the two place differently.
  expect(same).toBeGreaterThan(count * 0.99)
})

test('content is decoded from where a part really lies', () => {
  const root = parseMime(Buffer.from('Content-Transfer-Encoding: base64\r\n\r\nSGk=\r\n'))
  expect([...walkMime(root)].map(part => [part.id, decodeContent(part).toString()])).toEqual([['1', 'Hi']])
})
