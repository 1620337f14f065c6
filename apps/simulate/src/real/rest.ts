import { setTimeout as sleep } from 'node:timers/promises'
import { compareMailbox, compareReader, type Mailbox } from './compare.ts'
import type { Google } from './google.ts'
import type { Life } from './life.ts'
import { letter, receive } from './perform.ts'
import type { Stack } from './stack.ts'
import { readStored, type Stored, type StoredRows } from './stored.ts'
import { passSilence, passWaits } from './time.ts'

/** Bounds of patience, not measures: a world that is right is there long before. */
const WORK_MS = 60_000
const EQUAL_MS = 60_000
const MIRROR_MS = 60_000
const PROBE_MS = 30_000
const LOOK_EVERY_MS = 500

type Scene = { stack: Stack; google: Google; lives: Life[]; signal: AbortSignal; patience: number }

/** All faults have ended: within a bounded time everything must be done, and the same everywhere, for each life. */
export async function comeToRest(scene: Scene, say: (text: string) => void): Promise<void> {
  const { stack, lives } = scene
  const users = (of: Life[]) => of.map(({ person }) => person.userId)
  for (const life of lives) await Promise.all(life.browsers.map(browser => browser.rest()))

  say('what was marked is worked off, without any poll')
  await each(
    scene,
    WORK_MS,
    'I8: work is left',
    life => workLeft(scene, life),
    async left => {
      await passWaits(stack.database, users(left))
      for (const life of left) await mend(scene, life)
    },
  )
  say('polls may run')
  await passSilence(stack.database, users(lives))
  await cron(stack, 'renew-watches')
  await cron(stack, 'poll')
  await each(
    scene,
    EQUAL_MS,
    'I1: Postgres is not what Gmail has',
    life => unlikeGmail(scene, life),
    async left => {
      await passWaits(stack.database, users(left))
      for (const life of left) {
        await mend(scene, life)
        // A label that was made or renamed leaves no history at Gmail: a sync that no push rang lists them.
        await life.person.request('/api/sync', { method: 'POST', body: {} }).catch(() => {})
      }
    },
  )
  say('mirrors')
  await each(
    scene,
    MIRROR_MS,
    'I5: a reader is not what Postgres has',
    life => unlikeStored(scene, life),
    async left => {
      for (const life of left) for (const browser of life.browsers) browser.look()
    },
  )
  say('probe')
  const probes = await probe(scene)
  await each(
    scene,
    PROBE_MS,
    'the probe did not come through',
    life => unprobed(scene, life, probes),
    async () => {},
  )
  await each(
    scene,
    EQUAL_MS,
    'after the probe',
    life => afterwards(scene, life),
    async () => {},
  )
}

