import { ChangeKind, ChangesPage, FILL_START, FillPage } from '@inlet/protocol/changes'
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

/** So few that a walk near its limit overshoots little, so many that it does not end in many small pages. */
const FILL_PAGE_MIN = 50
/** A few screens of mail, for a list that can be used at once. */
const FILL_PAGE_FIRST = 160

/**
 * Has the checks of fill rows made ready while the first page is under way: what they cost the first time (tens of
 * milliseconds) would otherwise come between the page's arrival and the first list. The rows are not valid, on purpose.
 */
export function prepareFill(): void {
  const row = { status: {}, progress: {}, proof: {}, from: {}, to: [{}], cc: [{}], participants: [{}] }
  const changes = ChangeKind.options.map(kind => ({ kind, op: 'upsert', row }))
  FillPage.safeParse({ changes })
}

/** One page of the fill, from 'start' or where the last one ended; `left` messages are wanted. Rejects with ApiFailure. */
export function pullFill(http: Http, before: string, left: number, signal: AbortSignal): Promise<FillPage> {
  const page = before === FILL_START ? FILL_PAGE_FIRST : FILL_PAGE
  const limit = Math.max(FILL_PAGE_MIN, Math.min(page, left))
  return http.request({
    path: `/api/changes?before=${encodeURIComponent(before)}&limit=${limit}`,
    schema: FillPage,
    signal,
    // The first page may wait for a cold server and a sort of the whole mailbox.
    timeoutMs: 30_000,
  })
}
