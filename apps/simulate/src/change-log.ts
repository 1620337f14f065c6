import { ProviderError } from '@inlet/sync/provider-errors'
import type { Random } from './random.ts'

/**
 * What happened to a folder, oldest first: ids of messages that came, changed or went. A cursor is a link to a place in
 * it, and one place has many links.
 */
export class ChangeLog {
  readonly #name: string
  readonly #entries: string[] = []
  #forgotten = 0
  #links = 0

  constructor(name: string) {
    this.#name = name
  }

  get end(): bigint {
    return BigInt(this.#entries.length)
  }

  /** Answers the place from which on it is told. */
  add(id: string): bigint {
    this.#entries.push(id)
    return this.end
  }

  /** Every link given out so far is now too old. */
  expire(): void {
    this.add('')
    this.#forgotten = this.#entries.length
  }

  link(place = this.#entries.length): string {
    return `link ${place} of ${++this.#links}`
  }

  /**
   * The ids after a link, in no order, some of them told before; perhaps none, and more to come all the same. The last
   * page has the next round's link.
   */
  read(
    from: string,
    size: number,
    random: Random,
  ): { ids: string[]; link: string | null; next: string | null } {
    const place = /^link \d+ of \d+$/.test(from) ? Number(placeOf(from)) : -1
    if (place < this.#forgotten)
      throw new ProviderError(
        'cursor_expired',
        `The changes of ${this.#name} before ${this.#forgotten} are gone.`,
      )
    const end = this.#entries.length
    if (place === end && random.chance(0.8)) return { ids: [], link: from, next: null }
    if (place < end && random.chance(0.1)) return { ids: [], link: null, next: this.link(place) }
    const to = Math.min(place + size, end)
    const replayed = random.chance(0.2) ? 2 : 0
    const ids = this.#entries.slice(Math.max(this.#forgotten, place - replayed), to).filter(id => id !== '')
    if (random.chance(0.3)) ids.reverse()
    const onwards = this.link(to)
    return to === end ? { ids, link: onwards, next: null } : { ids, link: null, next: onwards }
  }
}

export const placeOf = (link: string): bigint => BigInt(link.split(' ')[1] ?? '0')
