import { realWorld } from '@inlet/sync/world'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { type FetchedPlace, fetchMessages, fetchPart } from '../src/imap/fetch.ts'
import { fetchRows } from '../src/imap/fetch-rows.ts'
import { identityOf } from '../src/imap/identity.ts'
import { inFolder } from '../src/imap/in-folder.ts'
import { createPool, type Pool } from '../src/imap/pool.ts'
import { withDefaults } from '../src/imap/settings.ts'
import { fakeImap, type ImapReply } from './imap-fake-server.ts'
import { accessTo, atOf, never, rawMail, worldFor } from './imap-world.ts'

async function all(fetched: AsyncIterable<FetchedPlace>): Promise<FetchedPlace[]> {
  const found: FetchedPlace[] = []
  for await (const each of fetched) found.push(each)
  return found.toSorted((a, b) => a.uid - b.uid)
}

describe('messages of a real Dovecot', () => {
  let dovecot: DovecotServer
  let pool: Pool
  beforeAll(async () => {
    dovecot = await startDovecot()
    pool = createPool(accessTo(dovecot), worldFor(dovecot))
  })
  afterAll(async () => {
    await pool?.close()
    await dovecot?.stop()
  })

  /** A text, an HTML form of it, and an attachment of so many bytes. */
  const withAttachment = (subject: string, bytes: Buffer) =>
    [
      `From: Bo <bo@example.org>\r\nTo: ann@inlet.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>`,
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b1"\r\n',
      '--b1\r\nContent-Type: multipart/alternative; boundary="b2"\r\n',
      '--b2\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n',
      Buffer.from('Grüße aus Köln').toString('base64'),
      '--b2\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n',
      '<p>Gr=FC=DFe</p>',
      '--b2--',
      '--b1\r\nContent-Type: application/pdf; name="=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?="\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n',
      bytes.toString('base64').replace(/.{76}/g, '$&\r\n'),
      '--b1--\r\n',
    ].join('\r\n')

  test('are read with texts and attachments, small and large alike, without what is attached', async () => {
    const mailbox = dovecot.mailbox()
    const small = Buffer.from('small bytes')
    const large = Buffer.alloc(6 * 1024 * 1024, 'large bytes ')
    const { uidValidity } = await mailbox.append(withAttachment('small', small), {
      folder: 'Read',
      flags: ['\\Seen', '\\Flagged'],
    })
    await mailbox.append(withAttachment('large', large), { folder: 'Read' })
    const folder = { path: 'Read', uidValidity }
    const fetched = await all(fetchMessages(atOf(pool), folder, [1, 2, 3], { bodies: true }))
    expect(fetched).toMatchObject([
      {
        uid: 1,
        outcome: 'message',
        place: { uid: 1, flags: ['\\Flagged', '\\Seen'] },
        message: { subject: 'small', unread: false, starred: true },
      },
      { uid: 2, outcome: 'message', message: { subject: 'large', unread: true, starred: false } },
      { uid: 3, outcome: 'missing' },
    ])
    for (const each of fetched) {
      if (each.outcome !== 'message') continue
      const { message } = each
      expect(message.body).toEqual({ html: '<p>Grüße</p>', text: 'Grüße aus Köln', warning: null })
      expect(message.snippet).toBe('Grüße aus Köln')
      expect(message.attachments).toMatchObject([
        { partId: '2', filename: 'Größe.pdf', mimeType: 'application/pdf', inline: false },
      ])
      const bytes = each.uid === 1 ? small : large
      const told = message.attachments[0]?.sizeBytes ?? 0
      expect(Math.abs(told - bytes.length)).toBeLessThan(bytes.length / 100 + 10)
      expect((await fetchPart(atOf(pool), folder, each.uid, '2')).equals(bytes)).toBe(true)
    }
    expect(codeOf(await fetchPart(atOf(pool), folder, 1, '7').catch(error => error))).toBe('part_missing')
    expect(codeOf(await fetchPart(atOf(pool), folder, 9, '2').catch(error => error))).toBe('part_missing')
  })

  test('are told from each other by the same facts as imapflow tells', async () => {
    const mailbox = dovecot.mailbox()
    const heads = [
      'From: Bo <Bo@Example.org>, "Ann, \\"A\\"" <ann@inlet.test>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <a@b>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100',
      'From: Friends: bo@example.org, ann@inlet.test;\r\nSubject: "quoted" (and) {not a literal}\r\nDate: no date at all',
      'From: =?iso-8859-1?Q?J=F6rg?= <j@example.org>\r\nTo: x@example.org\r\nCc: y@example.org\r\nReply-To: z@example.org',
      `Subject: ${'A long one '.repeat(100)}\r\nMessage-ID: no brackets`,
      'X-Nothing: at all',
    ]
    for (const head of heads) await mailbox.append(`${head}\r\n\r\nHello`, { folder: 'Facts' })
    await inFolder(atOf(pool), { path: 'Facts', uidValidity: null }, { action: 'compare' }, async client => {
      const rows = await fetchRows(client, [1, 2, 3, 4, 5, 9], { flags: true, facts: true, source: 100 })
      const query = { uid: true, flags: true, envelope: true, internalDate: true, size: true, source: true }
      const usual = await client.fetchAll('1:*', query, { uid: true })
      expect([...rows.keys()]).toEqual([1, 2, 3, 4, 5])
      for (const row of usual) {
        const { envelope, source, ...others } = rows.get(row.uid) ?? { envelope: undefined }
        expect(others).toEqual({
          ...{ seq: row.seq, uid: row.uid, flags: row.flags, size: row.size },
          ...{ internalDate: row.internalDate, modseq: row.modseq },
        })
        const { date, subject, from, messageId } = row.envelope ?? {}
        expect(envelope).toEqual(
          Object.fromEntries(
            Object.entries({ date, subject, from, messageId }).filter(([, value]) => value !== undefined),
          ),
        )
        expect(source).toEqual(row.source?.subarray(0, 100))
        expect(identityOf({ ...others, envelope })).toBe(identityOf(row))
      }
    })
  })

  test('of a hundred megabytes never come into memory', async () => {
    const mailbox = dovecot.mailbox()
    const bytes = Buffer.alloc(76 * 1024 * 1024, 'x')
    const { uidValidity } = await mailbox.append(withAttachment('huge', bytes), { folder: 'Huge' })
    const long = `${'A line of a very long text.\r\n'.repeat(100_000)}`
    await mailbox.append(rawMail('Long', { body: long }), { folder: 'Huge' })
    const folder = { path: 'Huge', uidValidity }
    // A server that sent more than this would be cut off.
    const strict = createPool(accessTo(dovecot), worldFor(dovecot, { maxLiteralBytes: 2 * 1024 * 1024 }))
    const fetched = await all(fetchMessages(atOf(strict), folder, [1, 2], { bodies: true }))
    expect(codeOf(await fetchPart(atOf(strict), folder, 1, '2').catch(error => error))).toBe('too_large')
    // Not even asked for: the answer would have ended the connection.
    expect(strict.stats()).toMatchObject({ open: 1, leased: 0 })
    await strict.close()
    expect(fetched.map(({ outcome }) => outcome)).toEqual(['message', 'message'])
    const [huge, cut] = fetched.map(each => (each.outcome === 'message' ? each.message : null))
    expect(huge?.attachments[0]?.sizeBytes).toBeGreaterThan(70 * 1024 * 1024)
    expect(huge?.body?.warning).toBeNull()
    expect(cut?.body?.warning).toMatch(/beginning/)
    expect(cut?.body?.text?.length).toBeGreaterThan(1_000_000)
  })

  test('have one outcome for each UID, however many, and the same id in another folder', async () => {
    const mailbox = dovecot.mailbox()
    let uidValidity = 0n
    const date = new Date('2026-03-04T05:06:07Z')
    for (let at = 0; at < 45; at += 1)
      ({ uidValidity } = await mailbox.append(rawMail(`Many ${at}`), { folder: 'Many', date }))
    const uids = [...(await mailbox.uids('Many')), 500, 501, 3]
    const fetched = await all(
      fetchMessages(atOf(pool), { path: 'Many', uidValidity }, uids, { bodies: false }),
    )
    expect(fetched.map(({ uid }) => uid)).toEqual([
      ...Array.from({ length: 45 }, (_, at) => at + 1),
      500,
      501,
    ])
    expect(fetched.filter(({ outcome }) => outcome === 'missing')).toHaveLength(2)
    await mailbox.create('Other')
    await mailbox.copy('Many', [7], 'Other')
    const other = await mailbox.uids('Other')
    const status = await pool.use('live', never, 'Other', session =>
      session.run('ask', never, client => client.status('Other', { uidValidity: true })),
    )
    const [copy] = await all(
      fetchMessages(atOf(pool), { path: 'Other', uidValidity: status.uidValidity ?? 0n }, other, {
        bodies: false,
      }),
    )
    const original = fetched[6]
    expect(copy?.outcome === 'message' && original?.outcome === 'message').toBe(true)
    if (copy?.outcome === 'message' && original?.outcome === 'message') {
      expect(copy.message.id).toBe(original.message.id)
      expect(copy.message.body).toBeNull()
      expect(copy.message.snippet).toBe('Hello.')
    }
  })

  test('of a folder numbered anew are not read under old numbers', async () => {
    const { uidValidity } = await dovecot.mailbox().append(rawMail('Old'), { folder: 'Renumbered' })
    await dovecot.setUidValidity('Renumbered', 4_712)
    const folder = { path: 'Renumbered', uidValidity }
    const refused = await all(fetchMessages(atOf(pool), folder, [1], { bodies: true })).catch(error => error)
    expect(codeOf(refused)).toBe('folder_renumbered')
  })
})

