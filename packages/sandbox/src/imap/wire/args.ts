import { type NumberSet, parseSet } from './numbers.ts'
import { bad } from './refusal.ts'
import type { Token } from './tokens.ts'
import { decodeName } from './utf7.ts'

/** The arguments of a command, taken one by one. What is not as expected is BAD. */
export class Args {
  #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get more(): boolean {
    return this.#at < this.#tokens.length
  }

  next(): Token {
    return this.#tokens[this.#at++] ?? bad('An argument is missing')
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  /** The rest; nothing is left. */
  rest(): readonly Token[] {
    const rest = this.#tokens.slice(this.#at)
    this.#at = this.#tokens.length
    return rest
  }

  atom(): string {
    const token = this.next()
    return typeof token === 'string' ? token : bad('A word was expected')
  }

  /** The word in upper case. */
  word(): string {
    return this.atom().toUpperCase()
  }

  /** Takes the next argument when it is this word. */
  skip(word: string): boolean {
    const token = this.peek()
    if (typeof token !== 'string' || token.toUpperCase() !== word) return false
    this.#at++
    return true
  }

  bytes(): Buffer {
    const token = this.next()
    if (typeof token === 'string') return Buffer.from(token, 'latin1')
    return Buffer.isBuffer(token) ? token : bad('A string was expected')
  }

  text(): string {
    return this.bytes().toString('utf8')
  }

  /** A folder's path, decoded. */
  path(): string {
    return decodeName(this.bytes().toString('latin1'))
  }

  number(): number {
    const text = this.atom()
    return /^\d{1,15}$/.test(text) ? Number(text) : bad(`"${text.slice(0, 40)}" is no number`)
  }

  set(): NumberSet {
    return parseSet(this.atom())
  }

  list(): Args {
    return this.optionalList() ?? bad('A list in parentheses was expected')
  }

  optionalList(): Args | undefined {
    const token = this.peek()
    if (!isList(token)) return undefined
    this.#at++
    return new Args(token)
  }

  end(): void {
    if (this.more) bad('There is an argument too many')
  }
}

function isList(token: Token | undefined): token is readonly Token[] {
  return Array.isArray(token)
}
