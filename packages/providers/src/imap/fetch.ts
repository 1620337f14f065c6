import { ProviderError } from '@inlet/sync/provider-errors'
import type { PulledMessage } from '@inlet/sync/provider-port'
import type { FetchMessageObject, ImapFlow } from 'imapflow'
import type { Part } from '../gmail/parts.ts'
import { atom, sequence } from './command.ts'
import { codeOf, mailError } from './errors.ts'
import { fetchRows } from './fetch-rows.ts'
import { identityOf } from './identity.ts'
import { type At, type FolderRef, inFolder, type View } from './in-folder.ts'
import { toPulledMessage } from './message.ts'
import { flagsOf, type Place } from './places.ts'
import { decode, fillText, findPart, outlineOf } from './structure.ts'
import { inSets, packUids, searchUids } from './uids.ts'

/** A message as it was sent, without what the engine decides: thread, version, labels. Its id is `identityOf`. */
export type ReadMessage = Omit<PulledMessage, 'threadId' | 'version' | 'labelIds'>

export type FetchedPlace =
  | {
      uid: number
      outcome: 'message'
      place: Place
      message: ReadMessage
      /** The server's own thread (RFC 8474 THREADID, Gmail's X-GM-THRID). */
      serverThread: string | null
    }
  /** No message has this UID (any more), by two commands. */
  | { uid: number; outcome: 'missing' }
  /** This one cannot be had; the others go on (I10). */
  | { uid: number; outcome: 'failed'; code: string; message: string; retryAt: number | null }

const BATCH = 50
/** Batches asked for while one is decoded, on one connection or on several. */
const AHEAD = 2
/** What is read of each message at once; of larger ones only the texts besides. */
const HEAD_BYTES = 128 * 1024
const TEXT_BYTES = 1024 * 1024
const TEXTS_MAX = 4
/** Largest attachment, as it is sent (base64). */
const ATTACHMENT_BYTES = 48 * 1024 * 1024

/**
 * The messages at these UIDs: exactly one outcome for each, in any order. No more than some megabytes are in memory at
 * a time, however large they are. Throws ProviderError where the server or the folder as a whole fails.
 */
export async function* fetchMessages(
  at: At,
  folder: FolderRef,
  uids: readonly number[],
  options: { bodies: boolean },
  view: View = new WeakSet(),
): AsyncGenerator<FetchedPlace> {
  const sets = inSets([...new Set(uids)], BATCH)
  const asked: { set: number[]; reading: Promise<Attempt<ReadRows>> }[] = []
  const ask = () => {
    const { value: set } = sets.next()
    if (set) asked.push({ set, reading: attempt(() => readBatch(at, folder, set, view)) })
  }
  try {
    for (let more = 0; more < AHEAD; more += 1) ask()
    for (let next = asked.shift(); next; next = asked.shift()) {
      const together = await next.reading
      if (!together.done && concernsAll(together.error)) throw together.error
      ask()
      if (together.done) yield* toFetched(together.value, options)
      else for (const uid of next.set) yield await readAlone(at, folder, uid, options, view)
    }
  } finally {
    await Promise.all(asked.map(({ reading }) => reading))
  }
}

type Attempt<T> = { done: true; value: T } | { done: false; error: unknown }

const attempt = <T>(run: () => Promise<T>): Promise<Attempt<T>> =>
  run().then(
    value => ({ done: true, value }),
    (error: unknown) => ({ done: false, error }),
  )

/** Refused logins, limits, aborts, a folder that is gone or numbered anew: no single message's fault. */
function concernsAll(error: unknown): boolean {
  return !(error instanceof ProviderError) || (error.kind !== 'transient' && error.kind !== 'permanent')
}

/** Is it this message or the server? If the folder can be opened and answers, it is the message. */
async function readAlone(
  at: At,
  folder: FolderRef,
  uid: number,
  options: { bodies: boolean },
  view: View,
): Promise<FetchedPlace> {
  const alone = await attempt(() => readBatch(at, folder, [uid], view))
  const [read] = alone.done ? toFetched(alone.value, options) : []
  if (read) return read
  const error = alone.done ? null : alone.error
  if (error !== null && concernsAll(error)) throw error
  await inFolder(at, folder, { action: `open ${folder.path}`, view: new WeakSet() }, async () => {})
  return failed(uid, error)
}

function failed(uid: number, error: unknown): FetchedPlace {
  const message = error instanceof Error ? error.message : 'The server lists it and does not send it.'
  const retryAt = error instanceof ProviderError ? error.retryAt : null
  return {
    uid,
    outcome: 'failed',
    code: codeOf(error) ?? 'unreadable',
    message: message.slice(0, 500),
    retryAt,
  }
}

/** What was read of some messages, not decoded yet, and what nothing was read of. */
type ReadRows = { rows: { row: WholeRow; outline: Outline | null }[]; others: FetchedPlace[] }

