import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NEWEST, readBody, toPulledMessage, versionOf } from '../src/graph/message.ts'

const ASKED = Date.UTC(2026, 10, 21, 12)
const pulled = (more: object) => toPulledMessage('m1', { id: 'm1', ...more }, ASKED, { bodies: true })

describe('a Graph message', () => {
  test('never makes the reader throw, whatever it holds', () => {
    const torn = fc.string({
      unit: fc.oneof(
        fc.constantFrom('a', ' ', '\0', '\ud83d', '\ude00', '<', '@'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
    })
    const odd = fc.oneof(torn, fc.integer(), fc.constant(null), fc.array(torn), fc.object())
    const person = fc.record({ emailAddress: fc.record({ name: odd, address: odd }) }, { requiredKeys: [] })
    const message = fc.record(
      {
        conversationId: odd,
        subject: odd,
        bodyPreview: odd,
        body: fc.oneof(odd, fc.record({ contentType: odd, content: odd })),
        from: fc.oneof(odd, person),
        toRecipients: fc.oneof(odd, fc.array(fc.oneof(odd, person))),
        receivedDateTime: odd,
        lastModifiedDateTime: odd,
        flag: odd,
        isRead: odd,
        parentFolderId: odd,
        internetMessageId: odd,
        internetMessageHeaders: fc.oneof(odd, fc.array(fc.record({ name: odd, value: odd }))),
        attachments: fc.oneof(odd, fc.array(fc.record({ id: odd, name: odd, size: odd, contentId: odd }))),
        singleValueExtendedProperties: fc.oneof(odd, fc.array(fc.record({ id: odd, value: odd }))),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(odd, message), given => {
        const state = toPulledMessage('m1', given, ASKED, { bodies: true })
        expect(state.version).toBeGreaterThan(0n)
        expect(state.version).toBeLessThan(NEWEST)
        expect(JSON.stringify({ ...state, version: 0 })).not.toMatch(/\\u0000|\\ud[89a-f]/)
        expect(state.sizeBytes).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 300 },
    )
  })

  test('is labelled by its folder, and by its flag', () => {
    expect(pulled({ parentFolderId: 'F', isRead: false, flag: { flagStatus: 'flagged' } })).toMatchObject({
      labelIds: ['F', 'STARRED'],
      unread: true,
      starred: true,
    })
    expect(pulled({ parentFolderId: 'F', isRead: true, flag: { flagStatus: 'complete' } })).toMatchObject({
      labelIds: ['F'],
      unread: false,
      starred: false,
    })
  })

  test('names people only where a name says more than the address', () => {
    const person = (name: string | undefined, address: string) => ({ emailAddress: { name, address } })
    expect(
      pulled({
        from: person('Ada', 'ada@example.test'),
        toRecipients: [person('BOB@example.test', 'bob@example.test'), person(undefined, 'eve@example.test')],
      }),
    ).toMatchObject({
      from: { name: 'Ada', email: 'ada@example.test' },
      to: [
        { name: '', email: 'bob@example.test' },
        { name: '', email: 'eve@example.test' },
      ],
    })
  })

  test('lists files and attached messages, and no links into a cloud', () => {
    const { attachments } = pulled({
      attachments: [
        { '@odata.type': '#microsoft.graph.itemAttachment', id: 'a', name: '', size: 9 },
        { '@odata.type': '#microsoft.graph.referenceAttachment', id: 'b', name: 'On a drive' },
        { '@odata.type': '#microsoft.graph.fileAttachment', id: 'c', contentId: '<x@y>', isInline: true },
        { '@odata.type': '#microsoft.graph.fileAttachment', id: 'd', isInline: true },
      ],
    })
    expect(attachments.map(each => [each.partId, each.mimeType, each.inline, each.contentId])).toEqual([
      ['a', 'message/rfc822', false, null],
      ['c', 'application/octet-stream', true, 'x@y'],
      ['d', 'application/octet-stream', false, null],
    ])
    expect(attachments[0]?.filename).toBe('message.eml')
  })

  test('has the size that Exchange tells, else that of its files', () => {
    const attachments = [{ id: 'a', size: 70 }]
    expect(pulled({ attachments }).sizeBytes).toBe(70)
    const told = [{ id: 'Long 0xe08', value: '12345' }]
    expect(pulled({ attachments, singleValueExtendedProperties: told }).sizeBytes).toBe(12_345)
  })

  test('keeps one form of its body, and says when it was cut', () => {
    expect(readBody({ contentType: 'html', content: '<p>x</p>' })).toEqual({
      html: '<p>x</p>',
      text: null,
      warning: null,
    })
    expect(readBody({ contentType: 'text', content: 'x' })).toEqual({ html: null, text: 'x', warning: null })
    expect(readBody({ contentType: 'html', content: 'x'.repeat(5_000_001) }).warning).toContain('cut')
    expect(readBody(null)).toEqual({ html: null, text: null, warning: null })
  })
})

describe('a version', () => {
  test('is ordered by the second of the change, then by when it was asked for', () => {
    const at = (second: number) => `2026-11-21T11:00:0${second}Z`
    expect(versionOf(at(2), ASKED)).toBeGreaterThan(versionOf(at(1), ASKED + 60_000))
    expect(versionOf(at(1), ASKED + 1)).toBeGreaterThan(versionOf(at(1), ASKED))
    // Our clock may be behind Microsoft's.
    const change = Date.parse(at(1))
    expect(versionOf(at(1), change - 30_000)).toBeGreaterThan(versionOf(at(1), change - 30_001))
  })

  test('never sinks with the time of asking, and tells a second apart years after the change', () => {
    const modified = '2010-01-01T00:00:00Z'
    const since = Date.parse(modified)
    const age = fc.integer({ min: 0, max: 2 ** 41 - 1 - 60_000 })
    fc.assert(
      fc.property(age, age, (a, b) => {
        const [first, second] = [versionOf(modified, since + a), versionOf(modified, since + b)]
        if (a <= b) expect(second).toBeGreaterThanOrEqual(first)
        if (a + 2_048 <= b) expect(second).toBeGreaterThan(first)
        if (a < b && b < 2 ** 30 - 60_000) expect(second).toBeGreaterThan(first)
      }),
    )
    for (let bit = 1; bit < 41; bit++) {
      const [below, at] = [since - 60_000 + 2 ** bit - 1, since - 60_000 + 2 ** bit]
      expect(versionOf(modified, at)).toBeGreaterThanOrEqual(versionOf(modified, below))
    }
  })

  test('is positive and fits, whatever Graph says', () => {
    for (const given of ['9999-12-31T23:59:59Z', '1601-01-01T00:00:00Z', '', null, 'soon'])
      for (const asked of [0, ASKED, Number.MAX_SAFE_INTEGER]) {
        expect(versionOf(given, asked)).toBeGreaterThan(0n)
        expect(versionOf(given, asked)).toBeLessThanOrEqual(NEWEST)
      }
  })
})
