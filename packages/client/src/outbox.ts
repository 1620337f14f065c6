import { Mutation, type MutationBody } from '@inlet/protocol/mutations'
import { ApiFailure } from './api-failure.ts'
import { patchesOf } from './patches.ts'
import type { MirrorDb, OutboxRow } from './tables.ts'
import { type Tables, transact } from './transact.ts'

/** A person offline for a day of triage stays under it; a runaway script does not. */
export const OUTBOX_LIMIT = 2_000

/** Stores a mutation with its optimistic patches. Durable, and visible in every tab, when this resolves. */
export async function enqueue(
  db: MirrorDb,
  body: MutationBody,
  { clientId, now }: { clientId: string; now: number },
): Promise<void> {
  const parsed = Mutation.safeParse({ clientId, body })
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ApiFailure(
      'bad_request',
      `This change cannot be sent: ${issue?.path.join('.')}: ${issue?.message}`,
    )
  }
  const { data } = parsed
  await transact(db, ['outbox', 'messages', 'labels'], tables => add(tables, data.body, clientId, now))
}

async function add(tables: Tables, body: MutationBody, clientId: string, now: number): Promise<void> {
  if ((await tables.outbox.count()) >= OUTBOX_LIMIT)
    throw new ApiFailure(
      'too_large',
      `${OUTBOX_LIMIT} changes already wait to be sent. Connect, or dismiss failed ones, then try again.`,
    )
  const ids = 'messageIds' in body ? body.messageIds : []
  const messages = (await tables.messages.bulkGet(ids)).filter(message => message !== undefined)
  await tables.outbox.add({
    clientId,
    body,
    patches: patchesOf(body, messages, await tables.labels.toArray()),
    state: 'queued',
    createdAt: now,
    attempts: 0,
    error: null,
    seqsAtDone: null,
    settleBy: null,
  })
}

/**
 * Sends a failed or unknown mutation again as a new one: under the old client id the server would answer with
 * the old outcome.
 */
export function requeue(
  db: MirrorDb,
  oldClientId: string,
  { clientId, now }: { clientId: string; now: number },
): Promise<void> {
  return transact(db, ['outbox', 'messages', 'labels'], async tables => {
    const row = await endedRow(tables, oldClientId)
    await tables.outbox.delete(row.position)
    await add(tables, row.body, clientId, now)
  })
}

export function dismiss(db: MirrorDb, clientId: string): Promise<void> {
  return transact(db, ['outbox'], async tables => {
    const row = await endedRow(tables, clientId)
    await tables.outbox.delete(row.position)
  })
}

async function endedRow(tables: Tables, clientId: string): Promise<OutboxRow> {
  const row = await tables.outbox.get({ clientId })
  if (row && (row.state === 'failed' || row.state === 'unknown')) return row
  throw new ApiFailure(
    row ? 'conflict' : 'not_found',
    row ? `The change ${clientId} is still being sent.` : `There is no change ${clientId} in the outbox.`,
  )
}
