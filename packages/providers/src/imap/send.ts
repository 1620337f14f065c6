import { ProviderError } from '@inlet/sync/provider-errors'
import type { OutgoingMail } from '@inlet/sync/provider-port'
import type { ImapFlow } from 'imapflow'
import { compose } from '../gmail/compose.ts'
import { traceOf } from '../send-memory.ts'
import { removeForGood } from './change.ts'
import { atom, command, quoted, sequence } from './command.ts'
import { within } from './deadline.ts'
import { codeOf } from './errors.ts'
import { quirksOf } from './host-quirks.ts'
import { identityOf } from './identity.ts'
import { type At, type FolderRef, inFolder } from './in-folder.ts'
import type { SessionWorld } from './session.ts'
import type { MailAccess } from './settings.ts'
import { deliver } from './smtp.ts'
import { packUids, searchUids } from './uids.ts'

export type Outgoing = {
  access: MailAccess
  from: SessionWorld
  /** Where sent mail is kept; null: nowhere, and then no earlier attempt can be found. */
  sent: string | null
  /** The same for all attempts: it becomes the Message-ID. */
  clientId: string
  mail: OutgoingMail
  /** false: certainly the first attempt. */
  again?: boolean
}

export type Sent =
  | { state: 'done'; messageId: string | null; refused: { email: string; said: string }[] }
  /** An attempt may have left; only a person decides to send again. */
  | { state: 'unknown'; message: string }

/** A copy in Sent that is still a draft: its message is leaving, or was when somebody died. */
const LEAVING = '\\Draft'

const SETTLE_MS = 5_000

type Copy = { folder: FolderRef; uid: number; id: string; leaving: boolean }

/**
 * Sends once for one client id, and keeps the same bytes in Sent. There the copy is put first, marked as a draft, and
 * the mark is taken off when the server has taken the message: so a repeat finds either no copy (nothing has left), a
 * marked one (nobody knows: `unknown`) or a plain one (sent). Hosts that keep sent mail themselves are only looked
 * at. Bcc is in the envelope alone, never in the bytes. Throws ProviderError while it is certain that nothing left.
 */
export async function sendMail(at: At, outgoing: Outgoing): Promise<Sent> {
  const { access, from, sent, clientId, mail, again } = outgoing
  const { signal } = at
  const trace = traceOf(access.accountId, clientId, mail.from.email)
  const keepsItself = access.smtp !== null && quirksOf(access.smtp.host).savesSent
  const find = () => (sent === null ? Promise.resolve(null) : findCopy(at, sent, trace.messageId))
  if (again !== false) {
    const earlier = await find()
    if (earlier?.leaving)
      return {
        state: 'unknown',
        message:
          'An earlier attempt ended while the message was leaving. It may have been sent: look before sending again.',
      }
    if (earlier) return { state: 'done', messageId: earlier.id, refused: [] }
  }
  const raw = await compose({ ...mail, bcc: [] }, trace, from.world.now())
  const copy = sent === null || keepsItself ? null : await keepCopy(at, sent, raw, trace.messageId)
  const to = [...mail.to, ...mail.cc, ...mail.bcc].map(({ email }) => email)
  try {
    const envelope = { from: mail.from.email, to: [...new Set(to)] }
    const delivery = await deliver(access, from, envelope, raw, signal)
    if (delivery.state === 'unknown') {
      // A host that keeps sent mail itself may know.
      const kept = keepsItself ? await find().catch(() => null) : null
      if (!kept) return delivery
      return { state: 'done', messageId: kept.id, refused: [] }
    }
    // The message has left: that is the outcome, whatever becomes of the copy's mark.
    if (copy) await settleSoon(at, from, copy, true)
    return { state: 'done', messageId: copy?.id ?? null, refused: delivery.refused }
  } catch (error) {
    // Nothing left. Where even this fails, a repeat asks a person, which is the safe side.
    if (copy) await settleSoon(at, from, copy, false)
    throw error
  }
}

