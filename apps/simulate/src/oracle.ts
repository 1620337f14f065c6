import type { Label, Message, StatusReason } from '@inlet/protocol/entities'
import type { AccountState, MemoryState, UserState } from '@inlet/testkit/memory-store/state'
import type { Browser } from './browser.ts'
import { expectedRow, expectedThreads } from './expected.ts'
import { idOf } from './ids.ts'
import { type Mailbox, SENT_HERE } from './mailbox.ts'
import { tablesOf } from './monitor/mirror.ts'
import { same } from './same.ts'

/** Every difference between what the provider has and what is stored; empty when they are the same, row for row. */
export function compareStore(
  state: MemoryState,
  mailboxes: ReadonlyMap<string, Mailbox>,
  excuseBroken: boolean,
): string[] {
  const differences: string[] = []
  for (const account of state.accounts.values()) {
    const user = state.users.get(account.userId)
    const email = user?.accounts.get(account.id)?.row.email
    const mailbox = email === undefined ? undefined : mailboxes.get(email)
    if (!user || !mailbox) continue
    compareAccount({ user, account, mailbox, excuseBroken }, differences)
    differences.push(...comparePlaces(state, account.id, mailbox))
    differences.push(...compareLanes(state, account, mailbox))
  }
  return differences
}

/** The stored places are the server's, in number and content. */
function comparePlaces(state: MemoryState, accountId: string, mailbox: Mailbox): string[] {
  if (!mailbox.traits.placed) return []
  const there = new Map<string, string>()
  for (const { key } of mailbox.resources())
    for (const { uid, epoch, messageId, flags } of mailbox.lying(key))
      there.set(`${key} ${epoch}:${uid}`, `${messageId} (${flags.join(' ')})`)
  const found: string[] = []
  for (const { accountId: of, gone, resource, epoch, uid, messageId, flags } of state.places.values()) {
    if (of !== accountId) continue
    const at = `${resource} ${epoch}:${uid}`
    const [held, wanted] = [`${messageId} (${flags.join(' ')})`, there.get(at)]
    there.delete(at)
    if (gone) found.push(`${mailbox.email}: ${at} is still remembered to be gone`)
    else if (wanted === undefined) found.push(`${mailbox.email}: ${at} is stored, and nothing lies there`)
    else if (held !== wanted) found.push(`${mailbox.email}: ${at} is stored as ${held} (wanted ${wanted})`)
  }
  for (const [at, wanted] of there) found.push(`${mailbox.email}: ${at} is not stored, where ${wanted} lies`)
  return found
}

/** What is followed is what has a cursor at the provider. */
function compareLanes(state: MemoryState, account: AccountState, mailbox: Mailbox): string[] {
  const lanes = [...state.resources.values()].filter(
    lane => lane.accountId === account.id && lane.lane === 'live',
  )
  const [followed, there] = [
    lanes.map(lane => lane.key).sort(),
    mailbox
      .resources()
      .map(resource => resource.key)
      .sort(),
  ]
  return same(followed, there) ? [] : [`${mailbox.email}: ${followed} are followed, and there are ${there}`]
}

type Pair = { user: UserState; account: AccountState; mailbox: Mailbox; excuseBroken: boolean }

function compareAccount({ user, account, mailbox, excuseBroken }: Pair, differences: string[]): void {
  const { id: accountId } = account
  const say = (text: string) => differences.push(`${mailbox.email}: ${text}`)
  const stored = [...user.messages.values()].filter(({ row }) => row.accountId === accountId)
  const storedIds = new Map(stored.map(entry => [entry.row.id, entry.row]))
  for (const message of mailbox.messages.values()) {
    const row = expectedRow(accountId, message)
    const held = storedIds.get(row.id)
    storedIds.delete(row.id)
    const broken = mailbox.broken.has(message.id)
    if (broken && excuseBroken) {
      if (!held && !user.failedItems.has(row.id))
        say(`${message.id} cannot be read, and is no failed item either`)
      continue
    }
    if (!held) say(`${message.id} is not stored`)
    else if (!same(held, row)) say(`${message.id} is stored as ${difference(held, row)}`)
  }
  for (const row of storedIds.values()) say(`"${row.subject}" is stored, and the provider has it no more`)

  const threads = expectedThreads(stored.map(({ row }) => row))
  for (const { row } of user.threads.values()) {
    if (row.accountId !== accountId) continue
    const wanted = threads.get(row.id)
    threads.delete(row.id)
    if (!wanted) say(`the thread "${row.subject}" is stored without messages`)
    else if (!same(row, wanted)) say(`the thread "${row.subject}" is stored as ${difference(row, wanted)}`)
  }
  for (const row of threads.values()) say(`the thread "${row.subject}" is not stored`)

  const carried = countLabels(stored.map(({ row }) => row))
  // A label that is gone keeps its row while a message that carries it here cannot be read.
  const unreadable = stored.filter(({ providerId }) => excuseBroken && mailbox.broken.has(providerId))
  const held = new Set(unreadable.flatMap(({ row }) => row.labelIds))
  const labels = new Map(mailbox.labels.map(label => [idOf(accountId, 'label', label.id), label]))
  for (const { row } of user.labels.values()) {
    if (row.accountId !== accountId) continue
    const label = labels.get(row.id)
    labels.delete(row.id)
    if (!label) {
      if (!held.has(row.id)) say(`the label ${row.name} is stored, and the provider has it no more`)
      continue
    }
    const { name, role, color, hidden } = label
    const counts = carried.get(row.id) ?? { total: 0, unread: 0 }
    const wanted: Label = { id: row.id, accountId, name, role, color, hidden, ...counts }
    if (!same(row, wanted)) say(`the label ${name} is stored as ${difference(row, wanted)}`)
  }
  for (const label of labels.values()) say(`the label ${label.name} is not stored`)
}

