import type { Connection } from '@inlet/sync/provider-port'
import { CLIENT_ID_HEADER } from '../send-memory.ts'
import type { GraphClient } from './client.ts'
import { CLIENT_ID_PROPERTY } from './compose.ts'
import { list, record, text } from './errors.ts'
import type { Folders } from './folders.ts'
import { headerOf } from './message.ts'

export type Trace = { token: string; messageId: string }
export type Copy = { id: string; threadId: string; folder: string; draft: boolean }

/** How far back a sent copy is looked for: a retry follows within minutes, a restart within the day. */
const SENT_SCAN = 20

/**
 * What earlier attempts have left: the sent copy, and the draft that was not sent yet. By Message-ID; where Exchange
 * put its own in its place, by our property or header on the newest sent messages.
 */
export async function findCopies(
  client: GraphClient,
  folders: Folders,
  conn: Connection,
  trace: Trace,
  signal: AbortSignal,
): Promise<{ sent: string | null; draft: string | null }> {
  const known = await folders.wellKnown(conn, 'interactive', signal)
  const copies = await search(client, conn, 'internetMessageId', trace.messageId, signal)
  const sent = copies.filter(copy => !copy.draft)
  // Mail to oneself is in the inbox too.
  const filed = sent.find(copy => copy.folder === known.get('sentitems')) ?? sent[0]
  if (filed) return { sent: filed.id, draft: null }
  const scanned = await scanSent(client, conn, trace, signal)
  const draft = copies.find(copy => copy.draft && copy.folder !== known.get('deleteditems'))
  return { sent: scanned, draft: scanned === null ? (draft?.id ?? null) : null }
}

export async function search(
  client: GraphClient,
  conn: Connection,
  property: 'internetMessageId' | 'conversationId',
  value: string,
  signal: AbortSignal,
): Promise<Copy[]> {
  const filter = encodeURIComponent(`${property} eq '${value.replaceAll("'", "''")}'`)
  const { body } = await client.call(
    conn,
    { action: 'look for an earlier message', priority: 'interactive', signal },
    {
      method: 'GET',
      path: `/me/messages?$top=10&$select=id,conversationId,parentFolderId,isDraft&$filter=${filter}`,
    },
  )
  return list(record(body).value)
    .map(record)
    .map(each => ({
      id: text(each.id),
      threadId: text(each.conversationId),
      folder: text(each.parentFolderId),
      draft: each.isDraft === true,
    }))
    .filter(each => each.id !== '')
}

async function scanSent(
  client: GraphClient,
  conn: Connection,
  { token }: Trace,
  signal: AbortSignal,
): Promise<string | null> {
  const property = encodeURIComponent(`id eq '${CLIENT_ID_PROPERTY}'`)
  const { body } = await client.call(
    conn,
    { action: 'look for an earlier send', priority: 'interactive', signal },
    {
      method: 'GET',
      path: `/me/mailFolders/sentitems/messages?$top=${SENT_SCAN}&$orderby=receivedDateTime%20desc&$select=id,internetMessageHeaders&$expand=singleValueExtendedProperties($filter=${property})`,
    },
  )
  for (const copy of list(record(body).value).map(record)) {
    const own = list(copy.singleValueExtendedProperties).some(each => text(record(each).value) === token)
    if (own || headerOf(copy, CLIENT_ID_HEADER.toLowerCase()).trim() === token) return text(copy.id)
  }
  return null
}
