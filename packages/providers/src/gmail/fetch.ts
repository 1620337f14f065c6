import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, Fetched, FetchOptions, Priority, PulledBody } from '@inlet/sync/provider-port'
import type { GmailClient } from './client.ts'
import { profile } from './list.ts'
import { fromPart } from './message.ts'
import {
  bytesOf,
  listAttachments,
  type Part,
  readPart,
  record,
  renderBody,
  textsKeptApart,
  walk,
} from './parts.ts'

/** Most texts kept apart that are fetched for one body, and the largest worth fetching. */
const TEXTS_MAX = 4
const TEXT_MAX_BYTES = 10 * 1024 * 1024

/**
 * The payload's shape without its bodies, eight levels deep. `format=metadata` would cost as many quota units and leave
 * out the parts, and with them which attachments there are.
 */
const SHAPE = (() => {
  const own = 'partId,mimeType,filename,headers,body(attachmentId,size)'
  let payload = own
  for (let depth = 0; depth < 8; depth++) payload = `${own},parts(${payload})`
  return `id,threadId,labelIds,snippet,historyId,internalDate,sizeEstimate,payload(${payload})`
})()

type Outcome =
  | { id: string; kind: 'fetched'; fetched: Fetched }
  /** This one failed; whether it alone did is not known yet. */
  | { id: string; kind: 'doubtful'; fetched: Fetched }
  | { id: string; kind: 'halt'; error: unknown }

/**
 * The state of each id, as each arrives. One that cannot be had is told as `failed` and holds nobody up; but where
 * Gmail as a whole fails, refuses or asks us to slow down, nothing new is begun, what is under way is yielded, and then
 * the error is thrown: ids without an outcome were not judged.
 */
export async function* fetchMessages(
  client: GmailClient,
  conn: Connection,
  ids: string[],
  options: FetchOptions,
  signal: AbortSignal,
): AsyncGenerator<Fetched> {
  const queue = [...new Set(ids)]
  const running = new Map<string, Promise<Outcome>>()
  const inner = new AbortController()
  const onAbort = () => inner.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const doubtful: Fetched[] = []
  const most = client.settings.concurrency
  /** Something was read since the beginning: Gmail as a whole works, so a failure is the item's own. */
  let alive = false
  let halted: { error: unknown } | null = null
  const ask = async () => {
    halted ??= await probe(client, conn, signal)
    alive = halted === null
  }
  try {
    signal.throwIfAborted()
    while (queue.length > 0 || running.size > 0) {
      while (!halted && running.size < most) {
        const id = queue.shift()
        if (id === undefined) break
        running.set(id, fetchOne(client, conn, id, options, inner.signal))
      }
      if (running.size === 0) break
      const outcome = await Promise.race(running.values())
      signal.throwIfAborted()
      running.delete(outcome.id)
      if (outcome.kind === 'halt') halted ??= { error: outcome.error }
      else if (outcome.kind === 'fetched') {
        alive = true
        yield outcome.fetched
      } else doubtful.push(outcome.fetched)
      // Several failed and none was read: ask before wearing out every single one of them.
      if (!alive && !halted && doubtful.length >= most) await ask()
      if (alive) yield* doubtful.splice(0)
    }
    if (doubtful.length > 0 && !halted) await ask()
    if (halted) throw (halted as { error: unknown }).error
    yield* doubtful
  } finally {
    signal.removeEventListener('abort', onAbort)
    inner.abort(new DOMException('the fetch has ended', 'AbortError'))
    await Promise.allSettled(running.values())
  }
}

/** Is it these messages or is it Gmail? The cheapest call decides. */
async function probe(
  client: GmailClient,
  conn: Connection,
  signal: AbortSignal,
): Promise<{ error: unknown } | null> {
  try {
    await profile(client, conn, signal)
    return null
  } catch (error) {
    return { error }
  }
}

async function fetchOne(
  client: GmailClient,
  conn: Connection,
  id: string,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const { given, root } = await read(client, conn, id, options, signal)
    return {
      id,
      kind: 'fetched',
      fetched: { id, outcome: 'message', message: fromPart(id, given, root, options) },
    }
  } catch (error) {
    if (signal.aborted) return { id, kind: 'halt', error: signal.reason }
    if (!(error instanceof ProviderError))
      return { id, kind: 'doubtful', fetched: failed(id, 'unreadable', error) }
    if (error.kind === 'not_found') return { id, kind: 'fetched', fetched: { id, outcome: 'missing' } }
    if (error.kind === 'permanent' || error.kind === 'transient')
      return { id, kind: 'doubtful', fetched: failed(id, codeOf(error), error) }
    return { id, kind: 'halt', error }
  }
}

