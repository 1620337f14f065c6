const BREAK = 10

export interface Line {
  /** Latin-1, without the line break at its end; `{n}` and a line break where each literal stood. */
  text: string
  literals: Buffer[]
}

/** What came in, or what must be said: that a literal may be sent, that something was too long and is gone. */
export type Incoming =
  | ({ kind: 'line' } & Line)
  | { kind: 'go-ahead' }
  | { kind: 'too-long'; text: string }
  | { kind: 'too-big'; text: string; coming: boolean }

/** Bytes of a connection to lines with their literals, synchronising or not (RFC 7888). Holds one line at most. */
export class CommandReader {
  #lineLimit: number
  #literalLimit: () => number
  #text = ''
  #literals: Buffer[] = []
  #literalBytes = 0
  #chunks: Buffer[] = []
  #missing = 0
  #discarding = false

  /** Limits in bytes: of the text of a line, and of all its literals together. */
  constructor(lineLimit: number, literalLimit: () => number) {
    this.#lineLimit = lineLimit
    this.#literalLimit = literalLimit
  }

  *feed(chunk: Buffer): Generator<Incoming> {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#missing > 0) {
        rest = this.#fill(rest)
        continue
      }
      const end = rest.indexOf(BREAK)
      const piece = end === -1 ? rest : rest.subarray(0, end + 1)
      rest = rest.subarray(piece.length)
      yield* this.#take(piece, end !== -1)
    }
  }

  #fill(bytes: Buffer): Buffer {
    const taken = bytes.subarray(0, this.#missing)
    this.#chunks.push(Buffer.from(taken))
    this.#missing -= taken.length
    if (this.#missing === 0) {
      this.#literals.push(Buffer.concat(this.#chunks))
      this.#chunks = []
    }
    return bytes.subarray(taken.length)
  }

  *#take(piece: Buffer, whole: boolean): Generator<Incoming> {
    if (this.#discarding) {
      this.#discarding = !whole
      return
    }
    if (this.#text.length + piece.length > this.#lineLimit) {
      this.#discarding = !whole
      yield { kind: 'too-long', text: this.#finish().text || piece.toString('latin1', 0, 100) }
      return
    }
    this.#text += piece.toString('latin1')
    if (!whole) return
    const literal = /\{(\d{1,15})(\+?)\}\r?\n$/.exec(this.#text)
    if (!literal) {
      const { text, literals } = this.#finish()
      yield { kind: 'line', text: text.replace(/\r?\n$/, ''), literals }
      return
    }
    const size = Number(literal[1])
    const coming = literal[2] === '+'
    if (this.#literalBytes + size > this.#literalLimit()) {
      yield { kind: 'too-big', text: this.#finish().text, coming }
      return
    }
    this.#literalBytes += size
    this.#missing = size
    if (size === 0) this.#literals.push(Buffer.alloc(0))
    if (!coming) yield { kind: 'go-ahead' }
  }

  #finish(): Line {
    const line = { text: this.#text, literals: this.#literals }
    this.#text = ''
    this.#literals = []
    this.#literalBytes = 0
    return line
  }
}
