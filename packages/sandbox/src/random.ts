/** A seeded source of numbers: the same seed gives the same mailbox, ids and faults on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** An integer in [0, below). */
  int(below: number): number
  pick<T>(items: readonly T[]): T
  chance(probability: number): boolean
  /** Lower-case hex digits. */
  hex(digits: number): string
}

/** FNV-1a, 32 bit: turns any label into a seed. */
export function hash32(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i)
    h = Math.imul(h, 0x01000193)
  }
  return h >>> 0
}

/** The mulberry32 generator: 32 bits of state are plenty for believable mail, and useless for secrets. */
export function seeded(seed: number | string): Random {
  let state = typeof seed === 'string' ? hash32(seed) : seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    int: below => Math.floor(next() * below),
    pick: items => {
      const item = items[Math.floor(next() * items.length)]
      if (item === undefined) throw new Error('pick() was called with an empty list')
      return item
    },
    chance: probability => next() < probability,
    hex: digits => {
      let out = ''
      while (out.length < digits) out += Math.floor(next() * 16).toString(16)
      return out
    },
  }
}
