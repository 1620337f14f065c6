import { MessageBody } from '@inlet/protocol/messages-api'
import type { Http } from './http.ts'
import type { MirrorDb } from './tables.ts'
import { transact } from './transact.ts'

export const BODIES_MAX = 500
export const BODIES_MAX_BYTES = 50 * 1024 * 1024
/** A larger one is shown and not kept. */
export const BODY_MAX_BYTES = 5 * 1024 * 1024

/** From the cache, or from the server into the cache. Rejects with ApiFailure. */
export async function loadBody(
  db: MirrorDb,
  http: Http,
  messageId: string,
  { now, signal }: { now: () => number; signal: AbortSignal },
): Promise<MessageBody> {
  const cached = await db.bodies.get(messageId)
  if (cached) {
    // Not awaited: a reader does not wait for the cache's bookkeeping, nor fails with it.
    db.bodies.update(messageId, { usedAt: now() }).catch(() => {})
    return cached.body
  }
  const body = await http.request({
    path: `/api/messages/${encodeURIComponent(messageId)}/body`,
    schema: MessageBody,
    signal,
    // The server may have to fetch it from the provider first.
    timeoutMs: 30_000,
  })
  if (!signal.aborted) await keepBody(db, body, now()).catch(() => {})
  return body
}

/** Stores a body of a message that is (still) mirrored, and drops the least recently used beyond the bounds. */
export function keepBody(db: MirrorDb, body: MessageBody, now: number): Promise<void> {
  return transact(db, ['bodies', 'messages'], async tables => {
    const bytes = 2 * ((body.html?.length ?? 0) + (body.text?.length ?? 0))
    if (bytes > BODY_MAX_BYTES || !(await tables.messages.get(body.id))) return
    await tables.bodies.put({ id: body.id, body, bytes, usedAt: now })
    const order = tables.bodies.orderBy('[usedAt+bytes]').reverse()
    const weights = (await order.keys()) as unknown as [usedAt: number, bytes: number][]
    const ids = await tables.bodies.orderBy('[usedAt+bytes]').reverse().primaryKeys()
    let total = 0
    const kept = weights.findIndex(([, size], i) => {
      total += size
      return i >= BODIES_MAX || total > BODIES_MAX_BYTES
    })
    if (kept >= 0) await tables.bodies.bulkDelete(ids.slice(kept))
  })
}
