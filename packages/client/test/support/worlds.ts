import type { Channel, World, WorldSignal } from '../../src/world.ts'
import { until } from './until.ts'

export interface TestWorld extends World {
  /** Moves the clock, and fires the timers that come due, in order. */
  advance(ms: number): void
  /** Lets time pass in steps (of 0.1 s unless told), each with a moment for real requests to be answered, until the condition holds. */
  passUntil(what: string, condition: () => unknown, stepMs?: number): Promise<void>
  signal(signal: WorldSignal): void
  setOnline(online: boolean): void
  setVisible(visible: boolean): void
  pendingTimers(): number
}

/** Time stands still until it is told; everything else is real. */
export function testWorld(
  options: { random?: () => number; hub?: TabHub; memory?: World['memory'] } = {},
): TestWorld {
  let now = 1_000_000
  let online = true
  let visible = true
  let order = 0
  const timers = new Map<number, { at: number; run(): void }>()
  const listeners = new Set<(signal: WorldSignal) => void>()
  function advance(ms: number) {
    const end = now + ms
    for (;;) {
      const [next] = [...timers]
        .filter(([, { at }]) => at <= end)
        .sort((a, b) => a[1].at - b[1].at || a[0] - b[0])
      if (!next) break
      timers.delete(next[0])
      now = Math.max(now, next[1].at)
      next[1].run()
    }
    now = end
  }
  return {
    now: () => now,
    random: options.random ?? (() => 0.5),
    setTimer(run, ms) {
      const id = ++order
      timers.set(id, { at: now + ms, run })
      return () => void timers.delete(id)
    },
    online: () => online,
    visible: () => visible,
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    memory: options.memory ?? null,
    locks: options.hub?.locks ?? null,
    channel: name => options.hub?.channel(name) ?? null,
    advance,
    passUntil: (what, condition, stepMs = 100) =>
      until(what, async () => {
        if (await condition()) return true
        advance(stepMs)
        return false
      }),
    signal: signal => {
      for (const listener of listeners) listener(signal)
    },
    setOnline(value) {
      online = value
      for (const listener of listeners) listener(value ? 'online' : 'offline')
    },
    setVisible(value) {
      visible = value
      if (value) for (const listener of listeners) listener('visible')
    },
    pendingTimers: () => timers.size,
  }
}

/** What the tabs of one browser share: a channel and the real Web Locks of Node. */
export interface TabHub {
  locks: World['locks']
  channel(name: string): Channel
}

export function tabHub(): TabHub {
  const channels = new Map<string, Set<(message: unknown) => void>>()
  return {
    locks: navigator.locks,
    channel(name) {
      const all = channels.get(name) ?? new Set()
      channels.set(name, all)
      let mine: (message: unknown) => void = () => {}
      const deliver = (message: unknown) => mine(message)
      all.add(deliver)
      return {
        post(message) {
          const copy = structuredClone(message)
          for (const other of all) if (other !== deliver) queueMicrotask(() => other(copy))
        },
        close: () => void all.delete(deliver),
        onMessage: listener => {
          mine = listener
        },
      }
    },
  }
}

/** What a browser remembers between visits. */
export function testMemory(): NonNullable<World['memory']> {
  const kept = new Map<string, string>()
  return {
    getItem: key => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: key => void kept.delete(key),
  }
}
