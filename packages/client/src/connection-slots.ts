import type { Effect, Job } from './connection-events.ts'

/** A job either waits for a moment or runs. `notBefore` holds even for a person in a hurry (Retry-After). */
export type Slot = { due: number; notBefore: number } | { token: number }
export type Slots = { readonly [J in Job]?: Slot }

const JOBS: readonly Job[] = ['stream', 'poll', 'refill']

export function waitUntil(due: number, notBefore = 0): Slot {
  return { due: Math.max(due, notBefore), notBefore }
}

/** The slot, moved to now if it waits; a running one runs on. */
export function hurried(slot: Slot, now: number): Slot {
  return 'due' in slot ? waitUntil(Math.min(slot.due, now), slot.notBefore) : slot
}

export function isRunning(slot: Slot | undefined, token: number): boolean {
  return slot !== undefined && 'token' in slot && slot.token === token
}

export function dueOf(slot: Slot | undefined): number | null {
  return slot && 'due' in slot ? slot.due : null
}

/** What leads from one set of slots to the next. Stops come first, so that no job ever runs twice at once. */
export function effectsBetween(before: Slots, after: Slots): Effect[] {
  const effects: Effect[] = []
  for (const job of JOBS) {
    const [old, next] = [before[job], after[job]]
    if (old && 'token' in old && !isRunning(next, old.token))
      effects.push({ type: 'stop', job, token: old.token })
    if (old && 'due' in old && !(next && 'due' in next)) effects.push({ type: 'forget', job })
  }
  for (const job of JOBS) {
    const [old, next] = [before[job], after[job]]
    if (!next) continue
    if ('token' in next) {
      if (!isRunning(old, next.token)) effects.push({ type: 'start', job, token: next.token })
    } else if (dueOf(old) !== next.due) {
      effects.push({ type: 'wait', job, at: next.due })
    }
  }
  return effects
}
