import { compareMailbox, compareReader } from './compare.ts'
import type { Life } from './life.ts'
import { Refused } from './mailbox.ts'
import type { Stack } from './stack.ts'
import { readStored, type Stored, type StoredRows } from './stored.ts'

/** Lanes that are due or at work, changes on their way, accounts that only a person can mend. */
export async function workLeft(stack: Stack, { person }: Life): Promise<string[]> {
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

/** What of a person's mailboxes is stored otherwise than their providers have it, and what was sent more than once. */
export async function unlikeProviders(stack: Stack, life: Life): Promise<string[]> {
  const restless = await workLeft(stack, life)
  if (restless.length > 0) return restless
  const stored = await readStored(stack.database, life.person.userId)
  const found: string[] = []
  for (const mailbox of life.mailboxes) {
    const { email } = mailbox
    const account = [...stored.rows].find(
      ([key, { row }]) => key.startsWith('account ') && row.email === email,
    )?.[1].row
    if (!account) found.push(`${email} is not connected`)
    else {
      const held = await mailbox.held().catch(notNow)
      if (held instanceof Refused) found.push(`${email} cannot be read: ${held.message}`)
      else found.push(...compareMailbox({ ...held, email, accountId: account.id }, stored.rows))
      found.push(...statusOf(account))
    }
  }
  return [...found, ...(await sentOtherwise(stack, life))]
}

function notNow(error: unknown): Refused {
  if (error instanceof Refused) return error
  throw error
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

/** What a person sent once came once to whom it was for; what was not sent did not, or nobody says that it was. */
async function sentOtherwise({ database, sandbox }: Stack, life: Life): Promise<string[]> {
  if (life.sent.size === 0) return []
  const states = await database.query<{ client_id: string; state: string }>(
    'SELECT client_id, state FROM mutation WHERE user_id = $1',
    [life.person.userId],
  )
  const stateOf = new Map(states.map(row => [row.client_id, row.state]))
  const arrived = await sandbox.arrived()
  const found: string[] = []
  for (const [clientId, subject] of life.sent) {
    const copies = arrived.filter(each => each === subject).length
    const state = stateOf.get(clientId) ?? 'unheard of'
    const right = { done: [1], failed: [0], 'unheard of': [0] }[state] ?? [0, 1]
    if (!right.includes(copies)) found.push(`"${subject}" came ${copies} times, and the change is ${state}`)
  }
  return found
}

export async function unlikeStored(stack: Stack, life: Life): Promise<string[]> {
  const stored = await readStored(stack.database, life.person.userId)
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
