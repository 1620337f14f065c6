import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, ListedPage, Listing } from '@inlet/sync/provider-port'
import { segment } from './batch.ts'
import type { GraphClient } from './client.ts'
import { list, record, text } from './errors.ts'
import { FOLDERS, type Folders, readAllTotals, readTotals, type Totals } from './folders.ts'
import { isListPath, pathOfLink } from './links.ts'
import { stateQuery, toPulledMessage } from './message.ts'

const ALL = 'all'
const PAGE_SIZE = 50

/** What a folder holds is one set, and everything in it carries the folder's label. */
export function listings(resource: string): Listing[] {
  return resource === FOLDERS ? [] : [{ name: ALL, labelId: resource, counted: true }]
}

/**
 * One page of a folder, newest first, with the messages' whole states. Graph's own links count from the newest
 * message, so that mail which comes or goes during a walk would shift the pages: a message repeated, or left out. A
 * position is therefore the second at which the page ended, and how many of that second were had: only what comes or
 * goes with that very second can still shift it.
 */
export async function listPage(
  client: GraphClient,
  conn: Connection,
  resource: string,
  listing: string,
  position: string | null,
  signal: AbortSignal,
): Promise<ListedPage> {
  if (listing !== ALL || resource === FOLDERS)
    throw new ProviderError(
      'permanent',
      `Outlook has no listing "${listing}". Ask listings() which there are.`,
    )
  try {
    const { page, askedAt } = await readPage(client, conn, resource, position, signal)
    const items = list(page.value)
      .map(record)
      .filter(item => text(item.id))
    const link = text(page['@odata.nextLink'])
    const next = link ? (positionAfter(items, position) ?? pathOfLink(client.settings, link)) : null
    if (next !== null && next === position)
      throw new ProviderError(
        'cursor_expired',
        'Outlook answered the same page of the listing twice; the walk begins again.',
      )
    const total =
      position === null ? (await readTotals(client, conn, resource, 'backfill', signal)).messages : null
    return {
      items: items.map(item => {
        const id = text(item.id)
        const whole = item.parentFolderId !== undefined
        return { id, message: whole ? toPulledMessage(id, item, askedAt, { bodies: true }) : null }
      }),
      next,
      total,
    }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    if (error.kind === 'not_found') return { items: [], next: null, total: 0 }
    if (position !== null && error.kind === 'permanent' && !isKeyed(position))
      throw new ProviderError('cursor_expired', `Outlook no longer knows this position: ${error.message}`)
    throw error
  }
}

/**
 * The messages' whole states, or, where Outlook cannot give them all in one answer, the ids alone: one message that is
 * too large or broken is found out by fetching, and holds up no walk.
 */
async function readPage(
  client: GraphClient,
  conn: Connection,
  resource: string,
  position: string | null,
  signal: AbortSignal,
): Promise<{ page: Record<string, unknown>; askedAt: number }> {
  const ask = async (select: string, timeoutMs: number) => {
    const askedAt = client.world.now()
    const { body } = await client.call(
      conn,
      { action: 'list the messages', priority: 'backfill', signal, timeoutMs },
      { method: 'GET', path: pathOf(resource, position, select), prefer: `odata.maxpagesize=${PAGE_SIZE}` },
    )
    return { page: record(body), askedAt }
  }
  const { timeoutMs } = client.settings
  try {
    return await ask(stateQuery({ bodies: true, headers: false }), timeoutMs * 2)
  } catch (error) {
    if (!isHeavy(error)) throw error
    return await ask('$select=id,receivedDateTime', timeoutMs)
  }
}

function isHeavy(error: unknown): boolean {
  if (!(error instanceof ProviderError)) return false
  const { status, code } = record(error.cause)
  const broken = typeof status === 'number' && status >= 500 && error.kind === 'transient'
  return broken || ['too_large', 'bad_answer', 'TimeoutError'].includes(text(code))
}

const KEYED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\+(\d{1,7})$/
const isKeyed = (position: string): boolean => KEYED.test(position)

function pathOf(resource: string, position: string | null, select: string): string {
  const base = `/me/mailFolders/${segment(resource)}/messages?$top=${PAGE_SIZE}&$orderby=receivedDateTime%20desc&${select}`
  if (position === null) return base
  const [, second, had] = KEYED.exec(position) ?? []
  if (second !== undefined && had !== undefined) {
    // Mail is stored with fractions of the second that it is shown with.
    const until = new Date(Date.parse(second) + 1_000).toISOString().slice(0, 19)
    return `${base}&$filter=receivedDateTime%20lt%20${until}Z&$skip=${had}`
  }
  if (isListPath(position)) return position
  throw new ProviderError(
    'cursor_expired',
    `"${position.slice(0, 40)}" is no position in a listing of Outlook.`,
  )
}

/** null where the page has no readable end: then Graph's own link must do. */
function positionAfter(items: Record<string, unknown>[], position: string | null): string | null {
  const seconds = items.map(item => text(item.receivedDateTime))
  const last = seconds.at(-1) ?? ''
  if (!isKeyed(`${last}+0`)) return null
  const [, before, had] = KEYED.exec(position ?? '') ?? []
  const here = seconds.filter(second => second === last).length
  return `${last}+${before === last ? Number(had) + here : here}`
}

/** A folder's totals, or those of all that are part of the mailbox. */
export async function counts(
  client: GraphClient,
  folders: Folders,
  conn: Connection,
  resource: string | null,
  signal: AbortSignal,
): Promise<Totals> {
  if (resource === null) return await readAllTotals(client, folders, conn, 'live', signal)
  const nothing = { messages: 0, unread: 0 }
  if (resource === FOLDERS) return nothing
  return await readTotals(client, conn, resource, 'live', signal).catch((error: unknown) => {
    if (error instanceof ProviderError && error.kind === 'not_found') return nothing
    throw error
  })
}
