import { compareMailbox, compareReader, type Mailbox } from './compare.ts'
import type { Life } from './life.ts'
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

export async function unlikeGmail(stack: Stack, life: Life): Promise<string[]> {
  const restless = await workLeft(stack, life)
  if (restless.length > 0) return restless
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
    found.push(...(await sentTwice(stack, life, mailbox)))
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
async function sentTwice(stack: Stack, life: Life, mailbox: Omit<Mailbox, 'accountId'>): Promise<string[]> {
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
