import { type Token, wordOf } from '@inlet/providers/imap/command'
import { packUids, readUids } from '@inlet/providers/imap/uids'
import type { FetchMessageObject } from 'imapflow'
import type { Random } from '../random.ts'
import type { Folder, Snapshot } from './mail-store.ts'

/** Says an untagged answer. */
export type Say = (command: string, ...said: unknown[]) => Promise<void>

export const word = (value: string | number | bigint) => ({ type: 'ATOM', value: `${value}` })

/** An item of a FETCH answer and its value; nothing where the message has none. */
export function itemOf(name: string, { uid, flags, modseq, source, ...row }: FetchMessageObject): unknown[] {
  const given = (value: unknown) => (value === undefined ? [] : [word(name), value])
  const { emailId, threadId, envelope, internalDate, size } = row
  const quoted = (value: string | undefined) => (value === undefined ? null : { type: 'STRING', value })
  switch (name) {
    case 'UID':
      return given(word(uid))
    case 'FLAGS':
      return given(flags && [...flags].map(word))
    case 'MODSEQ':
      return given(modseq === undefined ? undefined : [word(modseq)])
    case 'EMAILID':
      return given(emailId === undefined ? undefined : [word(emailId)])
    case 'THREADID':
      return given(threadId === undefined ? undefined : [word(threadId)])
    case 'INTERNALDATE':
      return given(internalDate && quoted(new Date(internalDate).toISOString()))
    case 'RFC822.SIZE':
      return given(size === undefined ? undefined : word(size))
    case 'ENVELOPE': {
      const from = envelope?.from?.map(({ address = '' }) => [null, null, ...address.split('@').map(quoted)])
      const [subject, id] = [quoted(envelope?.subject), quoted(envelope?.messageId)]
      return given(envelope && [null, subject, from ?? null, null, null, null, null, null, null, id])
    }
    case 'BODY.PEEK':
      return source ? [word('BODY'), { type: 'LITERAL', value: source }] : []
    default:
      throw new Error(`${name} is not known.`)
  }
}

/** UID FETCH … (UID FLAGS) (CHANGEDSINCE n VANISHED), RFC 7162. */
export async function changedSince(
  view: Snapshot,
  attributes: Token[],
  random: Random,
  say: Say,
): Promise<void> {
  const inRange = within(wordOf(attributes[0]))
  const since = BigInt(wordOf((attributes[2] as Token[])[1]))
  const gone = view.expunged.filter(each => each.modseq > since && inRange(each.uid)).map(({ uid }) => uid)
  // A server that has forgotten when names all that are not there.
  const forgotten = random.chance(0.2)
  const missing = Array.from({ length: view.uidNext - 1 }, (_, at) => at + 1).filter(
    uid => inRange(uid) && !view.entries.has(uid),
  )
  const vanished = forgotten ? missing : gone
  if (vanished.length > 0) await say('VANISHED', [word('EARLIER')], word(packUids(vanished)))
  for (const { uid, flags, modseq } of view.entries.values()) {
    if (modseq <= since || !inRange(uid)) continue
    const items = [
      word('UID'),
      word(uid),
      word('FLAGS'),
      [...flags].map(word),
      word('MODSEQ'),
      [word(modseq)],
    ]
    await say('FETCH', word(1), items)
  }
}

export const within = (set: string) => {
  const ranges = readUids(set)
  return (uid: number) => ranges.some(({ first, last }) => uid >= first && uid <= last)
}

export const uidsOf = (folder: Folder, set: unknown): number[] =>
  [...folder.entries.keys()].filter(within(wordOf(set)))
