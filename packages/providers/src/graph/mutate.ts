import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, MutateOutcome, ProviderMutation } from '@inlet/sync/provider-port'
import type { SendMemory } from '../send-memory.ts'
import { BATCH_MAX, type Part, segment, sendBatch } from './batch.ts'
import type { Call, GraphClient } from './client.ts'
import { record, text } from './errors.ts'
import { type Folders, STARRED, type WellKnown } from './folders.ts'
import { saveDraft, sendMail } from './send.ts'

const TRIES = 3
const RETRY_BASE_MS = 200

type Place = { id: string; folder: string; draft: boolean; from: string }

/** A person's change. Flags and places are states, so repeating it is harmless; sends are traced by their client id. */
export async function mutate(
  client: GraphClient,
  folders: Folders,
  memory: SendMemory,
  conn: Connection,
  change: ProviderMutation,
  signal: AbortSignal,
): Promise<MutateOutcome> {
  const call = { action: 'change the messages', priority: 'interactive', signal } as const
  const set = (ids: string[], body: object) =>
    each(client, conn, call, ids, id => ({ method: 'PATCH', path: `/me/messages/${segment(id)}`, body }))
  const flag = (starred: boolean) => ({ flag: { flagStatus: starred ? 'flagged' : 'notFlagged' } })
  const known = () => folders.wellKnown(conn, 'interactive', signal)
  switch (change.type) {
    case 'send':
      return await sendMail(client, folders, memory, conn, change, signal)
    case 'draft':
      return await saveDraft(client, folders, memory, conn, change, signal)
    case 'read':
      await set(change.messageIds, { isRead: change.read })
      break
    case 'star':
      await set(change.messageIds, flag(change.starred))
      break
    case 'archive': {
      // As everywhere in Inlet, archiving takes out of the inbox: what was filed elsewhere stays there.
      const inbox = (await known()).get('inbox')
      await moveSome(client, conn, call, change.messageIds, ({ folder }) =>
        folder === inbox ? 'archive' : null,
      )
      break
    }
    case 'trash':
      await moveAll(client, conn, call, change.messageIds, 'deleteditems')
      break
    case 'untrash': {
      const trash = (await known()).get('deleteditems')
      await moveSome(client, conn, call, change.messageIds, place =>
        place.folder === trash ? homeOf(place, conn) : null,
      )
      break
    }
    case 'labels': {
      const { messageIds, add, remove } = change
      if (add.includes(STARRED)) await set(messageIds, flag(true))
      else if (remove.includes(STARRED)) await set(messageIds, flag(false))
      const to = add.findLast(label => label !== STARRED)
      const from = remove.filter(label => label !== STARRED && label !== to)
      if (to !== undefined) await moveAll(client, conn, call, messageIds, to)
      else if (from.length > 0) {
        const roles = await known()
        const isBin = (folder: string) =>
          folder === roles.get('deleteditems') || folder === roles.get('junkemail')
        // A message must be somewhere: out of a bin it goes home, out of anywhere else into the archive.
        await moveSome(client, conn, call, messageIds, place =>
          !from.includes(place.folder) ? null : isBin(place.folder) ? homeOf(place, conn) : 'archive',
        )
      }
    }
  }
  return { state: 'done', messageId: null }
}

/** Where a message belongs by what it is. */
function homeOf({ draft, from }: Place, conn: Connection): WellKnown {
  if (draft) return 'drafts'
  return from.toLowerCase() === conn.email.toLowerCase() ? 'sentitems' : 'inbox'
}

const moving = (id: string, destinationId: string): Part => ({
  method: 'POST',
  path: `/me/messages/${segment(id)}/move`,
  body: { destinationId },
})

async function moveAll(
  client: GraphClient,
  conn: Connection,
  call: Call,
  ids: string[],
  to: string,
): Promise<void> {
  try {
    await each(client, conn, call, ids, id => moving(id, to))
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'not_found')
      await refuseMissing(client, conn, call, to)
    throw error
  }
}

/** 404 is said of the message and of the folder alike. */
async function refuseMissing(
  client: GraphClient,
  conn: Connection,
  call: Call,
  folder: string,
): Promise<void> {
  const request = { method: 'GET', path: `/me/mailFolders/${segment(folder)}?$select=id` } as const
  await client.call(conn, call, request).catch((error: unknown) => {
    if (error instanceof ProviderError && error.kind === 'not_found')
      throw new ProviderError('permanent', 'The folder is no longer there. Choose another one.')
    throw error
  })
}

/** Moves by where each message is now; null: it stays. */
async function moveSome(
  client: GraphClient,
  conn: Connection,
  call: Call,
  ids: string[],
  whereTo: (place: Place) => string | null,
): Promise<void> {
  const read = await each(client, conn, call, ids, id => ({
    method: 'GET',
    path: `/me/messages/${segment(id)}?$select=parentFolderId,isDraft,from`,
  }))
  const targets = new Map<string, string>()
  for (const [id, body] of read) {
    const { parentFolderId, isDraft, from } = record(body)
    const address = text(record(record(from).emailAddress).address)
    const to = whereTo({ id, folder: text(parentFolderId), draft: isDraft === true, from: address })
    if (to !== null) targets.set(id, to)
  }
  for (const to of new Set(targets.values())) {
    const some = [...targets.keys()].filter(id => targets.get(id) === to)
    await moveAll(client, conn, call, some, to)
  }
}

/**
 * One part a message, 20 at a time, repeated where Outlook failed for the moment. A message that is gone needs no
 * change; only if all are gone is that told.
 */
async function each(
  client: GraphClient,
  conn: Connection,
  call: Call,
  ids: string[],
  part: (id: string) => Part,
): Promise<Map<string, unknown>> {
  const done = new Map<string, unknown>()
  let missing: ProviderError | null = null
  let queue = [...new Set(ids)]
  for (let tries = 1; queue.length > 0; tries++) {
    const again: string[] = []
    for (let from = 0; from < queue.length; from += BATCH_MAX) {
      const some = queue.slice(from, from + BATCH_MAX)
      const results = await sendBatch(client, conn, call, some.map(part))
      let refusal: ProviderError | null = null
      for (const [at, id] of some.entries()) {
        const result = results[at]
        if (result?.ok) done.set(id, result.body)
        else if (result?.error.kind === 'not_found') missing = result.error
        else if (result?.error.kind === 'transient' && tries < TRIES) again.push(id)
        else refusal ??= result?.error ?? new ProviderError('transient', 'Outlook left out an answer.')
      }
      if (refusal) throw refusal
    }
    if (again.length > 0)
      await client.world.sleep(client.world.random() * RETRY_BASE_MS * 2 ** tries, call.signal)
    queue = again
  }
  if (done.size === 0 && missing) throw missing
  return done
}
