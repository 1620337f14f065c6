import { badRequest } from '../errors.ts'

type Value = string | number | boolean | null | { time: number }
/** Answers a property path such as `from/emailAddress/address`; undefined when there is no such property. */
export type Resolve = (path: string) => unknown

export interface Filter {
  /** The properties named, in order. */
  paths: string[]
  test(resolve: Resolve): boolean
}

type Test = (resolve: Resolve) => boolean

/** What OData's `$filter` can say about mail: comparisons, startswith, endswith and contains, with and, or, not. */
export function parseFilter(text: string): Filter {
  const parser = new Parser(tokensOf(text), text)
  const test = parser.whole()
  return { paths: parser.paths, test }
}

const TOKEN =
  /\s*('(?:[^']|'')*'|[(),]|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?|-?\d+(?:\.\d+)?(?![\w-])|[A-Za-z_][\w./]*)/y

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex
    const token = TOKEN.exec(text)?.[1]
    if (token === undefined) return invalid(text, at)
    tokens.push(token)
  }
  return tokens
}

function invalid(text: string, at: number): never {
  return badRequest(
    `Invalid filter clause: syntax error at position ${at} in '${text}'.`,
    'ErrorInvalidUrlQueryFilter',
  )
}

class Parser {
  readonly paths: string[] = []
  #tokens: readonly string[]
  #text: string
  #at = 0

  constructor(tokens: readonly string[], text: string) {
    this.#tokens = tokens
    this.#text = text
  }

  whole(): Test {
    const test = this.#either()
    if (this.#at < this.#tokens.length) this.#fail()
    return test
  }

  #either(): Test {
    let left = this.#both()
    while (this.#takes('or')) {
      const [first, second] = [left, this.#both()]
      left = resolve => first(resolve) || second(resolve)
    }
    return left
  }

  #both(): Test {
    let left = this.#single()
    while (this.#takes('and')) {
      const [first, second] = [left, this.#single()]
      left = resolve => first(resolve) && second(resolve)
    }
    return left
  }

  #single(): Test {
    if (this.#takes('not')) {
      const inner = this.#single()
      return resolve => !inner(resolve)
    }
    if (this.#takes('(')) {
      const inner = this.#either()
      this.#expect(')')
      return inner
    }
    const word = this.#next()
    return this.#takes('(') ? this.#function(word) : this.#comparison(word)
  }

  #function(name: string): Test {
    const path = this.#path(this.#next())
    this.#expect(',')
    const value = String(this.#literal()).toLowerCase()
    this.#expect(')')
    const text = (resolve: Resolve): string => String(resolve(path) ?? '').toLowerCase()
    if (name === 'startswith') return resolve => text(resolve).startsWith(value)
    if (name === 'endswith') return resolve => text(resolve).endsWith(value)
    if (name === 'contains') return resolve => text(resolve).includes(value)
    return this.#fail()
  }

  #comparison(word: string): Test {
    const path = this.#path(word)
    const operator = this.#next()
    const value = this.#literal()
    const order = (resolve: Resolve): number => compare(resolve(path), value)
    switch (operator) {
      case 'eq':
        return resolve => order(resolve) === 0
      case 'ne':
        return resolve => order(resolve) !== 0
      case 'gt':
        return resolve => order(resolve) > 0
      case 'ge':
        return resolve => order(resolve) >= 0
      case 'lt':
        return resolve => order(resolve) < 0
      case 'le':
        return resolve => order(resolve) <= 0
      default:
        return this.#fail()
    }
  }

  #path(word: string): string {
    if (!/^[A-Za-z]/.test(word)) this.#fail()
    if (!this.paths.includes(word)) this.paths.push(word)
    return word
  }

  #literal(): Value {
    const token = this.#next()
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'")
    if (token === 'true' || token === 'false') return token === 'true'
    if (token === 'null') return null
    if (/^\d{4}-\d\d-\d\d/.test(token)) return { time: Date.parse(token) }
    const number = Number(token)
    return Number.isNaN(number) ? this.#fail() : number
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? this.#fail()
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false
    this.#at++
    return true
  }

  #expect(token: string): void {
    if (!this.#takes(token)) this.#fail()
  }

  #fail(): never {
    return invalid(this.#text, this.#at)
  }
}

/** Text compares without regard to case, as Exchange does; NaN makes every comparison but `ne` fail. */
function compare(actual: unknown, wanted: Value): number {
  if (wanted === null || actual === null) return actual === wanted ? 0 : Number.NaN
  if (typeof wanted === 'object') return Date.parse(String(actual)) - wanted.time
  if (typeof wanted === 'string') {
    const [a, b] = [String(actual).toLowerCase(), wanted.toLowerCase()]
    return a === b ? 0 : a < b ? -1 : 1
  }
  return typeof actual === typeof wanted ? Number(actual) - Number(wanted) : Number.NaN
}
