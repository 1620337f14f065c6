import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, ListedPage, Listing } from '@inlet/sync/provider-port'
import type { GmailClient } from './client.ts'
import { type KnownLabels, listLabels } from './labels.ts'

const ALL = 'all'
const LABEL = 'label:'
const PAGE_SIZE = 500

/**
 * Every message (spam and trash too), then one listing a label: what a label's listing holds proves who carries it,
 * which the first listing, ids only, cannot. Chat messages are not mail.
 */
export async function listings(
  client: GmailClient,
  known: KnownLabels,
  conn: Connection,
  signal: AbortSignal,
): Promise<Listing[]> {
  const labels = await listLabels(client, known, conn, signal)
  const carried = labels.filter(label => label.id !== 'CHAT')
  return [
    { name: ALL, labelId: null, counted: true },
    ...carried.map(({ id }) => ({ name: LABEL + id, labelId: id, counted: false })),
  ]
}

/** Gmail lists newest first. The position is its page token; one that it no longer knows throws `cursor_expired`. */
export async function listPage(
  client: GmailClient,
  conn: Connection,
  listing: string,
  position: string | null,
  signal: AbortSignal,
): Promise<ListedPage> {
  if (listing !== ALL && !listing.startsWith(LABEL))
    throw new ProviderError('permanent', `Gmail has no listing "${listing}". Ask listings() which there are.`)
  try {
    const page = await client.call(
      conn,
      { method: 'messages.list', action: 'list the messages', priority: 'backfill', signal },
      (gmail, options) =>
        gmail.users.messages.list(
          {
            userId: 'me',
            includeSpamTrash: true,
            maxResults: PAGE_SIZE,
            ...(listing !== ALL && { labelIds: [listing.slice(LABEL.length)] }),
            ...(position !== null && { pageToken: position }),
          },
          options,
        ),
    )
    const ids = (page.messages ?? [])
      .map(message => message.id)
      .filter((id): id is string => typeof id === 'string' && id !== '')
    const next = page.nextPageToken || null
    if (next !== null && next === position)
      throw new ProviderError(
        'cursor_expired',
        'Gmail answered the same page of the listing twice; the walk begins again.',
      )
    // resultSizeEstimate is no more than its name says (often 201 for thousands): only good where nothing better is known.
    const total =
      listing === ALL
        ? await messagesTotal(client, conn, position, signal)
        : (page.resultSizeEstimate ?? null)
    return { items: ids.map(id => ({ id, message: null })), next, total }
  } catch (error) {
    if (
      position !== null &&
      error instanceof ProviderError &&
      (error.kind === 'permanent' || error.kind === 'not_found')
    )
      throw new ProviderError(
        'cursor_expired',
        `Gmail no longer knows this position in its listing: ${error.message}`,
      )
    if (listing !== ALL && (await isGone(client, conn, listing.slice(LABEL.length), error, signal)))
      return { items: [], next: null, total: 0 }
    throw error
  }
}

/** A label that was deleted while its listing waited its turn is refused for ever; nobody carries it any more. */
async function isGone(
  client: GmailClient,
  conn: Connection,
  id: string,
  refusal: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(refusal instanceof ProviderError && (refusal.kind === 'permanent' || refusal.kind === 'not_found')))
    return false
  try {
    await client.call(
      conn,
      { method: 'labels.get', action: 'look for a label', priority: 'backfill', signal },
      (gmail, options) => gmail.users.labels.get({ userId: 'me', id }, options),
    )
    return false
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'not_found') return true
    throw error
  }
}

async function messagesTotal(
  client: GmailClient,
  conn: Connection,
  position: string | null,
  signal: AbortSignal,
): Promise<number | null> {
  if (position !== null) return null
  return (await profile(client, conn, signal)).messagesTotal ?? null
}

export async function profile(client: GmailClient, conn: Connection, signal: AbortSignal) {
  return await client.call(
    conn,
    { method: 'getProfile', action: 'read the profile', priority: 'live', signal },
    (gmail, options) => gmail.users.getProfile({ userId: 'me' }, options),
  )
}

/** `messagesTotal` of the profile, and the unread ones by their label. */
export async function counts(
  client: GmailClient,
  conn: Connection,
  signal: AbortSignal,
): Promise<{ messages: number; unread: number | null }> {
  const { messagesTotal } = await profile(client, conn, signal)
  if (typeof messagesTotal !== 'number')
    throw new ProviderError('transient', 'Gmail answered a profile without messagesTotal.')
  const unread = await client.call(
    conn,
    { method: 'labels.get', action: 'count the unread messages', priority: 'live', signal },
    (gmail, options) => gmail.users.labels.get({ userId: 'me', id: 'UNREAD' }, options),
  )
  return { messages: messagesTotal, unread: unread.messagesTotal ?? null }
}
