import { type ParsedMessage, parseMime } from './parse.ts'

/** Enough for what is asked for twice in a row: the list, then the message. */
const MAX_BYTES = 8 * 1024 * 1024

/** Parsed messages, of which a few megabytes of recent ones are kept. */
export class ParsedCache {
  readonly #parsed = new Map<string, ParsedMessage>()
  #bytes = 0

  get(key: string, read: () => Buffer): ParsedMessage {
    const hit = this.#parsed.get(key)
    if (hit) return hit
    const parsed = parseMime(read())
    this.#parsed.set(key, parsed)
    this.#bytes += parsed.raw.length
    for (const old of this.#parsed.keys()) {
      if (this.#bytes <= MAX_BYTES || this.#parsed.size === 1) break
      this.forget(old)
    }
    return parsed
  }

  forget(key: string): void {
    this.#bytes -= this.#parsed.get(key)?.raw.length ?? 0
    this.#parsed.delete(key)
  }
}
