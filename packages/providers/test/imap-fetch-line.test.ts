import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { readFetchLine } from '../src/imap/fetch-line.ts'

const { parser } = createRequire(import.meta.url)('imapflow/lib/handler/imap-handler.js') as {
  parser(payload: Buffer, options: { literals: Buffer[] }): Promise<unknown>
}

const literal = Buffer.from('From: ann@example.com\r\n\r\nHello')
const size = `{${literal.length}}\r\n`

describe('a FETCH answer', () => {
  test.each([
    '(UID 7 FLAGS (\\Seen $Forwarded NonJunk) MODSEQ (12))',
    '(UID 7 FLAGS ())',
    `(UID 7 RFC822.SIZE 4096 INTERNALDATE "01-Nov-2026 00:00:00 +0000" BODY[]<0> ${size})`,
    `(UID 7 BODY[] ${size} FLAGS (\\Deleted))`,
    '(UID 7 BODY[] "short" THREADID (T1) EMAILID (M-1.a_b))',
    '(UID 7 THREADID NIL X-GM-MSGID 1278455344230334865 nil NIL)',
    '(ENVELOPE ("Mon, 2 Sep 2002 23:15:13 -0700" "Re: \\"so\\\\\\" they say" (("Bo" NIL "bo" "example.org")("" NIL "c" "d")) NIL NIL NIL NIL NIL NIL "<a@b>"))',
    `(ENVELOPE (NIL ${size} ((NIL NIL "bo" "x")) NIL NIL NIL NIL NIL NIL NIL))`,
    '(UID 7 ENVELOPE ("" "Grüße – 東京" NIL NIL NIL NIL NIL NIL NIL NIL))',
  ])('is read as imapflow reads it: %s', async items => {
    const payload = Buffer.from(`* 4711 FETCH ${items}`)
    const read = readFetchLine(payload, [literal])
    expect(read).not.toBeNull()
    expect(read).toEqual(await parser(payload, { literals: [literal] }))
  })

  test.each([
    '* 4711 FETCH (UID 7',
    '* 4711 FETCH (UID 7))',
    '* 4711 FETCH (UID 7) more',
    '* 4711 FETCH (UID "7)',
    '* 4711 FETCH (UID  7)',
    '* 4711 FETCH (UID 7:9)',
    '* 4711 FETCH (FLAGS (\\Seen \\*) UID 7)',
    '* 4711 FETCH (FLAGS (\\Se\\en))',
    '* 4711 FETCH ("a""b")',
    '* 4711 FETCH (BODY[HEADER] {3}\r\n)',
    '* 4711 FETCH (BODY[] {3}\r\n BODY[TEXT] {3}\r\n)',
    '* 4711 FETCH (BODY[] {3}\r\n FLAGS {3}\r\n)',
    '* 4711 EXISTS',
    '* OK [UIDNEXT 4] FETCH (UID 7)',
    'A1 OK FETCH (done)',
    '\0* 4711 FETCH (UID 7)',
    `* 4711 FETCH (${'('.repeat(30)}${')'.repeat(30)})`,
    '',
  ])('of any other kind is left to imapflow: %j', line => {
    expect(readFetchLine(Buffer.from(line), [literal])).toBeNull()
  })
})
