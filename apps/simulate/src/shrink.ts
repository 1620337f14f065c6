import type { History, Operation, Shape } from './history.ts'

/**
 * The smallest history that still fails, by delta debugging (Zeller and Hildebrandt 2002): leaves out ever smaller parts
 * of the operations for as long as what is left fails, then makes the world smaller. `fails` is asked at most `budget` times.
 */
export async function shrink(
  history: History,
  fails: (history: History) => Promise<boolean>,
  budget = 400,
): Promise<{ history: History; tries: number }> {
  let tries = 0
  const ask = async (candidate: History) => {
    if (tries >= budget) return false
    tries += 1
    return await fails(candidate)
  }
  let best = history
  best = { ...best, operations: await fewer(best, ask) }
  best = await smaller(best, ask)
  best = { ...best, operations: await fewer(best, ask) }
  return { history: best, tries }
}

async function fewer(history: History, ask: (candidate: History) => Promise<boolean>): Promise<Operation[]> {
  let operations = history.operations
  let parts = 2
  while (operations.length > 0) {
    const size = Math.ceil(operations.length / parts)
    let smallerFails = false
    for (let from = 0; from < operations.length; from += size) {
      const rest = [...operations.slice(0, from), ...operations.slice(from + size)]
      if (!(await ask({ ...history, operations: rest }))) continue
      operations = rest
      parts = Math.max(2, parts - 1)
      smallerFails = true
      break
    }
    if (smallerFails) continue
    if (size === 1) break
    parts = Math.min(operations.length, parts * 2)
  }
  return operations
}

/** Shapes that are simpler in one respect, the greatest step first. */
function simpler(shape: Shape): Partial<Shape>[] {
  const steps: Partial<Shape>[] = []
  for (const mail of [0, 1, 3, 8]) if (mail < shape.mail) steps.push({ mail })
  if (shape.workers > 1) steps.push({ workers: 1 })
  if (shape.webServers > 1) steps.push({ webServers: 1 })
  if (shape.browsers.length > 1) steps.push(...shape.browsers.map(user => ({ browsers: [user] })))
  if (shape.keepBroken) steps.push({ keepBroken: false })
  if (shape.providerPage < 50) steps.push({ providerPage: 50 })
  if (shape.followPage < 200) steps.push({ followPage: 200 })
  if (shape.fillPage < 50) steps.push({ fillPage: 50 })
  return steps
}

async function smaller(history: History, ask: (candidate: History) => Promise<boolean>): Promise<History> {
  let best = history
  for (let changed = true; changed; ) {
    changed = false
    for (const step of simpler(best.shape)) {
      const candidate = { ...best, shape: { ...best.shape, ...step } }
      if (!(await ask(candidate))) continue
      best = candidate
      changed = true
      break
    }
  }
  return best
}
