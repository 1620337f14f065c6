'use client'

import { useSyncExternalStore } from 'react'

/** One timer per pace for the whole page, however many times are on screen; none while nobody looks. */
function createTicker(everyMs: number) {
  let now = Date.now()
  let timer: ReturnType<typeof setInterval> | null = null
  const listeners = new Set<() => void>()
  return {
    subscribe(listener: () => void) {
      listeners.add(listener)
      timer ??= setInterval(() => {
        now = Date.now()
        for (const wake of [...listeners]) wake()
      }, everyMs)
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0 || timer === null) return
        clearInterval(timer)
        timer = null
      }
    },
    getSnapshot() {
      // Without a timer the value may be from long ago.
      if (timer === null && Date.now() - now >= everyMs) now = Date.now()
      return now
    },
  }
}

const tickers = { second: createTicker(1_000), halfMinute: createTicker(30_000) }
const beforeTime = () => 0

/** The present time (ms since the epoch), renewed at the pace named. 0 on the server. */
export function useNow(pace: keyof typeof tickers): number {
  const ticker = tickers[pace]
  return useSyncExternalStore(ticker.subscribe, ticker.getSnapshot, beforeTime)
}
