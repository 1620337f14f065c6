import { liveQuery } from 'dexie'
import type { ReadableStore } from './store.ts'

export interface LiveValue<T> {
  value: T
  /** Until the first answer. */
  loading: boolean
  /** The database refused the read: its message. Null again with the next answer. */
  error: string | null
}

/**
 * A Dexie liveQuery as a store. The query runs only while somebody listens; `merge` may give back the previous
 * value, then nobody is woken.
 */
export function liveValue<T>(
  read: () => Promise<T>,
  empty: T,
  merge: (previous: T, next: T) => T,
): ReadableStore<LiveValue<T>> {
  let snapshot: LiveValue<T> = { value: empty, loading: true, error: null }
  let subscription: { unsubscribe(): void } | null = null
  const listeners = new Set<() => void>()
  const publish = (next: LiveValue<T>) => {
    if (next.value === snapshot.value && next.loading === snapshot.loading && next.error === snapshot.error)
      return
    snapshot = next
    for (const listener of [...listeners]) listener()
  }
  return {
    getSnapshot: () => snapshot,
    subscribe(listener) {
      listeners.add(listener)
      // Dexie looks at the function to know that it will await: it must be an async one itself.
      subscription ??= liveQuery(async () => read()).subscribe({
        next: value => publish({ value: merge(snapshot.value, value), loading: false, error: null }),
        error: error => publish({ value: snapshot.value, loading: false, error: String(error) }),
      })
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        subscription?.unsubscribe()
        subscription = null
      }
    },
  }
}
