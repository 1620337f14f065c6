/** The two functions that React's useSyncExternalStore asks for. */
export interface ReadableStore<T> {
  subscribe(listener: () => void): () => void
  /** The same object until something changed. */
  getSnapshot(): T
}

export interface Store<T> extends ReadableStore<T> {
  set(value: T): void
}

/** A value with listeners; equal values (by `same`) wake nobody. */
export function createStore<T>(initial: T, same: (a: T, b: T) => boolean = Object.is): Store<T> {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getSnapshot: () => value,
    set(next) {
      if (same(value, next)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
  }
}

/** Equal keys with equal values, one level deep; nested objects compare by identity. */
export function shallowEqual<T extends object>(a: T, b: T): boolean {
  if (a === b) return true
  const keys = Object.keys(a) as (keyof T)[]
  return keys.length === Object.keys(b).length && keys.every(key => Object.is(a[key], b[key]))
}

/** For small values: whether both say the same. */
export const sameValue = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
