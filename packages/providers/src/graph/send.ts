import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, MutateOutcome, OutgoingMail, ProviderMutation } from '@inlet/sync/provider-port'
import { remember, type SendMemory, traceOf } from '../send-memory.ts'
import { segment } from './batch.ts'
import { AmbiguousEnd, type GraphClient } from './client.ts'
import { draftContent, draftTraces } from './compose.ts'
import { record, text } from './errors.ts'
import type { Folders } from './folders.ts'
import { findCopies, search, type Trace } from './traces.ts'

type Send = Extract<ProviderMutation, { type: 'draft' | 'send' }>

/**
 * Sends once for one client id: a draft that carries its traces is made (or found), then that draft is sent, and keeps
 * its immutable id. A draft can be sent only once, so an attempt that ended without an answer is judged by where the
 * draft is now; if it still is one, the outcome is `unknown`: the request may be on its way, so only a person (or a
 * later attempt, which finds the draft) decides to go on.
 */
export async function sendMail(
  client: GraphClient,
  folders: Folders,
  memory: SendMemory,
  conn: Connection,
  change: Send,
  signal: AbortSignal,
): Promise<MutateOutcome> {
  const { mail } = change
  if (mail.to.length + mail.cc.length + mail.bcc.length === 0)
    throw new ProviderError('permanent', 'The message has no recipient. Name at least one.')
  const trace = traceOf(conn.accountId, change.clientId, mail.from.email)
  return await memory.once(trace.token, async () => {
    const earlier = change.again === false ? null : await findCopies(client, folders, conn, trace, signal)
    if (earlier?.sent) return { state: 'done', messageId: earlier.sent }
    const id = await save(client, folders, memory, conn, change, trace, earlier?.draft ?? null, signal)
    const call = {
      action: 'send the message',
      priority: 'interactive',
      signal,
      once: true,
      empty: true,
    } as const
    try {
      const path = `/me/messages/${segment(id)}/send`
      await client.call(conn, { ...call, timeoutMs: client.settings.timeoutMs * 2 }, { method: 'POST', path })
      memory.draftIds.delete(trace.token)
      return { state: 'done', messageId: id }
    } catch (error) {
      const settled = error instanceof AmbiguousEnd || (error instanceof ProviderError && isGone(error))
      if (!settled) throw error
      const left = await hasLeft(client, conn, id, signal).catch(() => null)
      signal.throwIfAborted()
      if (left) return { state: 'done', messageId: id }
      if (!(error instanceof AmbiguousEnd)) throw error
      return {
        state: 'unknown',
        message: `Outlook gave no answer to the send (${error.failure.status ?? error.failure.code}), and the message is still among the drafts. It may yet go out: look before sending again.`,
      }
    }
  })
}

/** Refusals that may mean that the draft was sent in the meantime. */
function isGone(error: ProviderError): boolean {
  return error.kind === 'not_found' || /^ErrorInvalidOperation$/i.test(text(record(error.cause).code))
}

/** Is it no draft any more? Then it was sent, or is about to be, from the Outbox. */
async function hasLeft(
  client: GraphClient,
  conn: Connection,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { body } = await client.call(
    conn,
    { action: 'look for an earlier send', priority: 'interactive', signal },
    { method: 'GET', path: `/me/messages/${segment(id)}?$select=isDraft` },
  )
  return record(body).isDraft === false
}

/** One draft for one client id: made the first time, changed after that. */
export async function saveDraft(
  client: GraphClient,
  folders: Folders,
  memory: SendMemory,
  conn: Connection,
  change: Send,
  signal: AbortSignal,
): Promise<MutateOutcome> {
  const trace = traceOf(conn.accountId, change.clientId, change.mail.from.email)
  const found =
    change.again === false || memory.draftIds.has(trace.token)
      ? null
      : (await findCopies(client, folders, conn, trace, signal)).draft
  return {
    state: 'done',
    messageId: await save(client, folders, memory, conn, change, trace, found, signal),
  }
}

async function save(
  client: GraphClient,
  folders: Folders,
  memory: SendMemory,
  conn: Connection,
  { mail }: Send,
  trace: Trace,
  found: string | null,
  signal: AbortSignal,
): Promise<string> {
  const content = draftContent(mail)
  const call = { action: 'save the draft', priority: 'interactive', signal } as const
  const existing = found ?? memory.draftIds.get(trace.token)
  if (existing !== undefined) {
    try {
      const path = `/me/messages/${segment(existing)}`
      await client.call(conn, call, { method: 'PATCH', path, body: content })
      remember(memory.draftIds, trace.token, existing)
      return existing
    } catch (error) {
      if (!(error instanceof ProviderError && isGone(error))) throw error
      memory.draftIds.delete(trace.token)
    }
  }
  try {
    const id = await create(client, conn, mail, { ...content, ...draftTraces(trace) }, signal)
    remember(memory.draftIds, trace.token, id)
    return id
  } catch (error) {
    if (!(error instanceof AmbiguousEnd)) throw error
    const made = (await findCopies(client, folders, conn, trace, signal)).draft
    if (made !== null) return made
    // A draft too many is not a mail too many, and the next attempt looks for this one first.
    throw new ProviderError('transient', `Outlook gave no answer to saving the draft. ${error.message}`)
  }
}

/** An answer is made from what it answers: Exchange then keeps it in the conversation and sets its threading headers. */
async function create(
  client: GraphClient,
  conn: Connection,
  mail: OutgoingMail,
  message: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string> {
  const call = { action: 'save the draft', priority: 'interactive', signal, once: true } as const
  const answered = await findAnswered(client, conn, mail, signal)
  const { body } = await client.call(
    conn,
    call,
    answered === null
      ? { method: 'POST', path: '/me/messages', body: message }
      : { method: 'POST', path: `/me/messages/${segment(answered)}/createReply`, body: { message } },
  )
  const id = text(record(body).id)
  if (!id) throw new ProviderError('transient', 'Outlook answered a draft without an id.')
  return id
}

/** The message that is answered, if this mailbox has it: by its Message-ID, else any of the conversation. */
async function findAnswered(
  client: GraphClient,
  conn: Connection,
  { inReplyTo, threadId }: OutgoingMail,
  signal: AbortSignal,
): Promise<string | null> {
  const found = inReplyTo === null ? [] : await search(client, conn, 'internetMessageId', inReplyTo, signal)
  const best = found.find(each => each.threadId === threadId) ?? found[0]
  if (best && (threadId === null || best.threadId === threadId)) return best.id
  const others = threadId === null ? [] : await search(client, conn, 'conversationId', threadId, signal)
  return (others.find(each => !each.draft) ?? best ?? null)?.id ?? null
}
