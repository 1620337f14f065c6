import type { FetchMessageObject, ImapFlow, MessageEnvelopeObject } from 'imapflow'
// @ts-expect-error: it has no types.
import tools from 'imapflow/lib/tools.js'
import { atom, command, sequence, type Token, wordOf } from './command.ts'
import { packUids } from './uids.ts'

/** imapflow's own, so that an envelope, on which ids hang, is read exactly as it always was. */
const parseEnvelope = tools.parseEnvelope as (tokens: unknown) => MessageEnvelopeObject

/** What FETCH is asked for besides the UID, and what tells messages apart. */
export type RowQuery = {
  flags?: boolean
  /** ENVELOPE, INTERNALDATE and RFC822.SIZE. */
  facts?: boolean
  threadId?: boolean
  /** So many bytes of the message, from its beginning. */
  source?: number
}

/**
 * Messages of the selected folder by their UIDs, as imapflow's `fetchAll` tells them. That writes the name of every item
 * out again to know it; this reads names. What others change meanwhile comes as rows of its own and is joined.
 */
export async function fetchRows(
  client: ImapFlow,
  uids: readonly number[],
  query: RowQuery,
): Promise<Map<number, FetchMessageObject>> {
  const rows = new Map<number, FetchMessageObject>()
  if (uids.length === 0) return rows
  const wanted = new Set(uids)
  await command(client, 'UID FETCH', [sequence(packUids(uids)), itemsOf(client, query)], {
    FETCH: ({ command: seq, attributes: [, items] }) => {
      const row = attempt(() => readRow(Number(seq), items))
      if (wanted.has(row.uid)) rows.set(row.uid, { ...rows.get(row.uid), ...row })
    },
  })
  return rows
}

function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw Object.assign(new Error('an answer could not be read', { cause }), { code: 'garbled' })
  }
}

function itemsOf(client: ImapFlow, { flags, facts, threadId, source }: RowQuery): Token[] {
  const { capabilities, enabled, mailbox } = client
  const objects = capabilities.has('OBJECTID')
  const gmail = !objects && capabilities.has('X-GM-EXT-1')
  const items: Token[] = [atom('UID')]
  if (flags) items.push(atom('FLAGS'))
  if (facts) items.push(atom('ENVELOPE'), atom('INTERNALDATE'), atom('RFC822.SIZE'))
  if (facts && (objects || gmail)) items.push(atom(objects ? 'EMAILID' : 'X-GM-MSGID'))
  if (threadId && (objects || gmail)) items.push(atom(objects ? 'THREADID' : 'X-GM-THRID'))
  if (enabled.has('CONDSTORE') && mailbox && !mailbox.noModseq) items.push(atom('MODSEQ'))
  if (source !== undefined)
    items.push({ type: 'ATOM', value: 'BODY.PEEK', section: [], partial: [0, source] })
  return items
}

/** `(UID 7 FLAGS (\Seen) MODSEQ (12))`. What cannot be read is left out. */
function readRow(seq: number, items: unknown): FetchMessageObject {
  const row: FetchMessageObject = { seq, uid: 0 }
  if (!Array.isArray(items)) return row
  for (let at = 0; at + 1 < items.length; at += 2) {
    const value: unknown = items[at + 1]
    switch (wordOf(items[at]).toUpperCase()) {
      case 'UID':
        row.uid = numberOf(value) ?? 0
        break
      case 'FLAGS':
        row.flags = new Set(wordsOf(value))
        break
      case 'INTERNALDATE':
        setDate(row, value)
        break
      case 'RFC822.SIZE':
        row.size = numberOf(value) ?? 0
        break
      case 'ENVELOPE':
        row.envelope = parseEnvelope(Array.isArray(value) ? toldApart(value) : value)
        break
      case 'MODSEQ': {
        const [modseq = ''] = wordsOf(value)
        if (/^\d{1,19}$/.test(modseq)) row.modseq = BigInt(modseq)
        break
      }
      case 'EMAILID':
        setWord(row, 'emailId', wordsOf(value)[0])
        break
      case 'X-GM-MSGID':
        setWord(row, 'emailId', textOf(value))
        break
      case 'THREADID':
        setWord(row, 'threadId', wordsOf(value)[0])
        break
      case 'X-GM-THRID':
        setWord(row, 'threadId', textOf(value))
        break
      case 'BODY': {
        const source = (value as { value?: unknown } | null)?.value
        if (Buffer.isBuffer(source)) row.source = source
      }
    }
  }
  return row
}

/** Of an envelope only its date, subject, From and Message-ID are used, which is all that an id hangs on. */
const toldApart = (envelope: unknown[]): unknown[] =>
  envelope.map((token, at) => (at <= 2 || at === 9 ? token : null))

function setWord(row: FetchMessageObject, name: 'emailId' | 'threadId', word: string | undefined): void {
  if (word) row[name] = word
}

/** A string, whether it came quoted or as a literal. */
function textOf(token: unknown): string {
  const { value } = (token ?? {}) as { value?: unknown }
  return Buffer.isBuffer(value) ? value.toString() : typeof value === 'string' ? value : ''
}

const wordsOf = (token: unknown): string[] => (Array.isArray(token) ? token.map(wordOf).filter(Boolean) : [])

function numberOf(token: unknown): number | undefined {
  const text = textOf(token)
  const value = /^\d{1,19}$/.test(text) ? Number(text) : undefined
  return Number.isSafeInteger(value) ? value : undefined
}

/** Of an answer without a date too what imapflow makes of it: ids hang on it. */
function setDate(row: FetchMessageObject, token: unknown): void {
  const value = token === null ? 0 : textOf(token)
  const date = new Date(value)
  if (!Number.isNaN(date.getTime())) row.internalDate = date
  else if (value !== '') row.internalDate = String(value)
}
