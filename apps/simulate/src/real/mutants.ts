import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../../../../scripts/start/errors.ts'
import { root } from '../../../../scripts/start/root.ts'
import { runBatch } from './batch.ts'
import { type CodeBug, codeBugs, withBug } from './code-bugs.ts'
import { type Kind, planOf, troubled } from './plan.ts'
import { type Bug, bugs, swallowPushes, triggerOf } from './planted.ts'
import type { Stack } from './stack.ts'

/** People without a bug among those with one: they must pass. */
const SOUND = 2
/** People who live with workers that have a bug. */
const TOGETHER = 6
/** Not every seed gives every bug its occasion: one that nobody noticed is planted in others. */
const ROUNDS = 3
/** What is wrong is waited for in vain, several times; what is right is there within seconds. */
const PATIENCE = 0.5

/** The bugs were seen in seeds that had no other mailboxes. */
const GMAIL = ['gmail'] as const

type Mutants = { stack: Stack; operations: number; say(text: string): void; signal: AbortSignal }

export type Chosen = { inData: readonly Bug[]; inCode: readonly CodeBug[] }

/** All of them, or the one of that name; `imap`: also those of a mail server. Throws where there is none, or the code has moved on. */
export async function chooseBugs(only: string | null, imap: boolean): Promise<Chosen> {
  const wanted = ({ name }: { name: string }) => only === null || name === only
  const possible = codeBugs.filter(({ kinds }) => imap || !kinds?.includes('imap'))
  const chosen = { inData: bugs.filter(wanted), inCode: possible.filter(wanted) }
  if (chosen.inData.length + chosen.inCode.length === 0) throw new StartError(`There is no bug ${only}.`)
  for (const bug of chosen.inCode) withBug(await readFile(join(root, bug.file), 'utf8'), bug)
  return chosen
}

/** Plants each bug and prints what noticed it, and in which seed. A bug that nothing notices has survived. */
export async function runMutants(
  mutants: Mutants,
  { inData, inCode }: Chosen,
): Promise<{ passed: number; failed: number }> {
  const result = await plantInData(mutants, inData)
  if (inCode.length === 0) return result
  const alarm = await liveWith(mutants, null)
  mutants.say(alarm ? row('—', 'no bug', alarm.seed, alarm.what) : row('—', 'no bug', null, 'passes'))
  if (alarm) result.failed += 1
  for (const bug of inCode) {
    const noticed = await liveWith(mutants, bug)
    result[noticed ? 'passed' : 'failed'] += 1
    mutants.say(row(bug.breaks, bug.name, noticed?.seed ?? null, noticed?.what ?? 'SURVIVED'))
  }
  return result
}

/** One bug for each seed of a batch, in what its person has. */
async function plantInData(
  { stack, operations, say, signal }: Mutants,
  wanted: readonly Bug[],
): Promise<{ passed: number; failed: number }> {
  let [left, caught, alarms, seed]: [readonly Bug[], number, number, number] = [wanted, 0, 0, 1]
  for (let round = 0; round < ROUNDS && left.length > 0; round++) {
    const planted = new Map(left.map((bug, index) => [seed + index, bug]))
    const plans = Array.from({ length: left.length + SOUND }, (_, index) => {
      const plan = planOf(seed + index, operations * 2, { kinds: GMAIL })
      return left[index]?.occasion?.(plan) ?? plan
    })
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
        say(row('—', 'no bug', plan.seed, first ?? 'passes'))
      } else if (first) {
        caught += 1
        say(row(bug.breaks, bug.name, plan.seed, first))
      } else survivors.push(bug)
    }
    left = survivors
  }
  for (const bug of left) say(row(bug.breaks, bug.name, null, `SURVIVED ${ROUNDS} seeds`))
  return { passed: caught, failed: left.length + alarms }
}

/** A bug in the code of both workers, for everybody of a batch, or none. Answers what was found first. */
async function liveWith(
  { stack, operations, say, signal }: Mutants,
  bug: CodeBug | null,
): Promise<{ seed: number; what: string } | null> {
  const name = bug?.name ?? 'no bug'
  const kinds: readonly [Kind, ...Kind[]] = bug?.kinds ?? GMAIL
  // Seeds that nobody else has: everybody lives on in the same database.
  const first = 1_000 * (bug ? 2 + codeBugs.indexOf(bug) : 1)
  await stack.restartWorkers(bug?.name ?? null)
  try {
    for (let round = 0; round < (bug ? ROUNDS : 1); round++) {
      const plans = Array.from({ length: TOGETHER }, (_, index) => {
        const plan = troubled(planOf(first + round * TOGETHER + index, operations * 2, { kinds }))
        return bug?.occasion?.(plan) ?? plan
      })
      // Folders of a mail server are looked at every 30 s, and before that some questions have no answer.
      const patience = kinds.includes('imap') ? 1 : PATIENCE
      const batch = { plans, patience, untilFound: true }
      for (const { plan, found } of await runBatch(stack, batch, text => say(`${name}: ${text}`), signal)) {
        // That workers do not run at all is not what was planted.
        const what = found.find(text => !bug || !/^(the simulation itself|a process died)/.test(text))
        if (what) return { seed: plan.seed, what }
      }
    }
    return null
  } finally {
    if (!signal.aborted) await stack.restartWorkers(null)
  }
}

const row = (breaks: string, name: string, seed: number | null, what: string) =>
  `${breaks.padEnd(7)}${name.padEnd(24)}${seed === null ? '' : `seed ${seed}: `}${what.slice(0, 160)}`