/** A stable word for what was wrong with an item; the message says the rest. */
function codeOf(error: ProviderError): string {
  const { status, reason, code } = record(error.cause)
  if (code === 'max-size') return 'too_large'
  if (code === 'bad_answer') return 'bad_answer'
  if (code === 'TimeoutError') return 'timeout'
  if (status === null) return 'network'
  if (typeof status === 'number' && status >= 500) return 'server_error'
  return typeof reason === 'string' && reason ? reason.slice(0, 60) : 'refused'
}

function failed(id: string, code: string, error: unknown): Fetched {
  const message = error instanceof Error ? error.message : String(error)
  const retryAt = error instanceof ProviderError ? error.retryAt : null
  return { id, outcome: 'failed', code, message: message.slice(0, 500), retryAt }
}

async function read(
  client: GmailClient,
  conn: Connection,
  id: string,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<{ given: Record<string, unknown>; root: Part }> {
  const { bodies, priority } = options
  const message = await client.call(
    conn,
    { method: 'messages.get', action: `read message ${id}`, priority, signal },
    (gmail, call) =>
      gmail.users.messages.get({ userId: 'me', id, format: 'full', ...(!bodies && { fields: SHAPE }) }, call),
  )
  const root = readPart(message.payload)
  if (bodies) await completeTexts(client, conn, id, root, priority, signal)
  return { given: record(message), root }
}

/** Long body texts come as attachments; without them the message would look empty. */
async function completeTexts(
  client: GmailClient,
  conn: Connection,
  id: string,
  root: Part,
  priority: Priority,
  signal: AbortSignal,
): Promise<void> {
  const apart = textsKeptApart(root).filter(part => part.size <= TEXT_MAX_BYTES)
  for (const part of apart.slice(0, TEXTS_MAX))
    part.data = await attachmentData(client, conn, id, part.attachmentId ?? '', priority, signal)
}

async function attachmentData(
  client: GmailClient,
  conn: Connection,
  messageId: string,
  attachmentId: string,
  priority: Priority,
  signal: AbortSignal,
): Promise<string> {
  const { data } = await client.call(
    conn,
    {
      method: 'messages.attachments.get',
      action: `read an attachment of message ${messageId}`,
      priority,
      signal,
      timeoutMs: client.settings.timeoutMs * 4,
    },
    (gmail, options) =>
      gmail.users.messages.attachments.get({ userId: 'me', messageId, id: attachmentId }, options),
  )
  return data ?? ''
}

/** An opened message's body. Throws `not_found` when the message is gone. */
export async function fetchBody(
  client: GmailClient,
  conn: Connection,
  messageId: string,
  signal: AbortSignal,
): Promise<PulledBody> {
  const { root } = await read(client, conn, messageId, { bodies: true, priority: 'interactive' }, signal)
  return renderBody(root)
}

/** The bytes of one part. Attachment ids change between reads, so the message is read first to find today's. */
export async function fetchAttachment(
  client: GmailClient,
  conn: Connection,
  messageId: string,
  partId: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { root } = await read(client, conn, messageId, { bodies: false, priority: 'interactive' }, signal)
  const listed = listAttachments(root).some(each => each.partId === partId)
  const part = [...walk(root)].find(each => each.id === partId)
  if (!listed || !part)
    throw new ProviderError(
      'not_found',
      `Message ${messageId} has no attachment at part "${partId}". It has ${listAttachments(root).length}.`,
    )
  if (part.attachmentId !== null)
    return Buffer.from(
      await attachmentData(client, conn, messageId, part.attachmentId, 'interactive', signal),
      'base64',
    )
  if (part.data !== null) return bytesOf(part.data)
  const full = await read(client, conn, messageId, { bodies: true, priority: 'interactive' }, signal)
  const whole = [...walk(full.root)].find(each => each.id === partId)
  return bytesOf(whole?.data ?? '')
}
