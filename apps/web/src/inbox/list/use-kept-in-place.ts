'use client'

import type { ThreadView } from '@inlet/client/views'
import { useLayoutEffect, useRef } from 'react'

/** New mail that comes in above the open row scrolls the list by as much. */
export function useKeptInPlace(
  rows: readonly ThreadView[],
  fresh: ReadonlySet<string>,
  anchorId: string | null,
  hold: boolean,
  viewKey: string,
  keepInPlace: (rowsInserted: number) => void,
) {
  const before = useRef<{ key: string; id: string | null; index: number }>({ key: '', id: null, index: -1 })
  useLayoutEffect(() => {
    const index = anchorId === null ? -1 : rows.findIndex(row => row.id === anchorId)
    const last = before.current
    const same = last.key === viewKey && last.id === anchorId && last.index >= 0 && index >= 0
    const arrived = fresh.size > 0 && !(anchorId !== null && fresh.has(anchorId))
    if (same && !hold && arrived && index > last.index) keepInPlace(index - last.index)
    before.current = { key: viewKey, id: anchorId, index }
  }, [rows, fresh, anchorId, hold, viewKey, keepInPlace])
}
