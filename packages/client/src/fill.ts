import { FILL_START } from '@inlet/protocol/changes'
import { ApiFailure } from './api-failure.ts'
import { backoff, RETRY } from './backoff.ts'
import type { Http } from './http.ts'
import { meaningOf } from './loss.ts'
import { applyFillChunk, FILL_CHUNK } from './mirror.ts'
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
}

/**
 * Fetches one page of the walk down and stores it with the walk's position. Null if the mirror was reset
 * meanwhile or the walk is over. Rejects with ApiFailure, or with the database's error.
 */
export async function fillPage(
  { db, http, world, queue, limit }: FillContext,
  epoch: string,
  signal: AbortSignal,
): Promise<FeedMeta | null> {
  const feed = await db.meta.get('feed')
  const asked = feed?.fill.position
  if (feed?.epoch !== epoch || asked === null || asked === undefined) return null
  const page = await pullFill(http, asked, limit - feed.fill.done, signal)
  let stored: FeedMeta | null = null
  let start = 0
  do {
    if (signal.aborted) return null
    const changes = page.changes.slice(start, start + FILL_CHUNK)
    start += FILL_CHUNK
    const chunk = { asked, changes, last: start >= page.changes.length, page, limit }
    stored = await queue.filling(() => applyFillChunk(db, epoch, chunk, world.now()))
  } while (stored && start < page.changes.length)
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
