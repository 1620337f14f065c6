import { ChangesPage, FILL_START, FillPage } from '@inlet/protocol/changes'
import type { Seq } from '@inlet/protocol/seq'
import type { Http } from './http.ts'

/** Largest page the server gives (see ChangesQuery). Half of it keeps one IndexedDB transaction under 0.1 s. */
export const FOLLOW_PAGE = 500
export const FILL_PAGE = 500

/** One page of what came after the cursor. Rejects with ApiFailure. */
export function pullAfter(http: Http, after: Seq, signal: AbortSignal): Promise<ChangesPage> {
  return http.request({
    path: `/api/changes?after=${after}&limit=${FOLLOW_PAGE}`,
    schema: ChangesPage,
    signal,
  })
}

/** One page of the fill, from 'start' or where the last one ended. Rejects with ApiFailure. */
export function pullFill(http: Http, before: string, signal: AbortSignal): Promise<FillPage> {
  return http.request({
    path: `/api/changes?before=${encodeURIComponent(before || FILL_START)}&limit=${FILL_PAGE}`,
    schema: FillPage,
    signal,
    // The first page may wait for a cold server and a sort of the whole mailbox.
    timeoutMs: 30_000,
  })
}
