import { useCallback, useRef, useSyncExternalStore } from 'react'
import type { ReadableStore } from './store.ts'

export function useReadable<T>(store: ReadableStore<T> | null, fallback: T): T {
  const subscribe = useCallback(
    (listener: () => void) => (store ? store.subscribe(listener) : () => {}),
    [store],
  )
  return useSyncExternalStore(
    subscribe,
    () => (store ? store.getSnapshot() : fallback),
    () => fallback,
  )
}

/** A part of what a store holds, or something made of it: renders only when that is another by `same`. */
export function useSlice<S, T>(
  store: ReadableStore<S> | null,
  fallback: S,
  select: (state: S) => T,
  same: (a: T, b: T) => boolean = Object.is,
): T {
  const last = useRef<{ slice: T } | null>(null)
  const subscribe = useCallback(
    (listener: () => void) => (store ? store.subscribe(listener) : () => {}),
    [store],
  )
  const take = (state: S): T => {
    const slice = select(state)
    if (!last.current || !same(last.current.slice, slice)) last.current = { slice }
    return last.current.slice
  }
  return useSyncExternalStore(
    subscribe,
    () => take(store ? store.getSnapshot() : fallback),
    () => take(fallback),
  )
}
