/** A place in an order: by rank, then by id. */
export interface Place {
  rank: number
  id: string
}

/** Newest first, in epoch ms. */
export const byDate = ({ id, date }: { id: string; date: number }): Place => ({ rank: -date, id })

/** Ids that stay sorted as they come and go, so that a page of a large mailbox costs what a small one's does. */
export class Order {
  readonly #places: Place[] = []

  add(place: Place): void {
    this.#places.splice(this.#following(place), 0, place)
  }

  remove(place: Place): void {
    const at = this.#following(place) - 1
    const found = this.#places[at]
    if (found && compare(found, place) === 0) this.#places.splice(at, 1)
  }

  /** Ids behind a place, whether it is taken or not; all of them without one. */
  *after(place?: Place): Generator<string> {
    for (let at = place ? this.#following(place) : 0; at < this.#places.length; at++) {
      const next = this.#places[at]
      if (next) yield next.id
    }
  }

  /** Index of the first that comes after a place. */
  #following(place: Place): number {
    let low = 0
    let high = this.#places.length
    while (low < high) {
      const middle = (low + high) >> 1
      const there = this.#places[middle]
      if (there && compare(there, place) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

function compare(a: Place, b: Place): number {
  return a.rank - b.rank || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** The first of what may be many. */
export function take<T>(from: Iterable<T>, count: number): T[] {
  const taken: T[] = []
  if (count > 0)
    for (const each of from) {
      taken.push(each)
      if (taken.length === count) break
    }
  return taken
}
