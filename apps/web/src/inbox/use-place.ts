'use client'

import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { type InboxPlace, parsePlace, placeHref } from './view.ts'

const listeners = new Set<() => void>()

function subscribe(listener: () => void) {
  listeners.add(listener)
  window.addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('popstate', listener)
  }
}
const read = () => window.location.search
const readPath = () => window.location.pathname

/**
 * Where the person is, kept in the address bar: back, forward, reload and links work.
 * Read from there directly. Next's own hooks follow in a transition, too late for the second of two quick keys.
 */
export function usePlace() {
  const search = useSyncExternalStore(subscribe, read, () => '')
  const path = useSyncExternalStore(subscribe, readPath, () => '/')
  const place = useMemo(() => parsePlace(new URLSearchParams(search)), [search])
  const go = useCallback((change: Partial<InboxPlace>, how: 'push' | 'replace' = 'push') => {
    const href = placeHref({ ...parsePlace(new URLSearchParams(read())), ...change })
    if (href === window.location.pathname + read()) return
    if (how === 'push') window.history.pushState(null, '', href)
    else window.history.replaceState(null, '', href)
    for (const listener of [...listeners]) listener()
  }, [])
  return { place, go, onInbox: path === '/' }
}