function countLabels(rows: Message[]): Map<string, { total: number; unread: number }> {
  const counts = new Map<string, { total: number; unread: number }>()
  for (const { labelIds, unread } of rows)
    for (const id of labelIds) {
      const { total = 0, unread: before = 0 } = counts.get(id) ?? {}
      counts.set(id, { total: total + 1, unread: before + (unread ? 1 : 0) })
    }
  return counts
}

/** Which fields differ, with both values. */
function difference(held: object, wanted: object): string {
  const [mine, other] = [new Map(Object.entries(held)), new Map(Object.entries(wanted))]
  return [...new Set([...mine.keys(), ...other.keys()])]
    .filter(name => !same(mine.get(name), other.get(name)))
    .map(name => `${name} ${JSON.stringify(mine.get(name))} (wanted ${JSON.stringify(other.get(name))})`)
    .join(', ')
}

/** `broken`: items that cannot be read are failed items. `why`: reasons that only the next push or renewal takes away. */
export type Excuse = { broken: boolean; why: readonly StatusReason[] }

/** What is left to do, or not as it should be at rest. */
export function unrest(
  state: MemoryState,
  mailboxes: ReadonlyMap<string, Mailbox>,
  excuse: Excuse,
): string[] {
  const found: string[] = []
  const excuseBroken = excuse.broken
  for (const user of state.users.values())
    for (const { row } of user.accounts.values()) {
      const mailbox = mailboxes.get(row.email)
      const { reason: why } = row.status
      const excused =
        (why !== null && excuse.why.includes(why)) ||
        (excuseBroken && (mailbox?.broken.size ?? 0) > 0 && why === 'failed_items')
      const { state: status, reason, error } = row.status
      if (status !== 'active' && !excused)
        found.push(`${row.email} is ${status} (${reason}: ${error ?? 'no error'})`)
      if (row.progress) found.push(`${row.email} still has a ${row.progress.kind} under way`)
      const items = [...user.failedItems.values()].filter(item => item.accountId === row.id)
      if (items.length > (excuseBroken ? (mailbox?.broken.size ?? 0) : 0))
        found.push(`${row.email} has ${items.length} failed items`)
    }
  for (const lane of state.resources.values()) {
    if (lane.lane !== 'live') continue
    const email = state.users.get(lane.userId)?.accounts.get(lane.accountId)?.row.email
    const mailbox = email === undefined ? undefined : mailboxes.get(email)
    if (mailbox && lane.cursor !== null && mailbox.position(lane.cursor) > mailbox.latest(lane.key))
      found.push(
        `the cursor of ${lane.key} in ${email} is ${lane.cursor}, beyond ${mailbox.latest(lane.key)}`,
      )
  }
  for (const mutation of state.mutations.values())
    if (mutation.state === 'pending' || mutation.state === 'sending')
      found.push(`the mutation ${mutation.clientId} is ${mutation.state}`)
  for (const mailbox of mailboxes.values()) {
    const sent = new Set<string>()
    for (const { subject, labelIds } of mailbox.messages.values()) {
      if (!subject.startsWith(SENT_HERE) || !labelIds.includes(mailbox.sentLabel)) continue
      if (sent.has(subject)) found.push(`"${subject}" was sent twice from ${mailbox.email}`)
      sent.add(subject)
    }
  }
  return found
}

/** What a mirror's row has beside the row itself. */
const OF_THE_MIRROR = ['seq', 'keys']

/** Every difference between what is stored and what a mirror holds. */
export function compareMirror(state: MemoryState, browser: Browser): string[] {
  const user = state.users.get(browser.userId)
  const feed = browser.feed()
  if (!user) return []
  const say = (text: string) => `${browser.name}: ${text}`
  if (!feed || feed.cursor === null) return [say('has no mirror')]
  const differences: string[] = []
  if (feed.cursor !== user.head) differences.push(say(`is at ${feed.cursor}, the feed at ${user.head}`))
  if (feed.fill.position !== null) differences.push(say('has not filled to the end'))
  for (const [kind, table, rows] of tablesOf(browser, user)) {
    for (const [id, entry] of rows) {
      const held = table.get(id)
      const { row, seq } = entry as { row: object; seq: number }
      if (!held) differences.push(say(`lacks the ${kind} ${id} (seq ${seq})`))
      else if ((held as { seq: number }).seq !== seq || !same(held, row, OF_THE_MIRROR)) {
        const { seq: heldSeq, keys: _keys, ...heldRow } = held as { seq: number; keys?: unknown }
        differences.push(say(`holds the ${kind} of seq ${seq} as of ${heldSeq} ${difference(heldRow, row)}`))
      }
    }
    for (const id of table.keys())
      if (!rows.has(id)) differences.push(say(`holds a ${kind} ${id} that is gone`))
  }
  const open = [...browser.disk.table('outbox').values()].filter(
    row => row.state !== 'failed' && row.state !== 'unknown',
  )
  if (open.length > 0)
    differences.push(
      say(`${open.length} changes are still in the outbox (${open.map(row => row.state).join(', ')})`),
    )
  return differences
}
