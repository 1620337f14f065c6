import { FILL_START, type FillPage } from '@inlet/protocol/changes'
import { ApiFailure } from './api-failure.ts'
import { backoff, RETRY } from './backoff.ts'
import { fillChunks } from './fill-chunks.ts'
import type { Http } from './http.ts'
import { meaningOf } from './loss.ts'
import { applyFillChunk } from './mirror.ts'
import { sleep } from './sleep.ts'
import type { FeedMeta, MirrorDb } from './tables.ts'
import { transact } from './transact.ts'
import { pullFill } from './transport-poll.ts'
import type { World } from './world.ts'
import type { WriteQueue } from './write-queue.ts'

export interface FillContext {
  db: MirrorDb
  http: Http
  world: Pick<World, 'now' | 'random' | 'setTimer'>
  queue: WriteQueue
  /** Messages. */
  limit: number
  ahead: Ahead
}

/** A page that was asked for before its turn, and the position it was asked for with. */
export interface Ahead {
  asked: string | null
  page: Promise<FillPage>
}

export const nothingAhead = (): Ahead => ({ asked: null, page: new Promise(() => {}) })

/** Asks for a page that will be wanted soon. */
export function askAhead(
  { ahead, http, limit }: Pick<FillContext, 'ahead' | 'http' | 'limit'>,
  position: string,
  done: number,
  signal: AbortSignal,
): void {
  const page = pullFill(http, position, limit - done, signal)
  // One that failed, perhaps long before its turn, is asked for again then.
  page.catch(() => {
    if (ahead.page === page) ahead.asked = null
  })
  Object.assign(ahead, { asked: position, page })
}

/**
 * Fetches one page of the walk down and stores it with the walk's position, while the next is under way. Null if the
 * mirror was reset meanwhile or the walk is over. Rejects with ApiFailure, or with the database's error.
 */
export async function fillPage(
  context: FillContext,
  epoch: string,
  signal: AbortSignal,
): Promise<FeedMeta | null> {
  const { db, http, world, queue, limit, ahead } = context
  const feed = await db.meta.get('feed')
  const asked = feed?.fill.position
  if (feed?.epoch !== epoch || asked === null || asked === undefined) return null
  const mine = ahead.asked === asked ? ahead.page : pullFill(http, asked, limit - feed.fill.done, signal)
  ahead.asked = null
  const page = await mine
  const done = feed.fill.done + page.changes.filter(({ kind }) => kind === 'message').length
  // Not before the first page is stored: nothing may hold that up.
  if (asked !== FILL_START && page.next !== null && done < limit && !signal.aborted)
    askAhead(context, page.next, done, signal)
  let stored: FeedMeta | null = null
  for (const chunk of fillChunks(page, asked)) {
    if (signal.aborted) return null
    stored = await queue.filling(() =>
      applyFillChunk(db, epoch, { ...chunk, page, asked, limit }, world.now()),
    )
    if (!stored) return null
  }
  return stored
}

/**
 * Walks to the end or to the limit, from wherever the last walk stopped (another tab, before a reload), and keeps
 * trying through failures: mail goes on arriving meanwhile, only history waits. Ends when aborted or signed out.
 */
export async function walk(
  context: FillContext,
  epoch: string,
  signal: AbortSignal,
  onProgress: (feed: FeedMeta) => void,
): Promise<'over' | 'signed_out'> {
  let failures = 0
  while (!signal.aborted) {
    try {
      const feed = await fillPage(context, epoch, signal)
      if (!feed) {
        // Another tab's last chunk may have moved the position under this page: then go on from there.
        const now = await context.db.meta.get('feed')
        if (now?.epoch !== epoch || now.fill.position === null) return 'over'
        continue
      }
      failures = 0
      onProgress(feed)
    } catch (error) {
      const meaning = error instanceof ApiFailure ? meaningOf(error) : null
      if (meaning?.kind === 'signed_out') return 'signed_out'
      if (signal.aborted) return 'over'
      // The position is of no use to the server any more. Beginning again costs time and changes no row (I4).
      if (meaning?.kind === 'too_old') await restartWalk(context.db, epoch)
      const floor = meaning?.kind === 'lost' ? meaning.retryAfterMs : null
      await sleep(context.world, backoff(RETRY, failures++, context.world.random(), floor), signal)
    }
  }
  return 'over'
}

/** How many messages the walk will store: the accounts' own proofs, up to the limit. Null while one has none. */
export async function fillTotal(db: MirrorDb, limit: number): Promise<number | null> {
  const accounts = await db.accounts.toArray()
  if (accounts.length === 0 || accounts.some(account => account.proof === null)) return null
  return Math.min(
    limit,
    accounts.reduce((sum, account) => sum + (account.proof?.stored ?? 0), 0),
  )
}

function restartWalk(db: MirrorDb, epoch: string): Promise<void> {
  return transact(db, ['meta'], async tables => {
    const feed = await tables.meta.get('feed')
    if (feed?.epoch !== epoch || feed.fill.position === null) return
    await tables.meta.put({ ...feed, fill: { ...feed.fill, position: FILL_START, done: 0 } })
  })
}