/**
 * One draft for one client id: the new version is stored, then those before it are removed, so a repeat leaves one.
 * Returns its id. Hidden recipients stay in it.
 */
export async function saveDraft(
  at: At,
  { access, from, drafts, clientId, mail }: Omit<Outgoing, 'sent' | 'again'> & { drafts: string },
): Promise<string | null> {
  const trace = traceOf(access.accountId, clientId, mail.from.email)
  const raw = await compose(mail, trace, from.world.now())
  const options = { action: 'save the draft', write: true }
  return await inFolder(at, { path: drafts, uidValidity: null }, options, async client => {
    await client.append(drafts, raw, ['\\Seen', LEAVING])
    const uids = await withMessageId(client, trace.messageId)
    const newest = uids.at(-1)
    if (newest === undefined) return null
    if (uids.length > 1) await removeForGood(client, uids.slice(0, -1))
    const row = await readCopy(client, newest)
    return row ? identityOf(row) : null
  })
}

const withMessageId = (client: ImapFlow, messageId: string): Promise<number[]> =>
  searchUids(client, [atom('HEADER'), atom('Message-ID'), quoted(messageId)])

const readCopy = (client: ImapFlow, uid: number) =>
  client.fetchOne(
    `${uid}`,
    { uid: true, flags: true, envelope: true, internalDate: true, size: true },
    { uid: true },
  )

/** The newest copy with this Message-ID. */
async function findCopy(at: At, sent: string, messageId: string): Promise<Copy | null> {
  const options = { action: 'look for an earlier attempt', view: new WeakSet() }
  return await inFolder(at, { path: sent, uidValidity: null }, options, async (client, mailbox) => {
    const uid = (await withMessageId(client, messageId)).at(-1)
    const row = uid === undefined ? false : await readCopy(client, uid)
    if (uid === undefined || !row) return null
    const folder = { path: sent, uidValidity: mailbox.uidValidity }
    return { folder, uid, id: identityOf(row), leaving: row.flags?.has(LEAVING) ?? false }
  })
}

/** Puts the marked copy into Sent. null where the server does not take it: mail is sent although a mailbox is full. */
async function keepCopy(at: At, sent: string, raw: Buffer, messageId: string): Promise<Copy | null> {
  try {
    // Selected, so that the flags are those that this folder keeps.
    await inFolder(
      at,
      { path: sent, uidValidity: null },
      { action: 'keep a copy', write: true },
      async client => void (await client.append(sent, raw, ['\\Seen', LEAVING])),
    )
    return await findCopy(at, sent, messageId)
  } catch (error) {
    const refused = ['over_quota', 'not_permitted', 'folder_missing', 'too_large'].includes(
      codeOf(error) ?? '',
    )
    if (error instanceof ProviderError && refused) return null
    // It may be there all the same, and a repeat would take the message for one that left.
    const stray = await findCopy(at, sent, messageId).catch(() => null)
    if (stray) await settle(at, stray, false).catch(() => {})
    throw error
  }
}

/** Also after the caller has given up: its reason must not leave a mark that says the wrong thing. Never throws. */
async function settleSoon(at: At, { world }: SessionWorld, copy: Copy, left: boolean): Promise<void> {
  const unending = new AbortController().signal
  await within(world, SETTLE_MS, unending, signal => settle({ ...at, signal }, copy, left)).catch(() => {})
}

/** Takes the mark off, or the copy away. */
async function settle(at: At, { folder, uid }: Copy, left: boolean): Promise<void> {
  const options = { action: 'settle the copy in Sent', write: true }
  const set = sequence(packUids([uid]))
  await inFolder(at, folder, options, async client => {
    if (left) await command(client, 'UID STORE', [set, atom('-FLAGS.SILENT'), [atom(LEAVING)]])
    else await removeForGood(client, [uid])
  })
}
