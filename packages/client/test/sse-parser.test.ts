import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSseParser, type SseEvent, SseTooLarge } from '../src/sse-parser.ts'

function parse(...chunks: string[]): SseEvent[] {
  const events: SseEvent[] = []
  const parser = createSseParser(event => events.push(event))
  for (const chunk of chunks) parser.push(chunk)
  return events
}
const message = (data: string, event = 'message', lastEventId = '') => ({ event, data, lastEventId })

/** The examples of WHATWG HTML §9.2.6 and its traps. */
describe('the SSE parser', () => {
  it('joins data lines with LF', () => {
    expect(parse('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual([message('YHOO\n+2\n10')])
  })
  it('ignores comments, and keeps the id for later blocks until one clears it', () => {
    const stream =
      ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n'
    expect(parse(stream)).toEqual([
      message('first event', 'message', '1'),
      message('second event'),
      message(' third event'),
    ])
  })
  it('dispatches an empty data line, and nothing for a block without data', () => {
    expect(parse('data\n\ndata\ndata\n\ndata:')).toEqual([message(''), message('\n')])
    expect(parse('event: ping\n\nid: 7\n\ndata: x\n\n')).toEqual([message('x', 'message', '7')])
  })
  it('removes exactly one space after the colon', () => {
    expect(parse('data:test\n\ndata: test\n\ndata:  test\n\n').map(event => event.data)).toEqual([
      'test',
      'test',
      ' test',
    ])
  })
  it('ignores an id with NUL, unknown fields, and fields in the wrong case', () => {
    expect(parse('id: a\n\nid: b\0\nDATA: no\nfoo: bar\ndata: x\n\n')).toEqual([message('x', 'message', 'a')])
  })
  it('discards a block that the end of the stream cuts', () => {
    expect(parse('data: whole\n\nevent: changes\ndata: {"cut":')).toEqual([message('whole')])
  })
  it('forgets the event name after each block', () => {
    expect(parse('event: a\ndata: 1\n\ndata: 2\n\n')).toEqual([message('1', 'a'), message('2')])
  })
  it('takes CR, LF and CR LF alike, also when a chunk ends between CR and LF', () => {
    expect(parse('data: a\r', '\n\r', '\ndata: b\r\rdata: c\n\n')).toEqual([
      message('a'),
      message('b'),
      message('c'),
    ])
  })

  it('gives the same events however the stream is cut into chunks', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', ':', '\0', 'é', '😀', 'd'), maxLength: 8 })
    const line = fc.oneof(
      text,
      text.map(value => `data: ${value}`),
      text.map(value => `data:${value}`),
      text.map(value => `id: ${value}`),
      text.map(value => `event: ${value}`),
      text.map(value => `:${value}`),
      fc.constant(''),
    )
    const stream = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 })
      .map(lines => lines.flat().join(''))
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200)), (whole, cuts) => {
        const at = [...new Set(cuts.map(cut => Math.min(cut, whole.length)))].sort((a, b) => a - b)
        const chunks = [0, ...at].map((start, i) => whole.slice(start, at[i] ?? whole.length))
        expect(chunks.join('')).toBe(whole)
        expect(parse(...chunks)).toEqual(parse(whole))
        expect(parse(...[...whole])).toEqual(parse(whole))
      }),
    )
  })

  it('takes a line and an event of exactly the limit, and refuses one more character', () => {
    const parser = () => createSseParser(() => {}, 10)
    expect(() => parser().push('data:12345\n\n')).not.toThrow()
    expect(() => parser().push('data:123456')).toThrow(SseTooLarge)
    // Data counts with the LF of each line: 5 + 5.
    expect(() => parser().push('data:1234\ndata:1234\n\n')).not.toThrow()
    expect(() => parser().push('data:1234\ndata:1234\ndata:\n\n')).toThrow(SseTooLarge)
  })
})
