import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, MutateOutcome, ProviderMutation } from '@inlet/sync/provider-port'
import { CLIENT_ID_HEADER, remember, type SendMemory, traceOf } from '../send-memory.ts'
import { AmbiguousEnd, type GmailClient } from './client.ts'
import { compose } from './compose.ts'
import { headerOf, readPart } from './parts.ts'

type Send = Extract<ProviderMutation, { type: 'draft' | 'send' }>
type Trace = { token: string; messageId: string }

/** Gmail takes 35 MB, counted after base64. */
const RAW_MAX_BYTES = 25 * 1024 * 1024
/** How far back a sent copy is looked for: a retry follows within minutes, a restart within the day. */
const SENT_SCAN = 20
const SENT_SCAN_MS = 2 * 24 * 60 * 60_000

/**
 * Sends once for one client id. An earlier attempt is looked for first (unless the caller knows that there was none);
 * a request that left without an answer is looked up, and if its copy is not found the outcome is `unknown`: it may
 * still be on its way, so only a person decides to send again.
 */
export async function sendMail(
  client: GmailClient,
  memory: SendMemory,
  conn: Connection,
  change: Send,
  signal: AbortSignal,
): Promise<MutateOutcome> {
  const trace = traceOf(conn.accountId, change.clientId, change.mail.from.email)
  return await memory.once(trace.token, async () => {
    if (change.again !== false) {
      const earlier = await findSent(client, conn, trace, signal)
      if (earlier !== null) return { state: 'done', messageId: earlier }
    }
    const raw = await encode(client, change, trace)
    const { threadId } = change.mail
    try {
      const sent = await client.call(
        conn,
        {
          method: 'messages.send',
          action: 'send the message',
          priority: 'interactive',
          signal,
          once: true,
          timeoutMs: client.settings.timeoutMs * 2,
        },
        (gmail, options) =>
          gmail.users.messages.send(
            { userId: 'me', requestBody: { raw, ...(threadId !== null && { threadId }) } },
            options,
          ),
      )
      return { state: 'done', messageId: sent.id ?? null }
    } catch (error) {
      if (!(error instanceof AmbiguousEnd)) throw error
      const found = await findSent(client, conn, trace, signal).catch(() => null)
      signal.throwIfAborted()
      if (found !== null) return { state: 'done', messageId: found }
      return {
        state: 'unknown',
        message: `Gmail gave no answer to the send (${error.failure.status ?? error.failure.code}), and the message is not among those sent. It may still arrive there: look before sending again.`,
      }
    }
  })
}

/**
 * The id of the sent copy, or null. By Message-ID where Gmail kept it; where it put its own in its place (its API
 * usually does), by our header on the newest sent messages, which no search can ask for.
 */
async function findSent(
  client: GmailClient,
  conn: Connection,
  trace: Trace,
  signal: AbortSignal,
): Promise<string | null> {
  const list = (more: { q?: string; maxResults: number }) =>
    client.call(
      conn,
      { method: 'messages.list', action: 'look for an earlier send', priority: 'interactive', signal },
      (gmail, options) =>
        gmail.users.messages.list(
          { userId: 'me', labelIds: ['SENT'], includeSpamTrash: true, ...more },
          options,
        ),
    )
  const byId = await list({ q: `rfc822msgid:${trace.messageId.slice(1, -1)}`, maxResults: 1 })
  const direct = byId.messages?.[0]?.id
  if (direct) return direct
  const newest = await list({ maxResults: SENT_SCAN })
  for (const { id } of newest.messages ?? []) {
    if (!id) continue
    const message = await client
      .call(
        conn,
        { method: 'messages.get', action: 'look for an earlier send', priority: 'interactive', signal },
        (gmail, options) =>
          gmail.users.messages.get(
            { userId: 'me', id, format: 'metadata', metadataHeaders: [CLIENT_ID_HEADER] },
            options,
          ),
      )
      .catch((error: unknown) => {
        if (error instanceof ProviderError && error.kind === 'not_found') return null
        throw error
      })
    if (!message) continue
    if (headerOf(readPart(message.payload), CLIENT_ID_HEADER.toLowerCase()).trim() === trace.token) return id
    if (Number(message.internalDate) < client.world.now() - SENT_SCAN_MS) break
  }
  return null
}

/** One draft for one client id: made the first time, replaced after that. Gmail keeps the Message-ID of drafts. */
export async function saveDraft(
  client: GmailClient,
  memory: SendMemory,
  conn: Connection,
  change: Send,
  signal: AbortSignal,
): Promise<MutateOutcome> {
  const trace = traceOf(conn.accountId, change.clientId, change.mail.from.email)
  const raw = await encode(client, change, trace)
  const { threadId } = change.mail
  const requestBody = { message: { raw, ...(threadId !== null && { threadId }) } }
  const call = { action: 'save the draft', priority: 'interactive', signal } as const
  const existing =
    memory.draftIds.get(trace.token) ??
    (change.again === false ? null : await findDraft(client, conn, trace, signal))
  if (existing !== null) {
    try {
      const draft = await client.call(conn, { ...call, method: 'drafts.update' }, (gmail, options) =>
        gmail.users.drafts.update({ userId: 'me', id: existing, requestBody }, options),
      )
      remember(memory.draftIds, trace.token, existing)
      return { state: 'done', messageId: draft.message?.id ?? null }
    } catch (error) {
      if (!(error instanceof ProviderError && error.kind === 'not_found')) throw error
      memory.draftIds.delete(trace.token)
    }
  }
  try {
    const draft = await client.call(
      conn,
      { ...call, method: 'drafts.create', once: true },
      (gmail, options) => gmail.users.drafts.create({ userId: 'me', requestBody }, options),
    )
    if (draft.id) remember(memory.draftIds, trace.token, draft.id)
    return { state: 'done', messageId: draft.message?.id ?? null }
  } catch (error) {
    // The next attempt looks for it first, so it is safe to try again.
    if (error instanceof AmbiguousEnd)
      throw new ProviderError('transient', `Gmail gave no answer to saving the draft. ${error.message}`)
    throw error
  }
}

async function findDraft(
  client: GmailClient,
  conn: Connection,
  trace: Trace,
  signal: AbortSignal,
): Promise<string | null> {
  const { drafts } = await client.call(
    conn,
    { method: 'drafts.list', action: 'look for the draft', priority: 'interactive', signal },
    (gmail, options) =>
      gmail.users.drafts.list(
        { userId: 'me', q: `rfc822msgid:${trace.messageId.slice(1, -1)}`, maxResults: 1 },
        options,
      ),
  )
  return drafts?.[0]?.id ?? null
}

async function encode(client: GmailClient, change: Send, trace: Trace): Promise<string> {
  const raw = await compose(change.mail, trace, client.world.now())
  if (raw.byteLength > RAW_MAX_BYTES)
    throw new ProviderError(
      'permanent',
      `The message has ${raw.byteLength} bytes; Gmail takes at most ${RAW_MAX_BYTES}. Make it smaller.`,
    )
  return raw.toString('base64url')
}
