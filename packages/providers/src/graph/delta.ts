import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection } from '@inlet/sync/provider-port'
import type { Call, GraphClient } from './client.ts'
import { list, record, text } from './errors.ts'
import { pathOfLink } from './links.ts'

export type DeltaPage = {
  items: Record<string, unknown>[]
  /** Where the next round begins, as a path; null while the round goes on. */
  end: string | null
  /** Epoch ms at which the answer was here. */
  arrivedAt: number
}

/** Pages of one round, and pages without items in a row, before we stop asking: a round that never ends is no answer. */
const PAGES_MAX = 20_000
const EMPTY_MAX = 200

/**
 * One round of a delta from `path`, page by page: a page may be empty and have successors all the same, and only the
 * last one has an end. The options of the first request are part of the links; how many items a page holds is asked
 * for each time.
 */
export async function* deltaRound(
  client: GraphClient,
  conn: Connection,
  call: Call,
  path: string,
  pageSize: number,
): AsyncGenerator<DeltaPage> {
  let next = path
  let empty = 0
  for (let page = 0; page < PAGES_MAX && empty < EMPTY_MAX; page++) {
    const answer = await client.call(conn, call, {
      method: 'GET',
      path: next,
      prefer: `odata.maxpagesize=${pageSize}`,
    })
    const arrivedAt = client.world.now()
    const body = record(answer.body)
    const items = list(body.value).map(record)
    const onwards = text(body['@odata.nextLink'])
    const end = text(body['@odata.deltaLink'])
    if (!onwards && !end)
      throw new ProviderError('transient', 'Outlook answered a page of changes that leads nowhere.')
    if (!onwards) {
      yield { items, end: pathOfLink(client.settings, end), arrivedAt }
      return
    }
    const path = pathOfLink(client.settings, onwards)
    if (path === next && items.length === 0)
      throw new ProviderError('transient', 'Outlook answers the same page of changes again and again.')
    yield { items, end: null, arrivedAt }
    empty = items.length === 0 ? empty + 1 : 0
    next = path
  }
  throw new ProviderError(
    'transient',
    'Outlook tells of changes without end; the pull starts anew from its cursor.',
  )
}

const WALKS_MAX = 3

/**
 * A whole round from the beginning has no cursor that could be too old: where one of its links dies on the way, it
 * begins again.
 */
export async function wholeRound<T>(walk: () => Promise<T>): Promise<T> {
  for (let walks = 1; ; walks++) {
    try {
      return await walk()
    } catch (error) {
      if (!(error instanceof ProviderError && error.kind === 'cursor_expired')) throw error
      if (walks >= WALKS_MAX) throw new ProviderError('transient', error.message, { cause: error.cause })
    }
  }
}
