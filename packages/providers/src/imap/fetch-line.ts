import type { Buffer } from 'node:buffer'

/** As imapflow's parser gives them: NIL is null, a parenthesised list an array. */
export type LineToken =
  | null
  | { type: 'ATOM'; value: string; section?: []; partial?: number[] }
  | { type: 'STRING'; value: string }
  | { type: 'LITERAL'; value: Buffer }
  | LineToken[]

export type FetchLine = { tag: '*'; command: string; attributes: [LineToken, LineToken[]] }

const HEAD = /^\* (\d{1,10}) FETCH \(/
const ATOM = /[\w.$\\-]+/y
/** The whole message, or its beginning. */
const BODY = /BODY\[\](?:<(0|[1-9]\d{0,9})>)?/y
const MARKER = /\{\d{1,10}\}\r?\n/y
const DEPTH_MAX = 10

/**
 * An untagged FETCH answer of the plain kind: atoms, quoted strings, literals, lists, `BODY[]`. null for everything else,
 * which whoever asks leaves to imapflow. Tokens are the same as imapflow's. `literals` is left as it was.
 */
export function readFetchLine(payload: Buffer, literals: readonly Buffer[]): FetchLine | null {
  const text = payload.toString()
  const head = HEAD.exec(text)
  if (!head?.[1]) return null
  const items = readList({ text, at: head[0].length, literals, literal: 0 }, DEPTH_MAX)
  return items && { tag: '*', command: head[1], attributes: [{ type: 'ATOM', value: 'FETCH' }, items] }
}

type Reading = { text: string; at: number; literals: readonly Buffer[]; literal: number }

/** From behind a list's `(` to behind its `)`; the outermost one ends the line. */
function readList(from: Reading, depth: number): LineToken[] | null {
  const { text } = from
  const tokens: LineToken[] = []
  for (let first = true; ; first = false) {
    if (text[from.at] === ')') {
      from.at += 1
      return depth < DEPTH_MAX || from.at === text.length ? tokens : null
    }
    // Only lists may follow each other without a space between.
    const apart = first || (text[from.at] === '(' && Array.isArray(tokens.at(-1)))
    if (!apart && text[from.at++] !== ' ') return null
    const token = readToken(from, depth)
    if (token === undefined) return null
    tokens.push(token)
  }
}

function readToken(from: Reading, depth: number): LineToken | undefined {
  const { text, at } = from
  if (text[at] === '(') {
    from.at = at + 1
    return depth > 1 ? (readList(from, depth - 1) ?? undefined) : undefined
  }
  if (text[at] === '"') return readQuoted(from)
  if (text[at] === '{') {
    if (take(from, MARKER) === null) return undefined
    const value = from.literals[from.literal++]
    return value && { type: 'LITERAL', value }
  }
  const body = take(from, BODY)
  if (body)
    return {
      ...{ type: 'ATOM', value: 'BODY', section: [] },
      ...(body[1] !== undefined && { partial: [Number(body[1])] }),
    }
  const value = take(from, ATOM)?.[0]
  if (value === undefined || value.lastIndexOf('\\') > 0) return undefined
  return value.toUpperCase() === 'NIL' ? null : { type: 'ATOM', value }
}

function readQuoted(from: Reading): LineToken | undefined {
  const { text } = from
  let value = ''
  for (let start = from.at + 1; ; ) {
    const end = text.indexOf('"', start)
    if (end < 0) return undefined
    const escaped = text.indexOf('\\', start)
    if (escaped < 0 || escaped > end) {
      from.at = end + 1
      return { type: 'STRING', value: value + text.slice(start, end) }
    }
    value += text.slice(start, escaped) + (text[escaped + 1] ?? '')
    start = escaped + 2
  }
}

function take(from: Reading, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = from.at
  const found = pattern.exec(from.text)
  if (found) from.at = pattern.lastIndex
  return found
}
