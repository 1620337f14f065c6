'use client'

import { usePathname, useSearchParams } from 'next/navigation'
import { useCallback, useMemo } from 'react'
import { type InboxPlace, parsePlace, placeHref } from './view.ts'

/**
 * Where the person is, kept in the address bar: back, forward, reload and links work.
 * Next follows window.history itself, so a step costs no request.
 */
export function usePlace() {
  const params = useSearchParams()
  const pathname = usePathname()
  const place = useMemo(() => parsePlace(new URLSearchParams(params.toString())), [params])
  const go = useCallback(
    (change: Partial<InboxPlace>, how: 'push' | 'replace' = 'push') => {
      const href = placeHref({ ...place, ...change })
      if (how === 'push') window.history.pushState(null, '', href)
      else window.history.replaceState(null, '', href)
    },
    [place],
  )
  return { place, go, onInbox: pathname === '/' }
}