async function readBatch(at: At, folder: FolderRef, uids: readonly number[], view: View): Promise<ReadRows> {
  const action = uids.length === 1 ? `read message ${uids[0]} of ${folder.path}` : `read ${folder.path}`
  return await inFolder(at, folder, { action, view }, async client => {
    const found = await readRows(client, uids)
    const lacking = uids.filter(uid => !found.has(uid))
    const there = lacking.length > 0 ? new Set(await existing(client, lacking)) : new Set<number>()
    const rows: ReadRows['rows'] = []
    for (const row of found.values()) {
      const cut = row.size !== undefined && row.size > row.source.length
      rows.push({ row, outline: cut ? await readOutline(client, row.uid) : null })
    }
    const others = lacking.map(
      (uid): FetchedPlace => (there.has(uid) ? failed(uid, null) : { uid, outcome: 'missing' }),
    )
    return { rows, others }
  })
}

type WholeRow = FetchMessageObject & { source: Buffer }

/** Rows with a source. */
async function readRows(client: ImapFlow, uids: readonly number[]): Promise<Map<number, WholeRow>> {
  const query = { flags: true, facts: true, threadId: true, source: HEAD_BYTES }
  const rows = await fetchRows(client, uids, query)
  return new Map([...rows].filter((entry): entry is [number, WholeRow] => Buffer.isBuffer(entry[1].source)))
}

const existing = (client: ImapFlow, uids: readonly number[]): Promise<number[]> =>
  searchUids(client, [atom('UID'), sequence(packUids(uids))])

/** Decoded after the connection was given back: meanwhile it serves the next ones. */
function* toFetched({ rows, others }: ReadRows, { bodies }: { bodies: boolean }): Generator<FetchedPlace> {
  for (const { row, outline } of rows) {
    const placing = { id: identityOf(row), threadId: '', version: 0n, labelIds: [] }
    const { threadId, version, labelIds, ...message } = toPulledMessage(placing, row, row.source, {
      bodies,
      ...(outline && { outline }),
    })
    const place = { uid: row.uid, flags: flagsOf(row.flags), modseq: row.modseq ?? null }
    yield { uid: row.uid, outcome: 'message', place, message, serverThread: row.threadId ?? null }
  }
  yield* others
}

type Outline = { root: Part; cut: boolean }

/** The parts of a large message and its texts, without what is attached. */
async function readOutline(client: ImapFlow, uid: number): Promise<Outline | null> {
  const row = await client.fetchOne(`${uid}`, { uid: true, bodyStructure: true }, { uid: true })
  const outline = outlineOf(row ? row.bodyStructure : undefined)
  if (!outline) return null
  const texts = outline.texts.slice(0, TEXTS_MAX)
  const bodyParts = texts.map(({ id }) => ({ key: id, start: 0, maxLength: TEXT_BYTES }))
  const read = texts.length > 0 && (await client.fetchOne(`${uid}`, { uid: true, bodyParts }, { uid: true }))
  for (const text of texts) {
    const raw = read ? read.bodyParts?.get(text.id) : undefined
    if (Buffer.isBuffer(raw)) fillText(outline.root, text, raw)
  }
  return { root: outline.root, cut: texts.some(({ size }) => size > TEXT_BYTES) }
}

/**
 * The bytes of one part, addressed as IMAP numbers parts. Throws `not_found` where there is no such message or part,
 * `too_large` above 48 MiB.
 */
export async function fetchPart(at: At, folder: FolderRef, uid: number, partId: string): Promise<Buffer> {
  const action = `read an attachment of message ${uid} of ${folder.path}`
  return await inFolder(at, folder, { action, view: new WeakSet() }, async client => {
    const row = await client.fetchOne(`${uid}`, { uid: true, bodyStructure: true }, { uid: true })
    const part = findPart(row ? row.bodyStructure : undefined, partId)
    if (!row || !part)
      throw mailError(
        { code: 'part_missing', kind: 'not_found', sentence: `There is no part “${partId.slice(0, 60)}”.` },
        action,
      )
    const tooLarge = mailError(
      {
        code: 'too_large',
        kind: 'permanent',
        sentence: `It is larger than ${ATTACHMENT_BYTES / 1024 / 1024} MiB; use another mail program for it.`,
      },
      action,
    )
    if (part.size > ATTACHMENT_BYTES) throw tooLarge
    // The description may be wrong, so the limit goes with the command, too.
    const bodyParts = [{ key: partId, start: 0, maxLength: ATTACHMENT_BYTES + 1 }]
    const read = await client.fetchOne(`${uid}`, { uid: true, bodyParts }, { uid: true })
    const raw = read ? read.bodyParts?.get(partId) : undefined
    if (!Buffer.isBuffer(raw)) throw Object.assign(new Error('the part did not come'), { code: 'garbled' })
    if (raw.length > ATTACHMENT_BYTES) throw tooLarge
    return decode(raw, part.encoding)
  })
}
