import { ProviderError } from '@inlet/sync/provider-errors'
import type { ImapFlow, MailboxObject } from 'imapflow'
import { codeOf, mailError } from './errors.ts'
import type { Pool, Purpose } from './pool.ts'
import type { Session } from './session.ts'

/** Whose connections are used, how urgently, and until when. */
export type At = { pool: Pool; purpose: Purpose; signal: AbortSignal }
/** A folder while its UIDs mean what they meant: with another UIDVALIDITY all of them are void (RFC 3501 §2.3.1.1). */
export type FolderRef = { path: string; uidValidity: bigint }
/**
 * A connection shows a selected folder as it was told of it last, and tells of nothing that others have done since. These
 * have selected it since the view was made.
 */
export type View = WeakSet<Session>
export type FolderOptions = { action: string; write?: boolean; view?: View | null }

/**
 * Leases a connection, selects the folder and works in it. Throws `folder_renumbered` (kind `cursor_expired`) when its
 * UIDs are void, `garbled` when an answer could not be read (so what was read is not complete), `not_permitted` when
 * writing is asked for in a folder that can only be read. With a view, what is seen is never older than that.
 */
export async function inFolder<T>(
  { pool, purpose, signal }: At,
  { path, uidValidity }: { path: string; uidValidity: bigint | null },
  { action, write = false, view = null }: FolderOptions,
  work: (client: ImapFlow, mailbox: MailboxObject) => Promise<T>,
): Promise<T> {
  const run = () => useFolder({ pool, purpose, signal }, { path, uidValidity }, { action, write, view }, work)
  return write ? await run() : await onceMore(run)
}

/** A connection that is cut says nothing about the server: what only reads is asked for once more, on another one. */
export async function onceMore<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (codeOf(error) !== 'connection_cut') throw error
    return await run()
  }
}

async function useFolder<T>(
  { pool, purpose, signal }: At,
  { path, uidValidity }: { path: string; uidValidity: bigint | null },
  { action, write, view }: Required<FolderOptions>,
  work: (client: ImapFlow, mailbox: MailboxObject) => Promise<T>,
): Promise<T> {
  return await pool.use(purpose, signal, path, async session => {
    const fresh = view !== null && !view.has(session)
    try {
      return await session.inFolder(
        { path, readOnly: !write, fresh },
        action,
        signal,
        async (client, mailbox) => {
          view?.add(session)
          if (uidValidity !== null && mailbox.uidValidity !== uidValidity) throw renumbered(path, action)
          if (write && mailbox.readOnly) throw readOnly(path, action)
          const before = session.unreadable()
          const result = await work(client, mailbox)
          if (session.unreadable() > before)
            throw Object.assign(new Error('an answer could not be read'), { code: 'garbled' })
          return result
        },
      )
    } catch (error) {
      // A selected folder that was removed or made anew fails so for good: the next attempt selects it again.
      if (error instanceof ProviderError && error.kind === 'transient') session.destroy()
      throw error
    }
  })
}

const readOnly = (path: string, action: string) =>
  mailError(
    {
      code: 'not_permitted',
      kind: 'permanent',
      sentence: `The server lets the folder ${path} only be read.`,
    },
    action,
  )

export const renumbered = (path: string, action: string) =>
  mailError(
    {
      code: 'folder_renumbered',
      kind: 'cursor_expired',
      sentence: `The server has numbered the folder ${path} anew (UIDVALIDITY); it is listed again and nothing is lost.`,
    },
    action,
  )
