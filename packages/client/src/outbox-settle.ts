import { isSatisfied } from './overlay.ts'
import type { MessageRow, OutboxRow } from './tables.ts'
import type { Tables } from './transact.ts'

/**
 * Forgets mutations that the feed has confirmed. Called in the transaction that stores rows, so that the overlay
 * goes in the instant in which what it showed arrives: no reader sees a state between. Returns how many went.
 */
export async function settleOutbox(tables: Tables, now: number): Promise<number> {
  // Messages that an earlier mutation still waits for: "read, then unread" would otherwise settle its second half
  // against the row that the first has not changed yet.
  const waitedFor = new Set<string>()
  let gone = 0
  for (const row of await tables.outbox.orderBy('position').toArray()) {
    if (row.state === 'failed' || row.state === 'unknown') continue
    const ids = Object.keys(row.patches)
    const first = !ids.some(id => waitedFor.has(id))
    const settled = row.state !== 'queued' && first && isSettled(row, await tables.messages.bulkGet(ids), now)
    if (settled) {
      await tables.outbox.delete(row.position)
      gone++
    } else for (const id of ids) waitedFor.add(id)
  }
  return gone
}

function isSettled(row: OutboxRow, messages: readonly (MessageRow | undefined)[], now: number): boolean {
  const entries = Object.entries(row.patches)
  // Nothing lies over a row (send, draft): gone when the server says done, kept while it does not.
  if (entries.length === 0) return row.state === 'done'
  if (row.state === 'done' && row.settleBy !== null && now >= row.settleBy) return true
  return entries.every(([id, patch], i) => {
    const message = messages[i]
    if (!message || isSatisfied(message, patch)) return true
    // Changed since the server was done: whatever the row says now came after, also if it contradicts.
    return row.state === 'done' && message.seq > (row.seqsAtDone?.[id] ?? 0)
  })
}
