import { runBatch } from './batch.ts'
import { planOf } from './plan.ts'
import { type Bug, bugs, swallowPushes, triggerOf } from './planted.ts'
import type { Stack } from './stack.ts'

/** People without a bug among those with one: they must pass. */
const SOUND = 2
/** Not every seed gives every bug its occasion: one that nobody noticed is planted in another seed. */
const ROUNDS = 3
/** What is wrong is waited for in vain, several times; what is right is there within seconds. */
const PATIENCE = 0.5

/** Plants each bug in one seed of a batch and prints what noticed it. A bug that nothing notices has survived. */
export async function runMutants(
  stack: Stack,
  operations: number,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<{ passed: number; failed: number }> {
  let [left, caught, alarms, seed]: [readonly Bug[], number, number, number] = [bugs, 0, 0, 1]
  for (let round = 0; round < ROUNDS && left.length > 0; round++) {
    const planted = new Map(left.map((bug, index) => [seed + index, bug]))
    const plans = Array.from({ length: left.length + SOUND }, (_, index) =>
      planOf(seed + index, operations * 2),
    )
    seed += plans.length
    const deaf = new Set<string>()
    const proxy = await swallowPushes(stack.pushUrl, deaf)
    const outcomes = await runBatch(
      stack,
      {
        plans,
        patience: PATIENCE,
        pushUrl: proxy.url,
        planted: of => planted.get(of)?.browser ?? {},
        async plant(lives) {
          for (const { plan, person, mailboxes } of lives) {
            const bug = planted.get(plan.seed)
            if (!bug) continue
            for (const sql of triggerOf(bug, person.userId)) await stack.database.query(sql)
            if (bug.deaf) for (const { email } of mailboxes) deaf.add(email)
          }
        },
      },
      say,
      signal,
    )
    proxy.close()
    const survivors: Bug[] = []
    for (const { plan, found } of outcomes) {
      const bug = planted.get(plan.seed)
      const [first] = found
      if (!bug) {
        if (first) alarms += 1
        say(`${'—'.padEnd(7)}${'no bug'.padEnd(24)}seed ${plan.seed}: ${first ?? 'passes'}`)
      } else if (first) {
        caught += 1
        say(`${bug.breaks.padEnd(7)}${bug.name.padEnd(24)}seed ${plan.seed}: ${first.slice(0, 160)}`)
      } else survivors.push(bug)
    }
    left = survivors
  }
  for (const bug of left) say(`${bug.breaks.padEnd(7)}${bug.name.padEnd(24)}SURVIVED ${ROUNDS} seeds`)
  return { passed: caught, failed: left.length + alarms }
}
