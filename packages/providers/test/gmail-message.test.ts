import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseVersion, toPulledMessage } from '../src/gmail/message.ts'

const b64 = (text: string | Buffer) => Buffer.from(text).toString('base64url')
const text = (type: string, content: string | Buffer, more: object = {}) => ({
  mimeType: `text/${type}`,
  filename: '',
  headers: [{ name: 'Content-Type', value: `text/${type}; charset=utf-8` }],
  body: { size: content.length, data: b64(content) },
  ...more,
})
const pulled = (payload: object, more: object = {}) =>
  toPulledMessage('m1', { id: 'm1', payload, ...more }, { bodies: true })

describe('a Gmail message', () => {
  test('never makes the reader throw, whatever it holds', () => {
    // With halves of surrogate pairs and NULs among its letters.
    const torn = fc.string({
      unit: fc.oneof(
        fc.constantFrom('a', ' ', '\0', '\ud83d', '\ude00', 'é', '&', '<', ';'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
    })
    const shape = fc.letrec(tie => ({
      part: fc.record(
        {
          partId: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
          mimeType: fc.oneof(
            fc.constantFrom(
              'text/plain',
              'TEXT/HTML',
              'multipart/alternative',
              'multipart/related',
              'message/rfc822',
              'image/png',
              '',
            ),
            fc.string(),
            fc.integer(),
          ),
          filename: fc.oneof(torn, fc.constant(null)),
          headers: fc.oneof(
            fc.array(
              fc.record({
                name: fc.oneof(
                  fc.constantFrom(
                    'From',
                    'To',
                    'Subject',
                    'Date',
                    'Content-Type',
                    'Content-Disposition',
                    'References',
                    'Message-ID',
                  ),
                  fc.string(),
                ),
                value: fc.oneof(
                  torn,
                  fc.constantFrom(
                    '=?x-unknown?Q?=FF=00?=',
                    '=?utf-8?B?////?=',
                    'text/plain; charset="utf-16"',
                    "attachment; filename*=utf-8''%ff%zz",
                  ),
                  fc.integer(),
                ),
              }),
              { maxLength: 5 },
            ),
            fc.string(),
            fc.constant(null),
          ),
          body: fc.oneof(
            fc.record(
              {
                data: fc.oneof(
                  fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes).toString('base64url')),
                  fc.string(),
                  fc.integer(),
                ),
                size: fc.oneof(fc.integer(), fc.string(), fc.double()),
              },
              { requiredKeys: [] },
            ),
            fc.anything(),
          ),
          parts: fc.oneof(
            { depthSize: 'small' },
            fc.constant(undefined),
            fc.array(tie('part'), { maxLength: 3 }),
            fc.anything(),
          ),
        },
        { requiredKeys: [] },
      ),
    }))
    const message = fc.oneof(
      fc.anything(),
      fc.record(
        {
          id: fc.anything(),
          threadId: fc.oneof(torn, fc.anything()),
          labelIds: fc.anything(),
          historyId: fc.anything(),
          internalDate: fc.anything(),
          sizeEstimate: fc.anything(),
          snippet: fc.oneof(torn, fc.anything()),
          payload: fc.oneof(shape.part, fc.anything()),
        },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(message, fc.boolean(), (given, bodies) => {
        const result = toPulledMessage('m1', given, { bodies })
        const json = JSON.stringify(result, (_key, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        )
        // What Postgres cannot hold: NUL in text, lone surrogates in JSON.
        expect(json).not.toMatch(/\\u0000|\\ud[89a-f]/i)
        expect(Number.isSafeInteger(result.receivedAt) && Number.isSafeInteger(result.sizeBytes)).toBe(true)
        expect(result.body === null).toBe(!bodies)
      }),
      { numRuns: 1_500 },
    )
  })

  test('sorts by the time Gmail received it, not by its Date header', () => {
    const message = pulled(
      { headers: [{ name: 'Date', value: 'Mon, 1 Jan 2001 00:00:00 +0000' }] },
      { internalDate: '1763700000000' },
    )
    expect(message).toMatchObject({ receivedAt: 1_763_700_000_000, sentAt: Date.UTC(2001, 0, 1) })
    expect(pulled({ headers: [{ name: 'Date', value: 'yesterday' }] })).toMatchObject({
      receivedAt: 0,
      sentAt: null,
    })
  })

  test('unescapes its snippet', () => {
    expect(pulled({}, { snippet: 'Don&#39;t &lt;b&gt; &amp; &#x1F600;' }).snippet).toBe("Don't <b> & 😀")
  })

  test('without a snippet takes the beginning of its text, or of its HTML', () => {
    expect(pulled(text('plain', 'First line\r\nsecond')).snippet).toBe('First line second')
    expect(pulled(text('html', '<style>p{}</style><p>One</p><p>Two &amp; three</p>')).snippet).toBe(
      'One Two & three',
    )
  })

  test('shows both forms of alternatives, and footers after them', () => {
    const message = pulled({
      mimeType: 'multipart/mixed',
      parts: [
        { mimeType: 'multipart/alternative', parts: [text('plain', 'plain'), text('html', '<p>rich</p>')] },
        text('plain', 'list footer <x>'),
      ],
    })
    expect(message.body?.text).toBe('plain\nlist footer <x>')
    expect(message.body?.html).toContain('<p>rich</p>')
    expect(message.body?.html).toContain('list footer &lt;x&gt;')
  })

  test('has its files as attachments and its pictures inline, by stable part ids', () => {
    const message = pulled({
      mimeType: 'multipart/mixed',
      partId: '',
      parts: [
        {
          partId: '0',
          mimeType: 'multipart/related',
          parts: [
            text('html', '<img src=cid:a>', { partId: '0.0' }),
            {
              partId: '0.1',
              mimeType: 'image/png',
              filename: 'a.png',
              headers: [{ name: 'Content-ID', value: '<a>' }],
              body: { attachmentId: 'changes', size: 10 },
            },
          ],
        },
        {
          partId: '1',
          mimeType: 'application/pdf',
          filename: 'b.pdf',
          body: { attachmentId: 'changes too', size: 20 },
        },
        {
          partId: '2',
          mimeType: 'message/rfc822',
          filename: '',
          body: { attachmentId: 'x', size: 30 },
          parts: [text('plain', 'inner')],
        },
      ],
    })
    expect(
      message.attachments.map(({ partId, filename, inline, sizeBytes }) => [
        partId,
        filename,
        inline,
        sizeBytes,
      ]),
    ).toEqual([
      ['0.1', 'a.png', true, 10],
      ['1', 'b.pdf', false, 20],
      ['2', 'message.eml', false, 30],
    ])
    expect(message.body?.text).toBeNull()
  })

  test('reads bytes by what they are: UTF-8 under an old label, then the label, then windows-1252', () => {
    const body = (bytes: Buffer, charset: string) =>
      pulled(
        text('plain', bytes, {
          headers: [{ name: 'content-type', value: `text/plain; charset=${charset}` }],
        }),
      ).body
    expect(body(Buffer.from('Grüße'), 'iso-8859-1')?.text).toBe('Grüße')
    expect(body(Buffer.from('日本語のメール'), 'iso-2022-jp')?.text).toBe('日本語のメール')
    expect(body(Buffer.from('\x1b$BF|K\\8l\x1b(B', 'latin1'), 'ISO-2022-JP')?.text).toBe('日本語')
    expect(body(Buffer.from('Gr\xfc\xdfe', 'latin1'), '"ISO-8859-1"')?.text).toBe('Grüße')
    expect(body(Buffer.from([0xc4, 0xe3, 0xba, 0xc3]), 'gb2312')?.text).toBe('你好')
    expect(body(Buffer.from('Gr\xfc\xdfe', 'latin1'), 'x-nonsense')).toMatchObject({
      text: 'Grüße',
      warning: expect.stringContaining('x-nonsense'),
    })
    expect(body(Buffer.from('plain'), 'utf-7')).toMatchObject({ text: 'plain', warning: null })
  })

  test('reads addresses as people write them', () => {
    const message = pulled({
      headers: [
        { name: 'From', value: '=?ISO-8859-1?Q?J=FCrgen?= (work) <j@x.test>' },
        { name: 'To', value: 'Team: a@x.test, "B, C" <b@x.test>;, undisclosed-recipients:;' },
        { name: 'to', value: 'c@x.test' },
      ],
    })
    expect(message.from.email).toBe('j@x.test')
    expect(message.from.name).toContain('Jürgen')
    expect(message.to).toEqual([
      { name: '', email: 'a@x.test' },
      { name: 'B, C', email: 'b@x.test' },
      { name: '', email: 'c@x.test' },
    ])
  })

  test('keeps the first and the newest of endless references', () => {
    const ids = Array.from({ length: 500 }, (_, i) => `<r${i}@x>`)
    const { references } = pulled({ headers: [{ name: 'References', value: ids.join('\r\n ') }] })
    expect(references).toHaveLength(100)
    expect([references[0], references.at(-1)]).toEqual(['<r0@x>', '<r499@x>'])
  })

  test('of megabytes of hostile markup is read within the test’s limit: no pattern backtracks', {
    timeout: 10_000,
  }, () => {
    const html = '<br<br<!--<script <style x="'.repeat(200_000)
    expect(pulled(text('html', html)).body?.warning).toContain('cut')
    const mixed = {
      mimeType: 'multipart/mixed',
      parts: [text('html', html), text('plain', ' \n'.repeat(500_000))],
    }
    expect(pulled(mixed).snippet.length).toBeLessThanOrEqual(300)
    expect(
      pulled({
        headers: [
          { name: 'References', value: '<'.repeat(500_000) },
          { name: 'To', value: '"<@'.repeat(100_000) },
          { name: 'Subject', value: '=?utf-8?Q?'.repeat(100_000) },
        ],
      }),
    ).toBeDefined()
  })
})

describe('a history id', () => {
  test('is a number beyond doubles, and nonsense is the oldest of all', () => {
    expect(parseVersion('9007199254740993')).toBe(9_007_199_254_740_993n)
    expect(parseVersion(42)).toBe(42n)
    for (const nonsense of [null, undefined, '', '-1', '1e5', '0x1f', {}, Number.NaN])
      expect(parseVersion(nonsense)).toBe(0n)
    expect(parseVersion('18446744073709551615')).toBe(2n ** 63n - 1n)
  })
})
