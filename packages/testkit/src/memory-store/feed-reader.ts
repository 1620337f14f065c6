import {
  type Change,
  type ChangesPage,
  FILL_START,
  type FillPage,
  type Upsert,
} from '@inlet/protocol/changes'
import { CursorTooOld, InvalidCursor } from '@inlet/sync/feed-port'
import { byText, type MemoryState, type UserState } from './state.ts'

export function follow(state: MemoryState, userId: string, after: number, limit: number): ChangesPage {
  const user = state.users.get(userId)
  const { head, floor } = user ?? { head: 0, floor: 0 }
  if (after < floor || after > head) throw new CursorTooOld(after, floor)
  const found = user ? changesAfter(user, after) : []
  const more = found.length > limit
  const changes = more ? found.slice(0, limit) : found
  return { after, changes, next: more ? (changes.at(-1)?.seq ?? after) : head, head, floor, more }
}

/** Rows and tombstones above `after` in the order of seq. */
export function changesAfter(user: UserState, after: number): Change[] {
  if (after >= user.head) return []
  const changes: Change[] = upsertsAfter(user, after)
  for (const { kind, id, seq } of user.tombstones.values())
    if (seq !== null && seq > after) changes.push({ kind, op: 'delete', id, seq })
  return changes.sort((a, b) => a.seq - b.seq)
}

function upsertsAfter(user: UserState, after: number): Upsert[] {
  const upserts: Upsert[] = []
  const op = 'upsert'
  for (const { row, seq } of user.accounts.values())
    if (seq > after) upserts.push({ kind: 'account', op, id: row.id, seq, row })
  for (const { row, seq } of user.labels.values())
    if (seq > after) upserts.push({ kind: 'label', op, id: row.id, seq, row })
  for (const { row, seq } of user.messages.values())
    if (seq > after) upserts.push({ kind: 'message', op, id: row.id, seq, row })
  for (const { row, seq } of user.threads.values())
    if (seq > after) upserts.push({ kind: 'thread', op, id: row.id, seq, row })
  return upserts
}

const FORM = /^(?:l\.(?<after>[A-Za-z0-9_-]{1,64})|m\.(?<receivedAt>-?\d{1,16})\.(?<id>[A-Za-z0-9_-]{1,64}))$/

/** Accounts and labels, then messages from the newest down, each with the thread of which it is the newest. */
export function fill(state: MemoryState, userId: string, position: string, limit: number): FillPage {
  const groups = FORM.exec(position)?.groups ?? {}
  const { after: label, id } = groups
  const receivedAt = Number(groups.receivedAt)
  if (
    position !== FILL_START &&
    label === undefined &&
    (id === undefined || !Number.isSafeInteger(receivedAt))
  )
    throw new InvalidCursor(position)
  const user = state.users.get(userId)
  const { head, floor } = user ?? { head: 0, floor: 0 }
  if (!user) return { changes: [], next: null, head, floor }
  const changes: Upsert[] = []
  if (position === FILL_START) {
    const accounts = [...user.accounts.values()]
    accounts.sort((a, b) => a.row.createdAt - b.row.createdAt || byText(a.row.id, b.row.id))
    for (const { row, seq } of accounts) changes.push({ kind: 'account', op: 'upsert', id: row.id, seq, row })
  }
  let room = limit
  if (id === undefined) {
    const labels = [...user.labels.values()].filter(each => byText(each.row.id, label ?? '') > 0)
    labels.sort((a, b) => byText(a.row.id, b.row.id))
    const page = labels.slice(0, limit)
    for (const { row, seq } of page) changes.push({ kind: 'label', op: 'upsert', id: row.id, seq, row })
    room -= page.length
    if (room <= 0) return { changes, next: `l.${page.at(-1)?.row.id ?? ''}`, head, floor }
  }
  const below = ({ row }: { row: { receivedAt: number; id: string } }) =>
    id === undefined ||
    row.receivedAt < receivedAt ||
    (row.receivedAt === receivedAt && byText(row.id, id) < 0)
  const messages = [...user.messages.values()].filter(below)
  messages.sort((a, b) => b.row.receivedAt - a.row.receivedAt || byText(b.row.id, a.row.id))
  const page = messages.slice(0, room)
  for (const { row, seq } of page) {
    changes.push({ kind: 'message', op: 'upsert', id: row.id, seq, row })
    const thread = user.threads.get(row.threadId)
    if (thread?.row.lastMessageId === row.id)
      changes.push({ kind: 'thread', op: 'upsert', id: thread.row.id, seq: thread.seq, row: thread.row })
  }
  const last = page.at(-1)?.row
  const next = messages.length > room && last ? `m.${last.receivedAt}.${last.id}` : null
  return { changes, next, head, floor }
}

/** Forgets tombstones older than `before` and raises the floor to the last of them. */
export function prune(state: MemoryState, before: number): number {
  let removed = 0
  for (const user of state.users.values()) {
    for (const [key, tombstone] of user.tombstones) {
      if (tombstone.at >= before) continue
      user.tombstones.delete(key)
      user.floor = Math.max(user.floor, tombstone.seq ?? 0)
      removed += 1
    }
  }
  return removed
}
