import { bad } from './refusal.ts'

/** One value of the protocol: a text is an atom, a buffer a string (quoted or literal), an array a list. */
export type Token = string | Buffer | readonly Token[] | Glued | Literal

/** Values without blanks between them, as the grammar has addresses and the parts of a multipart. Never read, only written. */
export class Glued {
  readonly items: readonly Token[]

  constructor(items: readonly Token[]) {
    this.items = items
  }
}

export const NIL = 'NIL'
/** A string that is a literal however short: what clients expect of bodies. Read as any string. */
export class Literal {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

const MAX_DEPTH = 50
const MAX_QUOTED = 1000

/** Values as bytes, blanks between them. Strings that cannot be quoted become literals (RFC 3501 §4.3). */
export function write(tokens: readonly Token[]): Buffer {
  const out: Buffer[] = []
  writeAll(tokens, out)
  return Buffer.concat(out)
}

function writeAll(tokens: readonly Token[], out: Buffer[]): void {
  tokens.forEach((token, i) => {
    if (i > 0) out.push(Buffer.from(' '))
    if (token instanceof Glued) for (const item of token.items) writeAll([item], out)
    else if (token instanceof Literal) writeLiteral(token.bytes, out)
    else if (typeof token === 'string') out.push(Buffer.from(token, 'latin1'))
    else if (Buffer.isBuffer(token)) writeString(token, out)
    else {
      out.push(Buffer.from('('))
      writeAll(token, out)
      out.push(Buffer.from(')'))
    }
  })
}

function writeString(bytes: Buffer, out: Buffer[]): void {
  const quotable =
    bytes.length <= MAX_QUOTED && !bytes.some(byte => byte > 126 || byte === 0 || byte === 10 || byte === 13)
  if (quotable) out.push(Buffer.from(`"${bytes.toString('latin1').replace(/["\\]/g, '\\$&')}"`, 'latin1'))
  else writeLiteral(bytes, out)
}

function writeLiteral(bytes: Buffer, out: Buffer[]): void {
  out.push(Buffer.from(`{${bytes.length}}\r\n`), bytes)
}

/**
 * Reads what `write` writes, and what clients do. `text` is latin-1 with `{n}` and a line break where each of the
 * literals stood. Throws a BAD refusal.
 */
export function tokenise(text: string, literals: readonly Buffer[]): Token[] {
  const reader = { text, at: 0, literals, literal: 0 }
  return readList(reader, 0)
}

interface Reader {
  text: string
  at: number
  literals: readonly Buffer[]
  literal: number
}

function readList(reader: Reader, depth: number): Token[] {
  if (depth > MAX_DEPTH) bad('Parentheses are nested too deeply')
  const items: Token[] = []
  for (;;) {
    while (reader.text[reader.at] === ' ') reader.at++
    const next = reader.text[reader.at]
    if (next === undefined) return depth === 0 ? items : bad('A parenthesis is missing')
    if (next === ')') {
      if (depth === 0) bad('A parenthesis too many')
      reader.at++
      return items
    }
    if (next === '(') {
      reader.at++
      items.push(readList(reader, depth + 1))
    } else if (next === '"') items.push(readQuoted(reader))
    else if (next === '{') items.push(readLiteral(reader))
    else items.push(readAtom(reader))
  }
}

const QUOTED = /"((?:[^"\\\r\n]|\\["\\])*)"/y
const LITERAL = /\{\d+\+?\}\r?\n/y
const ATOM = /[!#-'*-z|}~\x80-\xff]+/y
/** A section of FETCH is part of its atom, with the blanks and lists in it. */
const SECTION = /BODY(?:\.PEEK)?\[(?:[ !#-\\^-~\x80-\xff]|"[ !#-~\x80-\xff]*")*\](?:<[\d.]+>)?/iy

function match(reader: Reader, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = reader.at
  const found = pattern.exec(reader.text)
  if (found) reader.at = pattern.lastIndex
  return found
}

function readQuoted(reader: Reader): Buffer {
  const found = match(reader, QUOTED) ?? bad('A quoted string does not end')
  return Buffer.from((found[1] ?? '').replace(/\\(.)/g, '$1'), 'latin1')
}

function readLiteral(reader: Reader): Buffer {
  if (!match(reader, LITERAL)) bad('A brace is out of place')
  return reader.literals[reader.literal++] ?? bad('A literal is missing')
}

function readAtom(reader: Reader): string {
  const found = match(reader, SECTION) ?? match(reader, ATOM)
  return found?.[0] ?? bad('A character is out of place')
}
