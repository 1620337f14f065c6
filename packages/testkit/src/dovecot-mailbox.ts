import { ImapFlow, type ListResponse } from 'imapflow'

/** What happens in a mailbox behind the back of whoever is tested: a second, plain client does it. */
export interface DovecotMailbox {
  /** Stores a message as a delivery would, or as another client. Makes the folder if it is missing. */
  append(
    raw: string | Buffer,
    options?: { folder?: string; flags?: string[]; date?: Date },
  ): Promise<{ uid: number; uidValidity: bigint }>
  /** Many, over one connection. */
  appendAll(raws: readonly string[], folder?: string): Promise<void>
  flag(folder: string, uids: number[], change: { add?: string[]; remove?: string[] }): Promise<void>
  expunge(folder: string, uids: number[]): Promise<void>
  /** uid there → uid in the other folder. */
  move(folder: string, uids: number[], to: string): Promise<Map<number, number>>
  copy(folder: string, uids: number[], to: string): Promise<Map<number, number>>
  create(folder: string): Promise<void>
  rename(folder: string, to: string): Promise<void>
  remove(folder: string): Promise<void>
  /** Takes all messages out, removes the folder, makes it anew and puts them back: other UIDs, another UIDVALIDITY. */
  recreate(folder: string): Promise<{ before: bigint; after: bigint }>
  uids(folder: string): Promise<number[]>
  folders(): Promise<ListResponse[]>
}

const OPERATION_MS = 20_000

/** Each operation has a connection of its own, so nothing outlives it. */
export function dovecotMailbox(port: number, user: string, password: string): DovecotMailbox {
  async function connected<T>(work: (client: ImapFlow) => Promise<T>): Promise<T> {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port,
      secure: false,
      doSTARTTLS: false,
      auth: { user, pass: password },
      logger: false,
      disableAutoIdle: true,
      socketTimeout: OPERATION_MS,
      connectionTimeout: OPERATION_MS,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return await work(client)
    } finally {
      client.close()
    }
  }

  const inFolder = <T>(folder: string, work: (client: ImapFlow) => Promise<T>) =>
    connected(async client => {
      const lock = await client.getMailboxLock(folder)
      try {
        return await work(client)
      } finally {
        lock.release()
      }
    })

  return {
    append: (raw, { folder = 'INBOX', flags = [], date } = {}) =>
      connected(async client => {
        if (folder !== 'INBOX') await client.mailboxCreate(folder)
        const stored = await client.append(folder, raw, flags, date)
        if (!stored || stored.uid === undefined || stored.uidValidity === undefined)
          throw new Error(`Dovecot did not say where it stored a message in ${folder}.`)
        return { uid: stored.uid, uidValidity: stored.uidValidity }
      }),
    appendAll: (raws, folder = 'INBOX') =>
      connected(async client => {
        if (folder !== 'INBOX') await client.mailboxCreate(folder)
        for (const raw of raws) await client.append(folder, raw)
      }),
    flag: (folder, uids, { add = [], remove = [] }) =>
      inFolder(folder, async client => {
        if (add.length > 0) await client.messageFlagsAdd(uids, add, { uid: true })
        if (remove.length > 0) await client.messageFlagsRemove(uids, remove, { uid: true })
      }),
    expunge: (folder, uids) =>
      inFolder(folder, async client => void (await client.messageDelete(uids, { uid: true }))),
    move: (folder, uids, to) =>
      inFolder(folder, async client => uidMap(await client.messageMove(uids, to, { uid: true }))),
    copy: (folder, uids, to) =>
      inFolder(folder, async client => uidMap(await client.messageCopy(uids, to, { uid: true }))),
    create: folder => connected(async client => void (await client.mailboxCreate(folder))),
    rename: (folder, to) => connected(async client => void (await client.mailboxRename(folder, to))),
    remove: folder => connected(async client => void (await client.mailboxDelete(folder))),
    recreate: folder =>
      connected(async client => {
        const opened = await client.mailboxOpen(folder)
        const kept = await client.fetchAll('1:*', { source: true, flags: true, internalDate: true })
        await client.mailboxClose()
        await client.mailboxDelete(folder)
        await client.mailboxCreate(folder)
        for (const { source, flags, internalDate } of kept.reverse())
          await client.append(
            folder,
            source ?? '',
            [...(flags ?? [])].filter(flag => flag !== '\\Recent'),
            internalDate,
          )
        const after = await client.status(folder, { uidValidity: true })
        return { before: opened.uidValidity, after: after.uidValidity ?? 0n }
      }),
    uids: folder =>
      inFolder(folder, async client => {
        const found = await client.search({ all: true }, { uid: true })
        if (!found) throw new Error(`Dovecot did not list ${folder}.`)
        return found
      }),
    folders: () => connected(client => client.list()),
  }
}

function uidMap(answer: false | { uidMap?: Map<number, number> }): Map<number, number> {
  if (answer === false || answer.uidMap === undefined)
    throw new Error('Dovecot did not say which messages it moved or copied.')
  return answer.uidMap
}
