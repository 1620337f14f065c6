import { setTimeout as sleep } from 'node:timers/promises'
import { inconsistencies, type Marks } from './consistency.ts'
import { Life, type Planted } from './life.ts'
import { perform } from './perform.ts'
import type { Act, Plan, Trouble } from './plan.ts'
import { comeToRest } from './rest.ts'
import type { Stack } from './stack.ts'
import { endTroubles, makeTrouble } from './trouble.ts'

export type Outcome = { plan: Plan; found: string[] }
export type Batch = {
  plans: Plan[]
  /** For the seeds that carry a planted bug; called once everybody has an account. */
  plant?: (lives: Life[]) => Promise<void>
  planted?: (seed: number) => Planted
  /** Shortens the bounds of patience at rest; 1 unless told. */
  patience?: number
  /** One finding is enough: the rest is not waited for. */
  untilFound?: boolean
  /** Where pushes go, when something is planted on their way. */
  pushUrl?: string
}

/** Acts that are late because the machine is busy may take this much longer. */
const LATE_MS = 20_000
const CHECK_EVERY_MS = 1_500

/** Lives through some seeds at once on a running stack: what happens to the machines hits all of them. */
export async function runBatch(
  stack: Stack,
  { plans, plant, planted, pushUrl, untilFound = false, patience = 1 }: Batch,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const { sandbox } = stack
  const endpoint = pushUrl ?? stack.pushUrl
  await sandbox.control('push', {
    endpoint,
    audience: stack.pushUrl,
    ackDeadlineMs: 5_000,
    // One seed's refused pushes slow down all others: not for a minute.
    maximumBackoffMs: 1_000,
  })
  // Nor do late answers make it an address that Graph leaves alone.
  await sandbox.control('microsoft/notifications', { minimumAnswers: 1e9 })
  const enough = new AbortController()
  const going = AbortSignal.any([signal, enough.signal])
  const lives = plans.map(plan => {
    const life = new Life(plan, stack, planted?.(plan.seed))
    if (untilFound) life.onFound = () => enough.abort(new Error('One finding is enough.'))
    return life
  })
  const userIds = () => lives.map(({ person }) => person.userId).filter(id => id !== '')
  const over = new AbortController()
  const watching = watch(stack, lives, AbortSignal.any([signal, over.signal]))
  try {
    say('people sign up and connect')
    await Promise.all(lives.map(life => life.begin()))
    await plant?.(lives)
    say(`${plans.reduce((sum, { acts }) => sum + acts.length, 0)} acts, ${troublesOf(plans).length} troubles`)
    await happen(
      [
        ...lives.flatMap(life =>
          life.plan.acts.map(act => ({ at: act.at, run: () => perform({ life, stack }, act) })),
        ),
        ...troublesOf(plans).map(trouble => ({
          at: trouble.at,
          run: () => makeTrouble(stack, trouble, userIds()).catch(() => {}),
        })),
      ],
      Math.max(...plans.map(({ durationMs }) => durationMs)),
      going,
    )
    await sandbox.endFaults()
    await endTroubles(stack)
    await comeToRest({ stack, lives, signal: going, patience }, say)
  } catch (error) {
    if (signal.aborted) throw error
    for (const life of enough.signal.aborted ? [] : lives)
      life.report(`the simulation itself: ${error instanceof Error ? error.stack : error}`)
  } finally {
    over.abort()
    await watching
    await sandbox.endFaults().catch(() => {})
    if (!signal.aborted) await endTroubles(stack)
    await Promise.all(lives.map(life => life.end()))
  }
  for (const accident of stack.accidents())
    for (const life of lives) life.report(`a process died: ${accident}`)
  return lives.map(({ plan, found }) => ({ plan, found }))
}

export const troublesOf = (plans: Plan[]): Trouble[] =>
  plans.flatMap(({ troubles }) => troubles).sort((a, b) => a.at - b.at)

/** Lets everything happen at its time, and waits for its end. */
async function happen(
  timeline: { at: Act['at']; run(): Promise<unknown> }[],
  durationMs: number,
  signal: AbortSignal,
): Promise<void> {
  const began = Date.now()
  const running: Promise<unknown>[] = []
  for (const { at, run } of timeline.sort((a, b) => a.at - b.at)) {
    const wait = began + at - Date.now()
    if (wait > 0) await sleep(wait, undefined, { signal })
    running.push(run())
  }
  const rest = began + durationMs - Date.now()
  if (rest > 0) await sleep(rest, undefined, { signal })
  await Promise.race([Promise.allSettled(running), sleep(LATE_MS, undefined, { signal, ref: false })])
}

/** Looks all the time whether what must hold in every committed state does. */
async function watch(stack: Stack, lives: Life[], signal: AbortSignal): Promise<void> {
  const marks: Marks = new Map()
  while (!signal.aborted) {
    const byUser = new Map(lives.map(life => [life.person.userId, life]))
    const users = [...byUser.keys()].filter(id => id !== '')
    try {
      if (users.length > 0)
        for (const { userId, what } of await inconsistencies(stack.database, users, marks))
          byUser.get(userId)?.report(`in Postgres, ${what}`)
    } catch (error) {
      if (!signal.aborted) for (const life of lives) life.report(`the simulation itself, watching: ${error}`)
    }
    await sleep(CHECK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
}
