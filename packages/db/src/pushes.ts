import type { PushEvent, PushOutcome } from '@inlet/sync/push-event'
import { cleanText } from './clean-batch.ts'
import { columns } from './columns.ts'
import type { Pool } from './pool.ts'
import { preparedQuery } from './prepared-query.ts'
import { recordPushes } from './sql/record-pushes.ts'
import { hashSecret } from './watches.ts'

/** What a stranger may make us keep. */
const FIELD_MAX = 500
/** Pushes of one statement, statements under way, and pushes that wait for their turn. */
const AT_ONCE = 100
const UNDER_WAY = 2
const WAITING_MAX = 10_000

type Push = { event: PushEvent; now: number }
type Waiting = Push & { resolve(outcome: PushOutcome): void; reject(error: unknown): void }

/**
 * Records pushes in groups: those that arrive while one group is being written make up the next. Each is answered once
 * the mark in its group is committed (I6), and a push that cannot be recorded fails alone.
 */
export function pushRecorder(pool: Pool): (event: PushEvent, now: number) => Promise<PushOutcome> {
  const waiting: Waiting[] = []
  let underWay = 0
  let scheduled = false

  const next = () => {
    scheduled = false
    if (underWay >= UNDER_WAY || waiting.length === 0) return
    underWay += 1
    void recordGroup(pool, waiting.splice(0, AT_ONCE)).finally(() => {
      underWay -= 1
      next()
    })
    next()
  }
  return (event, now) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= WAITING_MAX)
        throw new Error(`${WAITING_MAX} pushes are waiting to be recorded; this one must come again.`)
      waiting.push({ event: bounded(event), now, resolve, reject })
      // What arrives in the same turn of the event loop goes together.
      if (!scheduled && underWay < UNDER_WAY) setImmediate(next)
      scheduled = true
    })
}

/** Never throws: each of the group is answered. */
async function recordGroup(pool: Pool, group: Waiting[]): Promise<void> {
  try {
    const outcomes = await record(pool, group)
    for (const [at, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[at]
      if (outcome) resolve(outcome)
      else reject(new Error('The push was not recorded.'))
    }
  } catch (error) {
    if (group.length > 1 && isOfItsData(error)) for (const one of group) await recordGroup(pool, [one])
    else for (const { reject } of group) reject(error)
  }
}

/** SQLSTATE classes 22 and 23: a value is to blame, not the database. */
const isOfItsData = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^2[23]/.test(String(error.code))

async function record(pool: Pool, group: Push[]): Promise<PushOutcome[]> {
  const values = columns(group, [
    ({ event }) => event.provider,
    ({ event }) => event.pushId,
    ({ event }) => event.mailbox,
    ({ event }) => event.resource,
    ({ event }) => event.problem,
    ({ now }) => now,
    ({ event }) => event.watch?.providerId ?? null,
    ({ event }) => (event.watch ? hashSecret(event.watch.secret) : null),
    ({ event }) => event.kind,
  ])
  return (await pool.query<PushOutcome>(preparedQuery(recordPushes, values))).rows
}

function bounded(event: PushEvent): PushEvent {
  const text = (value: string | null) => value && cleanText(value.slice(0, FIELD_MAX))
  return {
    provider: event.provider,
    pushId: text(event.pushId),
    mailbox: text(event.mailbox),
    resource: text(event.resource),
    watch: event.watch && {
      providerId: text(event.watch.providerId) ?? '',
      secret: event.watch.secret.slice(0, FIELD_MAX),
    },
    kind: event.kind,
    problem: text(event.problem),
  }
}
