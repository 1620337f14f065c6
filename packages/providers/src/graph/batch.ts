import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection } from '@inlet/sync/provider-port'
import type { Call, GraphClient } from './client.ts'
import { type Failure, failureOf, list, record, text, toProviderError } from './errors.ts'
import { IMMUTABLE_IDS } from './transport.ts'

/** Graph's own bound on one batch. */
export const BATCH_MAX = 20

export type Part = { method: 'GET' | 'POST' | 'PATCH'; path: string; body?: unknown; prefer?: string }
export type PartResult =
  | { ok: true; body: unknown }
  /** `error` is what the failure means for this one part. */
  | { ok: false; failure: Failure; error: ProviderError }

/**
 * Up to 20 requests in one, each answered on its own: the results stand in the order of the parts. A part refused as
 * too fast holds the account's pace for all of its Retry-After, and its error says until when. Throws only where the
 * batch as a whole fails.
 */
export async function sendBatch(
  client: GraphClient,
  conn: Connection,
  call: Call,
  parts: readonly Part[],
): Promise<PartResult[]> {
  const requests = parts.map(({ method, path, body, prefer }, at) => ({
    id: String(at + 1),
    method,
    url: path,
    headers: {
      // Headers of the batch do not count for its parts.
      Prefer: prefer === undefined ? IMMUTABLE_IDS : `${IMMUTABLE_IDS}, ${prefer}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  }))
  const results = new Map<string, PartResult>()
  const { retryAt } = await client.callMany(
    conn,
    { ...call, requests: parts.length },
    { method: 'POST', path: '/$batch', body: { requests } },
    answer => {
      const now = client.world.now()
      let refused: number | null | undefined
      for (const given of list(record(answer.body).responses)) {
        const { id, result } = readPart(given, call.action, now)
        results.set(id, result)
        if (!result.ok && result.error.kind === 'rate_limited')
          refused = Math.max(refused ?? 0, result.error.retryAt ?? 0) || null
      }
      return refused
    },
  )
  return parts.map((_, at) => {
    const result = results.get(String(at + 1)) ?? unanswered(call.action, client.world.now())
    if (result.ok || result.error.kind !== 'rate_limited' || retryAt === null) return result
    const { message, cause } = result.error
    return { ...result, error: new ProviderError('rate_limited', message, { cause, retryAt }) }
  })
}

function readPart(given: unknown, action: string, now: number): { id: string; result: PartResult } {
  const { id, status, body, headers } = record(given)
  const code = typeof status === 'number' ? status : 0
  if (code >= 200 && code < 300) return { id: text(id), result: { ok: true, body } }
  const retryAfter = Object.entries(record(headers)).find(([name]) => name.toLowerCase() === 'retry-after')
  const failure = failureOf(code, body, retryAfter ? String(retryAfter[1]) : null)
  return { id: text(id), result: { ok: false, failure, error: toProviderError(failure, action, now) } }
}

/** Graph owes an answer for each part; one without is as good as a gateway that gave none. */
function unanswered(action: string, now: number): PartResult {
  const failure = failureOf(502, { error: { code: 'NoAnswer' } }, null)
  return { ok: false, failure, error: toProviderError(failure, action, now) }
}

/** A message's or folder's id as a segment of a path. Exchange's ids are base64url and padded. */
export const segment = (id: string): string => encodeURIComponent(id).replaceAll('%3D', '=')
