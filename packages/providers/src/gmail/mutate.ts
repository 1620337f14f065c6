import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, MutateOutcome, ProviderMutation } from '@inlet/sync/provider-port'
import type { SendMemory } from '../send-memory.ts'
import type { Call, GmailClient } from './client.ts'
import { saveDraft, sendMail } from './send.ts'

/** Gmail's own bound on one batchModify. */
const BATCH_MAX = 1_000
/** Up to here one call a message is cheaper than a batch (5 or 20 units against 50), and says which is gone. */
const SINGLE_MAX = 9
const AT_ONCE = 4

type Change = { add: string[]; remove: string[] }

/** A person's change. Labels are states, so repeating it is harmless; sends are traced by their client id. */
export async function mutate(
  client: GmailClient,
  memory: SendMemory,
  conn: Connection,
  change: ProviderMutation,
  signal: AbortSignal,
): Promise<MutateOutcome> {
  switch (change.type) {
    case 'send':
      return await sendMail(client, memory, conn, change, signal)
    case 'draft':
      return await saveDraft(client, memory, conn, change, signal)
    case 'trash':
    case 'untrash':
      await bin(client, conn, change.type, change.messageIds, signal)
      break
    default:
      await relabel(client, conn, change.messageIds, toLabels(change), signal)
  }
  return { state: 'done', messageId: null }
}

/** Gmail's words for a person's: unread, starred and "in the inbox" are labels. */
export function toLabels(
  change: Extract<ProviderMutation, { type: 'labels' | 'read' | 'star' | 'archive' }>,
): Change {
  const set = (label: string, on: boolean): Change =>
    on ? { add: [label], remove: [] } : { add: [], remove: [label] }
  switch (change.type) {
    case 'read':
      return set('UNREAD', !change.read)
    case 'star':
      return set('STARRED', change.starred)
    case 'archive':
      return set('INBOX', false)
    case 'labels':
      return { add: change.add, remove: change.remove.filter(label => !change.add.includes(label)) }
  }
}

async function relabel(
  client: GmailClient,
  conn: Connection,
  ids: string[],
  { add, remove }: Change,
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0 || add.length + remove.length === 0) return
  const requestBody = { addLabelIds: add, removeLabelIds: remove }
  const call = { action: 'change the labels', priority: 'interactive', signal } as const
  if (ids.length <= SINGLE_MAX)
    return await each(ids, id =>
      client.call(conn, { ...call, method: 'messages.modify' }, (gmail, options) =>
        gmail.users.messages.modify({ userId: 'me', id, requestBody }, options),
      ),
    )
  for (let from = 0; from < ids.length; from += BATCH_MAX) {
    const batch: Call = { ...call, method: 'messages.batchModify', empty: true }
    await client.call(conn, batch, (gmail, options) =>
      gmail.users.messages.batchModify(
        { userId: 'me', requestBody: { ...requestBody, ids: ids.slice(from, from + BATCH_MAX) } },
        options,
      ),
    )
  }
}

/** Trash is a label too, and takes the message out of the inbox. */
async function bin(
  client: GmailClient,
  conn: Connection,
  type: 'trash' | 'untrash',
  ids: string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length > SINGLE_MAX) {
    const labels = type === 'trash' ? { add: ['TRASH'], remove: ['INBOX'] } : { add: [], remove: ['TRASH'] }
    return await relabel(client, conn, ids, labels, signal)
  }
  const call = {
    method: `messages.${type}`,
    action: `${type} a message`,
    priority: 'interactive',
    signal,
  } as const
  await each(ids, id =>
    client.call(conn, call, (gmail, options) => gmail.users.messages[type]({ userId: 'me', id }, options)),
  )
}

/** One call a message, a few at a time. A message that is gone needs no change; only if all are gone is that told. */
async function each(ids: string[], run: (id: string) => Promise<unknown>): Promise<void> {
  let missing: unknown = null
  let found = 0
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const results = await Promise.allSettled(ids.slice(from, from + AT_ONCE).map(run))
    for (const result of results) {
      if (result.status === 'fulfilled') found += 1
      else if (result.reason instanceof ProviderError && result.reason.kind === 'not_found')
        missing = result.reason
      else throw result.reason
    }
  }
  if (found === 0 && missing) throw missing
}
