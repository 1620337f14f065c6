import type { ChangesPage } from '@inlet/protocol/changes'
import type { Seq } from '@inlet/protocol/seq'
import { ApiFailure } from './api-failure.ts'
import type { Http } from './http.ts'
import { type Applied, applyPage } from './mirror.ts'
import type { MirrorDb } from './tables.ts'
import { pullAfter } from './transport-poll.ts'
import type { WriteQueue } from './write-queue.ts'

export interface FollowContext {
  db: MirrorDb
  http: Http
  now(): number
  queue: WriteQueue
  epoch: string
  onApplied(applied: { cursor: Seq; head: Seq }): void
}

/** The mirror was reset or deleted while this was under way: there is nothing to follow for. */
export class Fenced extends Error {
  override readonly name = 'Fenced'
}

/** Stores a page that was handed to us. Rejects with Fenced. */
export async function take(
  context: FollowContext,
  page: ChangesPage,
): Promise<Exclude<Applied, { kind: 'fenced' }>> {
  const { db, epoch, queue, now, onApplied } = context
  const applied = await queue.live(() => applyPage(db, epoch, page, now()))
  if (applied.kind === 'fenced') throw new Fenced('The mirror was reset while a page was under way.')
  onApplied({ cursor: applied.cursor, head: page.head })
  return applied
}

/**
 * Pulls page after page until nothing is left. `changed` if any brought something new.
 * Rejects with ApiFailure (`invalid_cursor` too when the server's head lies behind our cursor), Fenced, or the
 * database's error.
 */
export async function catchUp(
  context: FollowContext,
  from: Seq,
  signal: AbortSignal,
): Promise<{ changed: boolean }> {
  let cursor = from
  let changed = false
  while (true) {
    const page = await pullAfter(context.http, cursor, signal)
    if (page.head < cursor)
      throw new ApiFailure(
        'invalid_cursor',
        `The server's feed ends at ${page.head}, this mirror is at ${cursor}.`,
      )
    const applied = await take(context, page)
    changed ||= applied.kind === 'applied'
    if (!page.more) return { changed }
    if (page.next <= cursor)
      throw new ApiFailure(
        'malformed',
        `A page after ${cursor} says there is more and leads to ${page.next}.`,
      )
    cursor = Math.max(page.next, applied.cursor)
  }
}
