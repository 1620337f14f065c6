'use client'

import { type PointerEvent, useCallback, useLayoutEffect, useRef, useState } from 'react'
import { ROW_HEIGHT } from './thread-row.tsx'

/**
 * Whether rows may move now. They may not under a mouse, nor while scrolled down.
 * At the top with a conversation open, rows may come in above it: the list then scrolls by as much, so that
 * the open row stays where it is. `above` is how many came in that way and have not been looked at.
 */
export function useCalmScroll(scroller: { current: HTMLElement | null }, viewKey: string) {
  const [hovering, setHovering] = useState(false)
  const [scrolled, setScrolled] = useState(false)
  const [above, setAbove] = useState(0)
  const anchored = useRef(0)

  const reset = useCallback(() => {
    anchored.current = 0
    setAbove(0)
    setScrolled(false)
  }, [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another view begins at its own top.
  useLayoutEffect(() => {
    scroller.current?.scrollTo({ top: 0 })
    reset()
  }, [viewKey])

  const onScroll = useCallback(() => {
    const top = scroller.current?.scrollTop ?? 0
    if (top < anchored.current) {
      anchored.current = top
      setAbove(Math.round(top / ROW_HEIGHT))
    }
    setScrolled(top > anchored.current + 4)
  }, [scroller])

  const keepInPlace = useCallback(
    (rowsInserted: number) => {
      if (!scroller.current) return
      anchored.current += rowsInserted * ROW_HEIGHT
      scroller.current.scrollTop += rowsInserted * ROW_HEIGHT
      setAbove(Math.round(anchored.current / ROW_HEIGHT))
    },
    [scroller],
  )

  const toTop = useCallback(() => {
    reset()
    scroller.current?.scrollTo({ top: 0 })
  }, [scroller, reset])

  const pointer = {
    onPointerEnter: (event: PointerEvent) => event.pointerType === 'mouse' && setHovering(true),
    onPointerLeave: () => setHovering(false),
  }
  return { hold: hovering || scrolled, above, onScroll, keepInPlace, toTop, pointer }
}
