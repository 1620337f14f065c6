import type { World } from './world.ts'

/**
 * Whether this mirror was ever filled in this browser, as far as it remembers. The database would know for sure, but
 * a browser that has just started takes some 30 ms to say so, and the first page can be asked for meanwhile.
 */
export function filledBefore(memory: World['memory'], name: string) {
  const key = `${name}-filled`
  let noted = false
  const tried = <T>(use: (memory: NonNullable<World['memory']>) => T): T | null => {
    try {
      return memory && use(memory)
    } catch {
      // Full, or refused since.
      return null
    }
  }
  return {
    isNever: () => tried(each => each.getItem(key) === null) ?? false,
    note() {
      if (!noted) tried(each => each.setItem(key, '1'))
      noted = true
    },
    forget: () => void tried(each => each.removeItem(key)),
  }
}
