import { setTimeout as sleep } from 'node:timers/promises'
import type { Life } from './life.ts'
import { probe, ringAgain, unprobed } from './probe.ts'
import type { Stack } from './stack.ts'
import { passSilence, passWaits } from './time.ts'
import { unlikeProviders, unlikeStored, workLeft } from './unlike.ts'

/** Bounds of patience, not measures: a world that is right is there long before. */
const WORK_MS = 60_000
const EQUAL_MS = 60_000
const MIRROR_MS = 60_000
const PROBE_MS = 30_000
const LOOK_EVERY_MS = 500

/** `patience` stretches or shortens the bounds. */
type Rest = { stack: Stack; lives: Life[]; signal: AbortSignal; patience: number }

/** All faults have ended: within a bounded time everything must be done, and the same everywhere, for each life. */
export async function comeToRest(rest: Rest, say: (text: string) => void): Promise<void> {
  const { stack, lives } = rest
  const users = (of: Life[]) => of.map(({ person }) => person.userId)
  for (const life of lives) await Promise.all(life.browsers.map(browser => browser.rest()))

  say('what was marked is worked off, without any poll')
  await each(
    rest,
    WORK_MS,
    'I8: work is left',
    life => workLeft(stack, life),
    async left => {
      await passWaits(stack.database, users(left))
      for (const life of left) await mend(stack, life)
    },
  )
  say('polls may run')
  await passSilence(stack.database, users(lives))
  await cron(stack, 'renew-watches')
  await cron(stack, 'poll')
  await each(
    rest,
    EQUAL_MS,
    'I1: Postgres is not what the provider has',
    life => unlikeProviders(stack, life),
    async left => {
      await passWaits(stack.database, users(left))
      for (const life of left) {
        await mend(stack, life)
        // What rings nobody is found by a person who asks: a label at Gmail, a folder, what is no IMAP inbox.
        await life.person.request('/api/sync', { method: 'POST', body: {} }).catch(() => {})
      }
    },
  )
  say('mirrors')
  await each(
    rest,
    MIRROR_MS,
    'I5: a reader is not what Postgres has',
    life => unlikeStored(stack, life),
    async left => {
      for (const life of left) for (const browser of life.browsers) browser.look()
    },
  )
  say('probe')
  // Where a watch was refused because the grant had ended, it has been given again since.
  await passWaits(stack.database, users(lives))
  await cron(stack, 'renew-watches')
  const probes = await probe(lives)
  await each(
    rest,
    PROBE_MS,
    'the probe did not come through',
    life => unprobed(stack, life, probes),
    waiting => ringAgain(stack, waiting, probes),
  )
  await each(
    rest,
    EQUAL_MS,
    'after the probe',
    life => afterwards(stack, life),
    async () => {},
  )
}

/** Waits for every life that has not failed yet until nothing is left; what is left at the end is its failure. */
async function each(
  { lives, signal, patience }: Rest,
  limitMs: number,
  what: string,
  left: (life: Life) => Promise<string[]>,
  help: (waiting: Life[]) => Promise<void>,
): Promise<void> {
  const until = Date.now() + limitMs * patience
  let waiting = lives.filter(life => life.found.length === 0)
  for (let round = 0; waiting.length > 0; round++) {
    signal.throwIfAborted()
    const answers = await Promise.all(waiting.map(async life => ({ life, found: await left(life) })))
    const late = Date.now() > until
    if (late) for (const { life, found } of answers) for (const text of found) life.report(`${what}: ${text}`)
    waiting = answers.filter(({ found }) => found.length > 0).map(({ life }) => life)
    if (late || waiting.length === 0) return
    if (round % 4 === 0) await help(waiting)
    await sleep(LOOK_EVERY_MS)
  }
}

/** What a person does who sees that an account is stopped or disconnected. */
async function mend(stack: Stack, life: Life): Promise<void> {
  const { person } = life
  const accounts = await stack.database.query<{ id: string; email: string; reconnect: unknown }>(
    'SELECT id, email, reconnect FROM account WHERE user_id = $1 AND (NOT enabled OR reconnect IS NOT NULL)',
    [person.userId],
  )
  for (const { id, email, reconnect } of accounts)
    await (reconnect === null
      ? person.request(`/api/accounts/${id}/start`, { method: 'POST' })
      : life.mailboxes.find(mailbox => mailbox.email === email)?.connect(person)
    )?.catch(() => {})
}

/** What Vercel's cron calls, and the worker's own timers do. */
async function cron(stack: Stack, name: string): Promise<void> {
  const headers = { authorization: `Bearer ${stack.cronSecret}` }
  const response = await fetch(`${stack.baseUrl}/api/cron/${name}`, {
    headers,
    signal: AbortSignal.timeout(35_000),
  })
  if (!response.ok) throw new Error(`/api/cron/${name} answered ${response.status}: ${await response.text()}`)
  await response.body?.cancel()
}

async function afterwards(stack: Stack, life: Life): Promise<string[]> {
  return [...(await unlikeProviders(stack, life)), ...(await unlikeStored(stack, life))]
}
