import { Blobs } from './blobs.ts'
import { Journal } from './journal.ts'

/** One change: `null` deletes the key. Values are plain JSON and never mutated in place. */
export type Op = readonly [collection: string, key: string, value: unknown]

/** A read view on one collection; writing goes through `put`/`del` ops and `Store.commit`. */
export interface Collection<T> {
  readonly name: string
  get(key: string): T | undefined
  has(key: string): boolean
  values(): IterableIterator<T>
  entries(): IterableIterator<[string, T]>
  readonly size: number
  put(key: string, value: T): Op
  del(key: string): Op
}

/**
 * All state of the sandbox as named maps. `commit` is atomic: with a data folder the whole list of
 * ops is one line in the journal, written before it is applied, so an answer sent afterwards
 * survives kill -9, and a line cut short by a kill is as if it had never been.
 */
export class Store {
  readonly blobs: Blobs
  #journal: Journal | null
  #maps = new Map<string, Map<string, unknown>>()

  constructor(dataDir?: string) {
    this.#journal = dataDir === undefined ? null : new Journal(dataDir)
    this.#journal?.replay(ops => this.#apply(ops))
    this.#journal?.rewrite(() => this.#dump())
    this.blobs = new Blobs(this.#journal && { dir: this.#journal.dir, number: this.#journal.generation })
  }

  collection<T>(name: string): Collection<T> {
    const map = this.#map(name) as Map<string, T>
    return {
      name,
      get: key => map.get(key),
      has: key => map.has(key),
      values: () => map.values(),
      entries: () => map.entries(),
      get size() {
        return map.size
      },
      put: (key, value) => [name, key, value],
      del: key => [name, key, null],
    }
  }

  commit(ops: readonly Op[]): void {
    if (ops.length === 0) return
    this.#journal?.append(ops)
    this.#apply(ops)
    if (this.#journal?.due()) this.#journal.rewrite(() => this.#dump())
  }

  /** Deletes everything outside the collections named. */
  clear(except: readonly string[]): void {
    const ops: Op[] = []
    for (const [name, map] of this.#maps) {
      if (!except.includes(name)) for (const key of map.keys()) ops.push([name, key, null])
    }
    this.commit(ops)
  }

  close(): void {
    this.#journal?.close()
    this.blobs.close()
  }

  #map(name: string): Map<string, unknown> {
    let map = this.#maps.get(name)
    if (!map) {
      map = new Map()
      this.#maps.set(name, map)
    }
    return map
  }

  #apply(ops: readonly Op[]): void {
    for (const [name, key, value] of ops) {
      if (value === null) this.#map(name).delete(key)
      else this.#map(name).set(key, value)
    }
  }

  *#dump(): Generator<Op[]> {
    let chunk: Op[] = []
    for (const [name, map] of this.#maps) {
      for (const [key, value] of map) {
        chunk.push([name, key, value])
        if (chunk.length === 500) {
          yield chunk
          chunk = []
        }
      }
    }
    if (chunk.length > 0) yield chunk
  }
}
