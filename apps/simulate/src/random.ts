/** Chance that is the same for the same seed. */
export interface Random {
  /** [0, 1) */
  next(): number
  /** Integer in [from, to]. */
  int(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** A stream of its own for one purpose: what others draw does not move it. */
  fork(purpose: string): Random
}

/** sfc32, seeded by an FNV-1a hash of the seed's text. */
export function createRandom(seed: string): Random {
  let a = hash(seed, 2_166_136_261)
  let b = hash(seed, 374_761_393)
  let c = hash(seed, 668_265_263)
  let d = 1
  const next = () => {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 4_294_967_296
  }
  for (let i = 0; i < 12; i++) next()
  return {
    next,
    int: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: probability => next() < probability,
    pick<T>(items: readonly T[]): T {
      const item = items[Math.floor(next() * items.length)]
      if (item === undefined) throw new Error('There is nothing to pick from.')
      return item
    },
    fork: purpose => createRandom(`${seed}/${purpose}`),
  }
}

export function hash(text: string, start = 2_166_136_261): number {
  let value = start | 0
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16_777_619)
  return value
}
