import { describe, expect, test } from 'vitest'
import { decodeBytes, decodeHeader, parseParameters } from '../src/mime/headers.ts'
import { parseMime, partBytes, walkParts } from '../src/mime/parse.ts'
import { snippetOf } from '../src/mime/snippet.ts'

const parse = (text: string) => parseMime(Buffer.from(text, 'latin1'))

describe('hostile and broken mail', () => {
  test.each([
    ['empty', ''],
    ['only a line break', '\n'],
    ['no body', 'Subject: x'],
    ['no headers', '\n\njust text'],
    ['a multipart without boundary', 'Content-Type: multipart/mixed\n\n--x\n'],
    ['a boundary that never comes', 'Content-Type: multipart/mixed; boundary=x\n\ntext'],
    ['a boundary that is never closed', 'Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext'],
    ['bytes of nothing', '\u0000\u0001\u00ff'.repeat(100)],
    ['an unknown charset', 'Content-Type: text/plain; charset=x-none\n\nhi'],
    ['broken base64', 'Content-Transfer-Encoding: base64\n\n!!!'],
    ['broken quoted-printable', 'Content-Transfer-Encoding: quoted-printable\n\n=G1=\n=4'],
  ])('%s never throws', (_name, text) => {
    const parsed = parse(text)
    for (const part of walkParts(parsed.root)) partBytes(parsed, part)
    expect(snippetOf(parsed)).toBeTypeOf('string')
  })

  test('nesting and part counts are bounded', () => {
    const deep = Array.from(
      { length: 60 },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`,
    ).join('')
    expect(walkParts(parse(deep).root).length).toBeLessThanOrEqual(21)
    const wide = `Content-Type: multipart/mixed; boundary=x\n\n${'--x\n\na\n'.repeat(3000)}--x--`
    expect(walkParts(parse(wide).root).length).toBeLessThanOrEqual(1000)
  })
})

test('header words, raw 8-bit headers and RFC 2231 names are read', () => {
  expect(decodeHeader('=?iso-8859-1?Q?caf=E9?= =?utf-8?B?4pyT?=')).toBe('café✓')
  expect(decodeHeader('caf\u00e9')).toBe('café')
  expect(parseParameters("attachment; filename*0*=utf-8''a%C3%A4; filename*1=b.txt").params.filename).toBe(
    'aäb.txt',
  )
  expect(decodeBytes(Buffer.from([0xe9]))).toBe('é')
  expect(decodeBytes(Buffer.from('日本'), 'utf-8')).toBe('日本')
})

test('an attached message shows its own parts below it', () => {
  const parsed = parse(
    'Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nSubject: inner\n\nhello\n--x--\n',
  )
  expect(walkParts(parsed.root).map(p => [p.partId, p.mimeType])).toEqual([
    ['', 'multipart/mixed'],
    ['0', 'message/rfc822'],
    ['0.0', 'text/plain'],
  ])
})

test('snippets of HTML leave out tags, styles and comments', () => {
  const parsed = parse(
    'Content-Type: text/html\n\n<style>p{}</style><!-- no --><p>Caf&eacute; &amp; more&#33;</p>',
  )
  expect(snippetOf(parsed)).toBe('Caf&eacute; & more!')
})

test('a plain footer behind a base64 body does not garble it', () => {
  const parsed = parse('Content-Transfer-Encoding: base64\n\naGVsbG8=\n\n____\nUnsubscribe here')
  expect(partBytes(parsed, parsed.root).toString()).toBe('hello')
})
