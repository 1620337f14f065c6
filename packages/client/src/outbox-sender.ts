import { type MutationResult, MutationsResponse } from '@inlet/protocol/mutations'
import { ApiFailure } from './api-failure.ts'
import { backoff, RETRY } from './backoff.ts'
import type { Http } from './http.ts'
import { meaningOf } from './loss.ts'
import { settleOutbox } from './outbox-settle.ts'
import type { MirrorDb, OutboxRow } from './tables.ts'
import { type Tables, transact } from './transact.ts'
import type { World } from './world.ts'

/** As many as one request may carry (see MutationsRequest). */
const BATCH = 50
/** A done mutation is forgotten after this even if the feed never mentions its rows. */
export const SETTLE_MS = 60_000

export interface OutboxSender {
  /** Something may be there to send. Cheap; call it often. */
  kick(): void
  stop(): void
}

/**
 * Sends the outbox in order, one request at a time. Only the leading tab runs one. What the server refuses for
 * good fails alone; everything else is tried again with backoff, and the client id makes twice the same as once.
 */
export function createOutboxSender(options: {
  db: MirrorDb
  http: Http
  world: Pick<World, 'now' | 'random' | 'setTimer'>
  onSignedOut(): void
}): OutboxSender {
  const { db, http, world, onSignedOut } = options
  const aborter = new AbortController()
  let running = false
  let again = false
  let failures = 0
  let batchSize = BATCH
  let cancelTimer = () => {}

  function later(ms: number) {
    cancelTimer()
    cancelTimer = world.setTimer(() => void work(), ms)
  }

  async function work(): Promise<void> {
    if (aborter.signal.aborted) return
    if (running) {
      again = true
      return
    }
    running = true
    try {
      cancelTimer()
      do {
        again = false
        while (await sendBatch()) {}
      } while (again && !aborter.signal.aborted)
    } catch {
      // The database is closing or full. The next kick or timer tries again.
      if (!aborter.signal.aborted) later(backoff(RETRY, failures++, world.random()))
    } finally {
      running = false
    }
  }

  /** True if there may be more to do at once. */
  async function sendBatch(): Promise<boolean> {
    await transact(db, ['outbox', 'messages'], tables => settleOutbox(tables, world.now()))
    if (aborter.signal.aborted) return false
    const rows = await db.outbox.orderBy('position').toArray()
    if (aborter.signal.aborted) return false
    const queued = rows.filter(row => row.state === 'queued').slice(0, batchSize)
    // Nothing new: ask after those that the server has taken on.
    const batch =
      queued.length > 0 ? queued : rows.filter(row => row.state === 'accepted').slice(0, batchSize)
    if (batch.length === 0) {
      if (rows.some(row => row.state === 'done')) later(SETTLE_MS)
      return false
    }
    const outcome = await post(batch)
    if (outcome === 'stopped') return false
    if (outcome === 'refused') return splitOrFail(batch)
    if (outcome instanceof ApiFailure) {
      later(backoff(RETRY, failures++, world.random(), outcome.retryAfterMs))
      return false
    }
    await record(batch, outcome)
    batchSize = BATCH
    const states = new Map(outcome.map(result => [result.clientId, result.state]))
    const stateOf = (row: OutboxRow) => states.get(row.clientId)
    const moved = batch.some(
      row => stateOf(row) !== undefined && (stateOf(row) !== 'pending' || row.state === 'queued'),
    )
    if (moved) failures = 0
    // What was only taken on is not asked after at once.
    if (batch.some(row => stateOf(row) !== undefined && stateOf(row) !== 'pending')) return true
    if (moved && rows.filter(row => row.state === 'queued').length > batch.length) return true
    later(backoff(RETRY, failures++, world.random(), 1_000))
    return false
  }

  let refusal: ApiFailure | null = null

  async function post(
    batch: readonly OutboxRow[],
  ): Promise<MutationResult[] | 'stopped' | 'refused' | ApiFailure> {
    try {
      const { results } = await http.request({
        path: '/api/mutations',
        method: 'POST',
        body: { mutations: batch.map(({ clientId, body }) => ({ clientId, body })) },
        schema: MutationsResponse,
        signal: aborter.signal,
        // A send may carry 2 MB over a slow line, and wait for the provider.
        timeoutMs: 60_000,
      })
      return results
    } catch (error) {
      const failure = error instanceof ApiFailure ? error : new ApiFailure('internal', String(error))
      const meaning = meaningOf(failure)
      if (meaning.kind === 'signed_out') onSignedOut()
      if (meaning.kind === 'signed_out' || meaning.kind === 'aborted') return 'stopped'
      refusal = failure
      return isRefusal(failure) ? 'refused' : failure
    }
  }

  /** One bad mutation must not hold up its neighbours: each goes alone until the bad one has failed by name. */
  async function splitOrFail(batch: readonly OutboxRow[]): Promise<boolean> {
    const [only] = batch
    if (batch.length > 1 || !only) {
      batchSize = 1
      return true
    }
    const error = { code: refusal?.code ?? 'bad_request', message: refusal?.message ?? 'Refused.' }
    await db.outbox.update(only.position, { state: 'failed', error, attempts: only.attempts + 1 })
    return true
  }

  function record(batch: readonly OutboxRow[], results: readonly MutationResult[]) {
    return transact(db, ['outbox', 'messages'], async tables => {
      for (const row of batch) {
        const result = results.find(({ clientId }) => clientId === row.clientId)
        if (!result) continue
        const attempts = row.attempts + 1
        if (result.state === 'pending')
          await tables.outbox.update(row.position, { state: 'accepted', attempts })
        else if (result.state === 'done') await markDone(tables, row, attempts)
        else await tables.outbox.update(row.position, { state: result.state, attempts, error: result.error })
      }
      await settleOutbox(tables, world.now())
    })
  }

  async function markDone(tables: Tables, row: OutboxRow, attempts: number) {
    const messages = await tables.messages.bulkGet(Object.keys(row.patches))
    const seqsAtDone = Object.fromEntries(
      messages.flatMap(message => (message ? [[message.id, message.seq]] : [])),
    )
    const settleBy = world.now() + SETTLE_MS
    await tables.outbox.update(row.position, { state: 'done', attempts, seqsAtDone, settleBy })
  }

  return {
    kick: () => void work(),
    stop() {
      cancelTimer()
      aborter.abort()
    },
  }
}

/** The request as such was judged and will be judged the same way again. */
function isRefusal({ status, code }: ApiFailure): boolean {
  return (
    status >= 400 &&
    status < 500 &&
    code !== 'rate_limited' &&
    code !== 'timeout' &&
    code !== 'malformed' &&
    status !== 408
  )
}