type Wrong = (reply: ImapReply) => void

describe('a message that cannot be had', () => {
  /** Three messages, of which the second goes wrong in some way. */
  const reading = async (wrong: Wrong) => {
    const { port } = await fakeImap({
      on: {
        FETCH: reply => {
          const { line, send, end, socket } = reply
          const uids = /FETCH ([\d:,]+) /.exec(line)?.[1] ?? ''
          const [first = 0, last = first] = uids.split(':').map(Number)
          let ended = false
          const once = (result: string) => {
            ended = true
            end(result)
          }
          for (let uid = first; uid <= last && !ended && !socket.destroyed; uid += 1) {
            if (uid === 2) {
              wrong({ ...reply, end: once })
              continue
            }
            const source = `Subject: m${uid}\r\n\r\nText`
            send(
              `* ${uid} FETCH (UID ${uid} FLAGS () RFC822.SIZE ${source.length} INTERNALDATE "01-Nov-2026 10:00:00 +0000" ENVELOPE (NIL "m${uid}" NIL NIL NIL NIL NIL NIL NIL NIL) BODY[]<0> {${source.length}}\r\n${source})\r\n`,
            )
          }
          if (!ended && !socket.destroyed) end('OK done')
        },
        SEARCH: ({ send, end }) => {
          send('* SEARCH 2\r\n')
          end('OK done')
        },
      },
    })
    const pool = createPool(
      {
        accountId: 'a',
        imap: { host: 'imap.example.org', port, security: 'none' },
        smtp: null,
        user: 'ann',
        secret: async () => ({ password: 'p' }),
      },
      {
        settings: withDefaults({ allowPrivateHosts: true, silenceMs: 5_000 }),
        world: realWorld,
        lookup: async () => ['127.0.0.1'],
      },
    )
    const folder = { path: 'INBOX', uidValidity: 1n }
    return await all(fetchMessages(atOf(pool), folder, [1, 2, 3], { bodies: true })).finally(() =>
      pool.close(),
    )
  }

  const wrongs: [string, Wrong][] = [
    ['is refused', ({ end }) => end('NO [SERVERBUG] corrupt')],
    ['cuts the connection', ({ socket }) => void socket.destroy()],
    ['comes without its bytes', ({ send }) => send('* 2 FETCH (UID 2 FLAGS ())\r\n')],
    ['is listed and does not come', () => {}],
    ['comes garbled', ({ send }) => send('* 2 FETCH (UID 2 FLAGS ((((\r\n')],
  ]
  test.each(wrongs)('because it %s is a failed item, and the others are read (I10)', async (_, wrong) => {
    const fetched = await reading(wrong)
    expect(fetched.map(({ uid, outcome }) => `${uid} ${outcome}`)).toEqual([
      '1 message',
      '2 failed',
      '3 message',
    ])
  })
})