/** Waits for every life that has not failed yet until nothing is left; what is left at the end is its failure. */
async function each(
  { lives, signal, patience }: Scene,
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

/** Lanes that are due or at work, changes on their way, accounts that only a person can mend. */
async function workLeft({ stack }: Scene, { person }: Life): Promise<string[]> {
  const lanes = await stack.database.query<{ what: string }>(
    `SELECT 'the ' || r.lane || ' lane of ' || a.email || ' (' || r.trigger || ', ' || r.attempts || ' failures, '
            || coalesce(r.last_error_message, 'no error') || ', leased until ' || coalesce(r.lease_until::text, '-')
            || ', due ' || coalesce(r.due_at::text, '-') || ')' AS what
       FROM resource r JOIN account a ON a.id = r.account_id
      WHERE r.user_id = $1 AND (r.dirty_at IS NOT NULL OR r.lease_token IS NOT NULL)
     UNION ALL SELECT 'the change ' || client_id || ' (' || (body ->> 'type') || ') is ' || state || ' after '
            || attempts || ' tries, made ' || created_at || ', changed ' || updated_at FROM mutation
      WHERE user_id = $1 AND state IN ('pending', 'sending')
     UNION ALL SELECT email || ' is ' || (status ->> 'state') || ', ' || (status ->> 'reason') FROM account
      WHERE user_id = $1 AND (NOT enabled OR reconnect IS NOT NULL)`,
    [person.userId],
  )
  return lanes.map(({ what }) => what)
}

/** What a person does who sees that an account is stopped or disconnected. */
async function mend({ stack }: Scene, life: Life): Promise<void> {
  const { person } = life
  const accounts = await stack.database.query<{ id: string; email: string; reconnect: unknown }>(
    'SELECT id, email, reconnect FROM account WHERE user_id = $1 AND (NOT enabled OR reconnect IS NOT NULL)',
    [person.userId],
  )
  for (const { id, email, reconnect } of accounts)
    await (reconnect === null
      ? person.request(`/api/accounts/${id}/start`, { method: 'POST' })
      : person.connect(email)
    ).catch(() => {})
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

/** By mailbox: Gmail's answers, read again only when its history has moved on. */
const read = new WeakMap<object, { historyId: string; mailbox: Omit<Mailbox, 'accountId'> }>()

async function readMailbox(gmail: Life['mailboxes'][number]): Promise<Omit<Mailbox, 'accountId'>> {
  const historyId = await gmail.historyId()
  const known = read.get(gmail)
  const labels = await gmail.labels()
  if (known?.historyId === historyId) return { ...known.mailbox, labels }
  const ids = await gmail.ids()
  const messages = await Promise.all(ids.map(({ id }) => gmail.message(id)))
  const mailbox = { email: gmail.email, messages, labels }
  read.set(gmail, { historyId, mailbox })
  return mailbox
}

async function unlikeGmail(scene: Scene, life: Life): Promise<string[]> {
  const restless = await workLeft(scene, life)
  if (restless.length > 0) return restless
  const { stack } = scene
  const stored = await readStored(stack.database, life.person.userId)
  const found: string[] = []
  for (const gmail of life.mailboxes) {
    const mailbox = await readMailbox(gmail)
    const account = [...stored.rows].find(
      ([key, { row }]) => key.startsWith('account ') && row.email === gmail.email,
    )?.[1].row
    if (!account) found.push(`${gmail.email} is not connected`)
    else {
      found.push(...statusOf(account), ...compareMailbox({ ...mailbox, accountId: account.id }, stored.rows))
    }
    found.push(...(await sentTwice(scene, life, mailbox)))
  }
  return found
}

/** At rest an account is Active. That a poll had found what no push announced is only forgotten with the next push. */
function statusOf({ email, status, failedItems, progress }: Stored['row']): string[] {
  const { state, reason, error } = status as { state: string; reason: string | null; error: string | null }
  const found: string[] = []
  if (state !== 'active' && reason !== 'push_silent') found.push(`${email} is ${state}: ${reason}, ${error}`)
  if (failedItems !== 0) found.push(`I10: ${email} has ${failedItems} failed items`)
  if (progress !== null) found.push(`${email} is still being listed: ${JSON.stringify(progress)}`)
  return found
}

/** What a person sent once left once; what could not be sent did not leave twice. */
async function sentTwice(
  { stack }: Scene,
  life: Life,
  mailbox: Omit<Mailbox, 'accountId'>,
): Promise<string[]> {
  const states = await stack.database.query<{ client_id: string; state: string }>(
    'SELECT client_id, state FROM mutation WHERE user_id = $1',
    [life.person.userId],
  )
  const stateOf = new Map(states.map(row => [row.client_id, row.state]))
  const found: string[] = []
  for (const [clientId, { subject, mailbox: index }] of life.sent) {
    if (life.mailboxes[index]?.email !== mailbox.email) continue
    const copies = mailbox.messages.filter(message =>
      message.payload?.headers?.some(
        ({ name, value }) => name.toLowerCase() === 'subject' && value === subject,
      ),
    ).length
    const state = stateOf.get(clientId) ?? 'unheard of'
    // Somebody may have deleted the copy at Gmail since.
    if (copies > 1 || (copies > 0 && state === 'unheard of'))
      found.push(`"${subject}" was sent ${copies} times, and the change is ${state}`)
  }
  return found
}

async function unlikeStored(scene: Scene, life: Life): Promise<string[]> {
  const stored = await readStored(scene.stack.database, life.person.userId)
  const found: string[] = []
  const { cursor, rows } = life.followed
  if (cursor !== stored.head) found.push(`the follower is at ${cursor}, the feed at ${stored.head}`)
  found.push(
    ...compareReader(
      'the follower',
      stored.rows,
      new Map([...rows].map(([key, { seq, row }]) => [key, { seq, row: row as Stored['row'] }])),
    ),
  )
  for (const browser of life.browsers)
    for (const [index, { mirror }] of browser.tabs.entries())
      found.push(...(await unlikeMirror(`${browser.name} tab ${index}`, mirror, stored)))
  return found
}

async function unlikeMirror(
  name: string,
  { db, state }: Life['browsers'][number]['tabs'][number]['mirror'],
  stored: StoredRows,
): Promise<string[]> {
  const feed = await db.meta.get('feed')
  const { phase } = state.getSnapshot()
  if (!feed || feed.cursor === null) return [`${name} has no mirror (${phase})`]
  const found: string[] = []
  if (feed.cursor !== stored.head)
    found.push(`${name} is at ${feed.cursor}, the feed at ${stored.head} (${phase})`)
  if (feed.fill.position !== null) found.push(`${name} has not filled to the end (${phase})`)
  if (phase !== 'live') found.push(`${name} is ${phase}, not live`)
  const held = new Map<string, Stored>()
  const tables = { message: db.messages, thread: db.threads, label: db.labels, account: db.accounts }
  for (const [kind, table] of Object.entries(tables))
    for (const { seq, keys: _, ...row } of (await table.toArray()) as ({
      seq: number
      keys?: unknown
    } & Stored['row'])[])
      held.set(`${kind} ${row.id}`, { seq, row })
  found.push(...compareReader(name, stored.rows, held))
  const open = (await db.outbox.toArray()).filter(({ state }) => state === 'queued' || state === 'accepted')
  if (open.length > 0) found.push(`${name} has ${open.length} changes that wait to be sent`)
  return found
}

/** A message for each mailbox, with nothing but the doorbells to bring it. Answers the subjects by address. */
async function probe({ google, lives }: Scene): Promise<Map<string, string>> {
  const subjects = new Map<string, string>()
  for (const { mailboxes, found, plan } of lives) {
    if (found.length > 0) continue
    for (const { email } of mailboxes) {
      const subject = `Probe of seed ${plan.seed} for ${email}`
      subjects.set(email, subject)
      await receive(google, email, letter(email, subject))
    }
  }
  return subjects
}

async function unprobed(
  { stack, google }: Scene,
  life: Life,
  subjects: Map<string, string>,
): Promise<string[]> {
  const stored = await readStored(stack.database, life.person.userId)
  const found: string[] = []
  for (const { email } of life.mailboxes) {
    const subject = subjects.get(email)
    if (!subject) continue
    if (![...stored.rows.values()].some(({ row }) => row.subject === subject)) {
      const rung = await bell(stack, google, email)
      found.push(`I6: "${subject}" is not stored (${rung})`)
      continue
    }
    for (const browser of life.browsers)
      for (const { mirror } of browser.tabs) {
        const here = (await mirror.db.messages.toArray()).some(message => message.subject === subject)
        const { phase, cursor } = mirror.state.getSnapshot()
        if (!here)
          found.push(
            `I3: "${subject}" is stored and not in ${browser.name} (${phase}, at ${cursor} of ${stored.head})`,
          )
      }
  }
  return found
}

/** What is known of a mailbox's doorbell, on both sides. */
async function bell(stack: Stack, google: Google, account: string): Promise<string> {
  type State = { accounts: { email: string; watch: unknown }[]; push: object }
  const { accounts, push } = await google.control<State>('state')
  const watch = accounts.find(({ email }) => email === account)?.watch
  const [ours] = await stack.database.query(
    `SELECT w.*, r.last_push_at, r.last_synced_at, r.dirty_at, r.due_at, r.cursor, r.paused FROM watch w
       JOIN resource r ON r.id = w.resource_id JOIN account a ON a.id = r.account_id WHERE a.email = $1`,
    [account],
  )
  return `at Google ${JSON.stringify(watch)}, here ${JSON.stringify(ours)}, pushes ${JSON.stringify(push)}`
}

async function afterwards(scene: Scene, life: Life): Promise<string[]> {
  return [...(await unlikeGmail(scene, life)), ...(await unlikeStored(scene, life))]
}
