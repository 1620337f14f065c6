import { Glued, NIL, type Token } from '../wire/tokens.ts'

type Piece =
  | { kind: 'text' | 'quoted' | 'comment'; text: string }
  | { kind: '<' | '>' | ',' | ':' | ';' | '@' }

/** Bounds on hostile headers. */
const MAX_ADDRESSES = 2000

/**
 * A header's addresses as ENVELOPE has them, `(name route mailbox host)` each; groups as RFC 3501 §7.4.2 marks them.
 * Values stay undecoded, in latin-1. NIL when there are none.
 */
export function addressList(value: string | undefined): Token {
  if (value === undefined) return NIL
  const out: Token[] = []
  let words: Piece[] = []
  const finish = (): void => {
    const address = addressOf(words)
    if (address) out.push(address)
    words = []
  }
  let angle = false
  for (const piece of pieces(value)) {
    if (out.length >= MAX_ADDRESSES) break
    if (piece.kind === '<') angle = true
    if (piece.kind === '>') angle = false
    if (piece.kind === ':' && !angle) {
      out.push([NIL, NIL, text(phrase(words)), NIL])
      words = []
    } else if (piece.kind === ';') {
      finish()
      out.push([NIL, NIL, NIL, NIL])
    } else if (piece.kind === ',' && !angle) finish()
    else words.push(piece)
  }
  finish()
  return out.length === 0 ? NIL : [new Glued(out)]
}

function text(value: string): Token {
  return value === '' ? NIL : Buffer.from(value, 'latin1')
}

function addressOf(words: readonly Piece[]): Token | null {
  if (!words.some(({ kind }) => kind !== 'comment')) return null
  const open = words.findIndex(({ kind }) => kind === '<')
  const comment = words.find((word): word is Piece & { text: string } => word.kind === 'comment')
  if (open === -1) return withSpec(comment?.text ?? '', words)
  const close = words.findIndex(({ kind }) => kind === '>')
  const spec = words.slice(open + 1, close === -1 ? undefined : close)
  // An obsolete route, `<@a,@b:c@d>`, ends with a colon.
  const route = spec.findLastIndex(({ kind }) => kind === ':')
  return withSpec(phrase(words.slice(0, open)) || (comment?.text ?? ''), spec.slice(route + 1))
}

function withSpec(name: string, spec: readonly Piece[]): Token {
  const at = spec.findLastIndex(({ kind }) => kind === '@')
  const mailbox = bare(at === -1 ? spec : spec.slice(0, at))
  const host = at === -1 ? '' : bare(spec.slice(at + 1))
  return [text(name), NIL, text(mailbox), Buffer.from(host, 'latin1')]
}

function phrase(words: readonly Piece[]): string {
  return words.flatMap(word => (word.kind === 'text' || word.kind === 'quoted' ? [word.text] : [])).join(' ')
}

function bare(words: readonly Piece[]): string {
  return words.map(word => ('text' in word ? (word.kind === 'comment' ? '' : word.text) : word.kind)).join('')
}

function pieces(value: string): Piece[] {
  const out: Piece[] = []
  for (let at = 0; at < value.length; ) {
    const char = value[at] ?? ''
    if (char === '(') {
      const end = commentEnd(value, at)
      out.push({ kind: 'comment', text: value.slice(at + 1, end).trim() })
      at = end + 1
    } else if (char === '"') {
      const found = /"((?:[^"\\]|\\.)*)"?/y
      found.lastIndex = at
      const match = found.exec(value)
      out.push({ kind: 'quoted', text: (match?.[1] ?? '').replace(/\\(.)/g, '$1') })
      at += Math.max(1, match?.[0].length ?? 1)
    } else if (/[<>,:;@]/.test(char)) {
      out.push({ kind: char as '<' })
      at++
    } else if (/\s/.test(char)) at++
    else {
      const end = value.slice(at).search(/[\s<>,:;@("]/)
      const word = end === -1 ? value.slice(at) : value.slice(at, at + end)
      out.push({ kind: 'text', text: word })
      at += word.length
    }
  }
  return out
}

function commentEnd(value: string, start: number): number {
  let depth = 0
  for (let at = start; at < value.length; at++) {
    if (value[at] === '\\') at++
    else if (value[at] === '(') depth++
    else if (value[at] === ')' && --depth === 0) return at
  }
  return value.length
}
