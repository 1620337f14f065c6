import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommandReader, type Line } from '../../src/imap/wire/command-reader.ts'
import { formatDate, parseDateTime } from '../../src/imap/wire/dates.ts'
import { contains, formatSet, parseSet } from '../../src/imap/wire/numbers.ts'
import { Glued, type Token, tokenise, write } from '../../src/imap/wire/tokens.ts'
import { decodeName, encodeName } from '../../src/imap/wire/utf7.ts'

const ATOM_CHARS = [..."ABCxyz0189!#$%&'*+,-./:;<=>?@[]\\^_`|}~"]
const atom = fc
  .array(fc.constantFrom(...ATOM_CHARS), { minLength: 1, maxLength: 12 })
  .map(chars => chars.join(''))
  .filter(text => !/BODY(\.PEEK)?\[/i.test(text))
const section = fc.constantFrom('BODY[]', 'BODY.PEEK[HEADER.FIELDS (From "a b]")]<0.10>', 'body[1.2.mime]')
const string = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
  fc.constant(Buffer.alloc(1500, 'x')),
)
const { token } = fc.letrec<{ token: Token }>(tie => ({
  token: fc.oneof(
    { maxDepth: 4 },
    atom,
    section,
    string,
    fc.array(tie('token'), { maxLength: 5 }).map((items): Token => items),
  ),
}))

function linesOf(bytes: Buffer, cuts: readonly number[]): Line[] {
  const reader = new CommandReader(1_000_000, () => 1_000_000)
  const edges = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return edges.slice(1).flatMap((end, i) =>
    [...reader.feed(bytes.subarray(edges[i], end))].flatMap(incoming => {
      return incoming.kind === 'line' ? [{ text: incoming.text, literals: incoming.literals }] : []
    }),
  )
}

test('what is written is read again, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(token, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 6 }), (tokens, cuts) => {
      const bytes = Buffer.concat([write(tokens), Buffer.from('\r\n')])
      const lines = linesOf(Buffer.concat([bytes, bytes]), cuts)
      expect(lines.map(({ text, literals }) => tokenise(text, literals))).toEqual([tokens, tokens])
    }),
    { numRuns: 500 },
  )
})

test('any bytes are read or refused, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      for (const { text, literals } of linesOf(Buffer.concat([bytes, Buffer.from('\r\n')]), [])) {
        try {
          tokenise(text, literals)
        } catch (error) {
          expect(error).toMatchObject({ status: 'BAD' })
        }
      }
    }),
    { numRuns: 1000 },
  )
})

test('a line or a literal that is too long is told, and reading goes on behind it', () => {
  const reader = new CommandReader(50, () => 10)
  const said = (text: string) => [...reader.feed(Buffer.from(text))].map(({ kind }) => kind)
  expect(said(`a ${'x'.repeat(40)}`)).toEqual([])
  expect(said(`${'x'.repeat(40)}`)).toEqual(['too-long'])
  expect(said('xxx\r\nb NOOP\r\n')).toEqual(['line'])
  expect(said('c X {11}\r\n')).toEqual(['too-big'])
  expect(said('d X {6}\r\n')).toEqual(['go-ahead'])
  expect(said('123456 {5}\r\n')).toEqual(['too-big'])
  expect(said('e NOOP\r\n')).toEqual(['line'])
})

test('adjacent parts stand without a blank', () => {
  const tokens = [[new Glued([['a'], ['b']]), Buffer.from('mixed')], 'NIL']
  expect(write(tokens).toString()).toBe('((a)(b) "mixed") NIL')
})

test('sets of numbers hold what they say', () => {
  const number = fc.integer({ min: 1, max: 60 })
  fc.assert(
    fc.property(fc.uniqueArray(number, { minLength: 1 }), number, (numbers, probe) => {
      const set = parseSet(formatSet(numbers.toSorted((a, b) => a - b)))
      expect(contains(set, 60)(probe)).toBe(numbers.includes(probe))
    }),
  )
  expect(formatSet([1, 2, 3, 7, 9, 10])).toBe('1:3,7,9:10')
  expect(formatSet([5, 3, 4])).toBe('5,3:4')
  const beyond = contains(parseSet('90:*'), 12)
  expect([11, 12, 13].map(beyond)).toEqual([false, true, true])
  for (const text of ['', '0', '1:', ':2', '1,,2', 'a', '*:']) expect(() => parseSet(text)).toThrow()
})

test('names of folders go through modified UTF-7 and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), name => {
      fc.pre(!/[\p{Cc}]/u.test(name))
      expect(decodeName(encodeName(name))).toBe(name)
    }),
  )
  expect(encodeName('Entwürfe & 台北')).toBe('Entw&APw-rfe &- &U,BTFw-')
  for (const text of ['&', '&AA', '&APw', '&Jjo!', '&AGE-', 'ü', 'a\tb'])
    expect(() => decodeName(text)).toThrow()
})

test('dates are read as they are written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), seconds => {
      expect(parseDateTime(formatDate(seconds * 1000))).toBe(seconds * 1000)
    }),
  )
  expect(parseDateTime('17-Jul-1996 02:44:25 -0700')).toBe(Date.parse('1996-07-17T09:44:25Z'))
})
