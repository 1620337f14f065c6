import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, Fetched, FetchOptions, PulledBody } from '@inlet/sync/provider-port'
import { BATCH_MAX, type PartResult, segment, sendBatch } from './batch.ts'
import type { Call, GraphClient } from './client.ts'
import { record, text } from './errors.ts'
import type { Folders } from './folders.ts'
import { readBody, stateQuery, toPulledMessage } from './message.ts'

const TRIES = 3
const RETRY_BASE_MS = 200
/** Batches whose answer is too large or unreadable are asked for message by message. */
const DIVISIBLE = new Set(['too_large', 'bad_answer'])

type Judged =
  | { kind: 'fetched'; fetched: Fetched }
  /** This one failed; whether it alone did is not known yet. */
  | { kind: 'doubtful'; fetched: Fetched; passing: boolean }
  | { kind: 'halt'; error: unknown }

/**
 * The state of each id, batch by batch. One that cannot be had is told as `failed` and holds nobody up; but where
 * Outlook as a whole fails, refuses or asks us to slow down, what was answered is yielded, and then the error is
 * thrown: ids without an outcome were not judged.
 */
export async function* fetchMessages(
  client: GraphClient,
  folders: Folders,
  conn: Connection,
  ids: string[],
  options: FetchOptions,
  signal: AbortSignal,
): AsyncGenerator<Fetched> {
  const call = { action: 'read messages', priority: options.priority, signal }
  let queue = [...new Set(ids)]
  let size = BATCH_MAX
  const tries = new Map<string, number>()
  const doubtful: Fetched[] = []
  /** Folders that were not known, and whether they are part of the mailbox: the list of folders is asked for once each. */
  const verdicts = new Map<string, Promise<boolean>>()
  const holds = (folder: string) => {
    const verdict = verdicts.get(folder) ?? folders.holds(conn, folder, options.priority, signal)
    verdicts.set(folder, verdict)
    return verdict
  }
  /** Something was read since the beginning: Outlook as a whole works, so a failure is the item's own. */
  let alive = false
  // Known beforehand, so that a refusal among the answers keeps nobody from being judged.
  if (queue.length > 0) await folders.wellKnown(conn, options.priority, signal)
  while (queue.length > 0) {
    signal.throwIfAborted()
    const some = queue.splice(0, size)
    const askedAt = client.world.now()
    const results = await readSome(client, conn, call, some, options)
    if (results === 'divide') {
      size = 1
      queue = [...some, ...queue]
      continue
    }
    let halt: { error: unknown } | null = null
    const again: string[] = []
    for (const [at, id] of some.entries()) {
      const judged = await judge(holds, id, results[at], askedAt, options)
      if (judged.kind === 'halt') halt ??= { error: judged.error }
      else if (judged.kind === 'fetched') {
        alive = true
        yield judged.fetched
      } else {
        const tried = (tries.get(id) ?? 0) + 1
        tries.set(id, tried)
        if (judged.passing && tried < TRIES) again.push(id)
        else doubtful.push(judged.fetched)
      }
    }
    // Several failed and none was read: ask before wearing out every single one of them.
    if (!alive && !halt && again.length + doubtful.length > 0) {
      await ping(client, conn, call)
      alive = true
    }
    if (halt) throw halt.error
    if (alive) yield* doubtful.splice(0)
    if (again.length > 0) await client.world.sleep(client.world.random() * RETRY_BASE_MS * 4, signal)
    queue.push(...again)
  }
}

/** Is it these messages or is it Outlook? The cheapest call decides, by throwing. */
async function ping(client: GraphClient, conn: Connection, call: Call): Promise<void> {
  const request = { method: 'GET', path: '/me/mailFolders/inbox?$select=id' } as const
  await client.call(conn, { ...call, action: 'read the mailbox' }, request)
}

async function readSome(
  client: GraphClient,
  conn: Connection,
  call: Call,
  ids: string[],
  { bodies }: FetchOptions,
): Promise<PartResult[] | 'divide'> {
  const query = stateQuery({ bodies, headers: true })
  const parts = ids.map(id => ({ method: 'GET' as const, path: `/me/messages/${segment(id)}?${query}` }))
  const slow = { ...call, timeoutMs: client.settings.timeoutMs * 2 }
  try {
    return await sendBatch(client, conn, ids.length > 1 ? slow : call, parts)
  } catch (error) {
    if (!(error instanceof ProviderError) || !DIVISIBLE.has(codeOf(error))) throw error
    if (ids.length > 1) return 'divide'
    const failure = { status: 200, code: codeOf(error), message: error.message, retryAfter: null }
    return [
      { ok: false, failure, error: new ProviderError('permanent', error.message, { cause: error.cause }) },
    ]
  }
}

async function judge(
  holds: (folder: string) => Promise<boolean>,
  id: string,
  result: PartResult | undefined,
  askedAt: number,
  options: FetchOptions,
): Promise<Judged> {
  if (!result) return { kind: 'halt', error: new ProviderError('transient', 'Outlook left out an answer.') }
  if (result.ok) {
    const folder = text(record(result.body).parentFolderId)
    try {
      // What was deleted for ever can still be read for some weeks, from a folder that no person sees.
      if (folder && !(await holds(folder))) return { kind: 'fetched', fetched: { id, outcome: 'missing' } }
    } catch (error) {
      return { kind: 'halt', error }
    }
    const message = toPulledMessage(id, result.body, askedAt, options)
    return { kind: 'fetched', fetched: { id, outcome: 'message', message } }
  }
  const { error, failure } = result
  if (error.kind === 'not_found') return { kind: 'fetched', fetched: { id, outcome: 'missing' } }
  if (error.kind === 'rate_limited' || failure.status === 401) return { kind: 'halt', error }
  const fetched: Fetched = {
    id,
    outcome: 'failed',
    code: codeOf(error),
    message: error.message.slice(0, 500),
    retryAt: error.retryAt,
  }
  return { kind: 'doubtful', fetched, passing: error.kind === 'transient' }
}

/** A stable word for what was wrong with an item; the message says the rest. */
function codeOf(error: ProviderError): string {
  const { status, code } = record(error.cause)
  if (typeof status === 'number' && status >= 500) return 'server_error'
  return text(code).replace(/\W+/g, '_').slice(0, 60) || 'refused'
}

/** An opened message's body. Throws `not_found` when the message is gone. */
export async function fetchBody(
  client: GraphClient,
  conn: Connection,
  messageId: string,
  signal: AbortSignal,
): Promise<PulledBody> {
  const { body } = await client.call(
    conn,
    { action: `read message ${messageId}`, priority: 'interactive', signal },
    { method: 'GET', path: `/me/messages/${segment(messageId)}?$select=body` },
  )
  return readBody(record(body).body)
}

/** The bytes of one file, or an attached message as MIME. */
export async function fetchAttachment(
  client: GraphClient,
  conn: Connection,
  messageId: string,
  partId: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const call = {
    action: `read an attachment of message ${messageId}`,
    priority: 'interactive',
    signal,
    timeoutMs: client.settings.timeoutMs * 4,
  } as const
  const path = `/me/messages/${segment(messageId)}/attachments/${segment(partId)}/$value`
  try {
    return (await client.call(conn, call, { method: 'GET', path, binary: true })).bytes
  } catch (error) {
    if (error instanceof ProviderError && /^ErrorInvalidId/i.test(text(record(error.cause).code)))
      throw new ProviderError('not_found', `Message ${messageId} has no attachment "${partId}".`)
    throw error
  }
}
