import type { Place } from '@inlet/sync/places'
import type { DovecotServer } from '@inlet/testkit/dovecot'
import { ImapFlow } from 'imapflow'
import { identityOf } from '../src/imap/identity.ts'
import { flagsOf } from '../src/imap/places.ts'

export type Lying = Place & { path: string }

/** A mailbox as its owner's other mail program has it: one connection, one thing at a time. */
export type Owner = {
  /** Everything that lies in it, or in one folder. */
  scan(path?: string): Promise<Lying[]>
  /** Where a message lies, the first of its places. */
  find(id: string): Promise<Lying | null>
  append(path: string, raw: string): Promise<string>
  flag(id: string, add: string[], remove: string[]): Promise<void>
  move(id: string, path: string): Promise<void>
  expunge(id: string): Promise<void>
  makeFolder(path: string): Promise<void>
  sources(path: string): Promise<string[]>
  status(path: string): Promise<{ uidValidity: bigint; uidNext: number }>
  close(): void
}

const QUERY = { uid: true, flags: true, envelope: true, internalDate: true, size: true } as const

export async function openOwner(dovecot: DovecotServer, user: string): Promise<Owner> {
  async function connected(): Promise<ImapFlow> {
    const made = new ImapFlow({
      host: '127.0.0.1',
      port: dovecot.port,
      secure: false,
      doSTARTTLS: false,
      auth: { user, pass: dovecot.passwordOf(user) },
      logger: false,
      disableAutoIdle: true,
    })
    made.on('error', () => {})
    await made.connect()
    return made
  }
  let client = await connected()
  let closed = false
  let turn: Promise<unknown> = Promise.resolve()
  const again = async () => {
    if (!closed && !client.usable) client = await connected()
  }
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = () => again().then(work)
    const mine = turn.then(run, run)
    turn = mine.catch(() => {})
    return mine
  }
  /** A server may end a connection at any time; what only reads is asked for on another one. */
  const reading = <T>(work: () => Promise<T>): Promise<T> =>
    inTurn(() =>
      work().catch(async error => {
        if (closed || client.usable) throw error
        await again()
        return await work()
      }),
    )
  const remembered = new Map<string, { path: string; uid: number }>()

  async function read(path: string, range: string, byUid: boolean): Promise<Lying[]> {
    const { exists, uidValidity } = await client.mailboxOpen(path)
    if (exists === 0) return []
    const rows = await client.fetchAll(range, QUERY, { uid: byUid })
    return rows.map(row => ({
      path,
      resource: `P${path}`,
      epoch: `${uidValidity}`,
      uid: row.uid,
      messageId: identityOf(row),
      flags: flagsOf(row.flags),
      modseq: row.modseq ?? null,
    }))
  }
  async function scan(only?: string): Promise<Lying[]> {
    const paths = only === undefined ? (await client.list()).map(({ path }) => path) : [only]
    const all: Lying[] = []
    for (const path of paths) all.push(...(await read(path, '1:*', false)))
    return all
  }
  async function find(id: string): Promise<Lying | null> {
    const last = remembered.get(id)
    const there = last
      ? (await read(last.path, `${last.uid}`, true)).find(each => each.messageId === id)
      : null
    const found = there ?? (await scan()).find(each => each.messageId === id) ?? null
    if (found) remembered.set(id, found)
    return found
  }
  const at = async (id: string): Promise<Lying> => {
    const found = await find(id)
    if (!found) throw new Error(`${id} is not in the mailbox of ${user}.`)
    await client.mailboxOpen(found.path)
    return found
  }

  return {
    scan: path => reading(() => scan(path)),
    find: id => reading(() => find(id)),
    append: (path, raw) =>
      inTurn(async () => {
        const stored = await client.append(path, raw).catch(async error => {
          if (closed || client.usable) throw error
          // Whether it was stored before the connection ended shows on another one.
          await again()
          const { exists, uidNext } = await client.mailboxOpen(path)
          const newest = exists > 0 && (await client.fetchOne('*', { uid: true, source: true }))
          const there = newest && newest.uid === uidNext - 1 && newest.source?.toString() === raw
          return there ? { uid: newest.uid } : await client.append(path, raw)
        })
        if (!stored || stored.uid === undefined)
          throw new Error(`Dovecot did not say where it put it in ${path}.`)
        const [lying] = await read(path, `${stored.uid}`, true)
        if (!lying) throw new Error(`What was put into ${path} is not there.`)
        remembered.set(lying.messageId, lying)
        return lying.messageId
      }),
    flag: (id, add, remove) =>
      inTurn(async () => {
        const { uid } = await at(id)
        if (add.length > 0) await client.messageFlagsAdd(`${uid}`, add, { uid: true })
        if (remove.length > 0) await client.messageFlagsRemove(`${uid}`, remove, { uid: true })
      }),
    move: (id, path) =>
      inTurn(async () => {
        const { uid, path: from } = await at(id)
        if (from === path) return
        await client.messageMove(`${uid}`, path, { uid: true })
        remembered.delete(id)
      }),
    expunge: id =>
      inTurn(async () => {
        const { uid } = await at(id)
        await client.messageDelete(`${uid}`, { uid: true })
      }),
    makeFolder: path => inTurn(async () => void (await client.mailboxCreate(path))),
    sources: path =>
      reading(async () => {
        const { exists } = await client.mailboxOpen(path)
        const rows = exists === 0 ? [] : await client.fetchAll('1:*', { source: true })
        return rows.map(({ source }) => (source ?? '').toString())
      }),
    status: path =>
      reading(async () => {
        const { uidValidity = 0n, uidNext = 0 } =
          (await client.status(path, { uidValidity: true, uidNext: true })) || {}
        return { uidValidity, uidNext }
      }),
    close() {
      closed = true
      client.close()
    },
  }
}
