'use client'

import type { ThreadView } from '@inlet/client/views'
import { type RefObject, useCallback, useMemo, useRef, useState } from 'react'

const none: ReadonlySet<string> = new Set()

/**
 * Several rows at once: x or the checkbox, with Shift a range, as the rows are shown. Threads that leave the list
 * leave the selection.
 */
export function useRowSelection(threads: readonly ThreadView[], rows: RefObject<readonly ThreadView[]>) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(none)
  const anchor = useRef<string | null>(null)

  const selected = useMemo(() => threads.filter(thread => chosen.has(thread.id)), [threads, chosen])
  const toggle = useCallback(
    (id: string, range: boolean) => {
      const ids = rows.current.map(row => row.id)
      const from = range && anchor.current ? ids.indexOf(anchor.current) : -1
      const to = ids.indexOf(id)
      anchor.current = id
      setChosen(before => {
        const next = new Set(before)
        if (from >= 0 && to >= 0) {
          for (const between of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(between)
        } else if (!next.delete(id)) next.add(id)
        return next
      })
    },
    [rows],
  )
  const clear = useCallback(() => setChosen(none), [])
  return { chosen, selected, toggle, clear }
}
