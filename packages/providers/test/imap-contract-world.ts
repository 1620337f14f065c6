import type { Place, PlaceReader } from '@inlet/sync/places'
import type { Connection, ProviderPort, PulledPage } from '@inlet/sync/provider-port'
import type { ProviderTraits, ProviderWorld, TestAccount } from '@inlet/testkit/contract/provider-world'
import { startDovecot } from '@inlet/testkit/dovecot'
import type { Hideable } from '@inlet/testkit/dovecot-config'
import { onTestFinished } from 'vitest'
import type { ImapConfig } from '../src/imap/settings.ts'
import { createImap, type ImapAdapter } from '../src/imap.ts'
import { type Owner, openOwner } from './imap-contract-mailbox.ts'
import { fakeSmtp, type SmtpScript } from './imap-fake-smtp.ts'
import { startImapGate } from './imap-gate.ts'

const USERS = Array.from({ length: 300 }, (_, at) => `person-${at}@inlet.test`)
const HASTY = { connectMs: 400, greetingMs: 400, silenceMs: 400, workMs: 900, waitMs: 900 }
/** Of messages that nobody has: places where nothing lies, so that the server is asked. */
const NOWHERE_UID = 4_000_000_000

export const imapTraits: ProviderTraits = {
  local: ['listings', 'watch', 'unwatch'],
  threadsByHeaders: true,
  sendsBlindly: true,
  listsIds: true,
  surveys: true,
  tokenless: true,
}

type Account = TestAccount & {
  owner: Owner
  /** What is stored of each folder: as it was at the last cursor. */
  stored: Map<string, Place[]>
  calm(): void
  /** Brings what was sent to those who have a mailbox here. */
  post(): Promise<void>
}

/** A real Dovecot as the contract suite plays on it. */
export async function imapWorld(hide: readonly Hideable[] = []): Promise<ProviderWorld> {
  const dovecot = await startDovecot({ users: USERS, hide })
  const accounts = new Map<string, Account>()
  const adapters: ImapAdapter[] = []
  const make = (more: ImapConfig = {}): ProviderPort => {
    const config = { allowPrivateHosts: true, idleMs: 5_000, ...more }
    const adapter = createImap(config, undefined, { lookup: async () => ['127.0.0.1'] })
    adapters.push(adapter)
    return storing(adapter, conn => accounts.get(conn.accountId) as Account)
  }
  const people = { accountOf: (email: string) => accounts.get(email) }

  const newAccount = async (): Promise<Account> => {
    const user = USERS[accounts.size] ?? ''
    const password = dovecot.passwordOf(user)
    const [owner, gate] = [await openOwner(dovecot, user), await startImapGate(dovecot.port)]
    const script: SmtpScript = { password }
    const smtp = await fakeSmtp(script)
    onTestFinished(async () => {
      owner.close()
      await gate.close()
    })
    const stored = new Map<string, Place[]>()
    const key = (path: string) => `P${path}`
    const ids = { inbox: key('INBOX'), trash: key('Trash'), unread: '\\Unseen', starred: '\\Flagged' }
    const conn: Connection = {
      accountId: user,
      email: user,
      accessToken: async () => password,
      secret: async () => ({
        ...{ email: user, displayName: 'Me', user, password },
        ...{ imapHost: 'localhost', imapPort: gate.port, imapSecurity: 'none' },
        ...{ smtpHost: 'localhost', smtpPort: smtp.port, smtpSecurity: 'none' },
      }),
      places: readerOf(owner, stored),
    }
    let posted = 0
    const account: Account = {
      conn,
      ids,
      owner,
      stored,
      refreshes: () => 0,
      deliver: (raw, { spam, trash } = {}) => owner.append(spam ? 'Junk' : trash ? 'Trash' : 'INBOX', raw),
      async relabel(id, { add = [], remove = [] }) {
        const flags = (labels: string[], unread: boolean) => [
          ...(labels.includes(ids.starred) ? ['\\Flagged'] : []),
          ...(unread ? ['\\Seen'] : []),
        ]
        await owner.flag(id, flags(add, remove.includes(ids.unread)), flags(remove, add.includes(ids.unread)))
        const folder = add.findLast(label => label.startsWith('P'))
        if (folder !== undefined) await owner.move(id, folder.slice(1))
      },
      delete: id => owner.expunge(id),
      async makeLabel(name) {
        await owner.makeFolder(name)
        return key(name)
      },
      async labelsOf(id) {
        const places = (await owner.scan()).filter(each => each.messageId === id)
        const has = (flag: string) => places.some(({ flags }) => flags.includes(flag))
        return [
          ...new Set(places.map(({ resource }) => resource)),
          ...(has('\\Flagged') ? [ids.starred] : []),
          ...(has('\\Seen') ? [] : [ids.unread]),
        ]
      },
      received: () => owner.sources('INBOX'),
      sent: () => owner.sources('Sent'),
      drafts: () => owner.sources('Drafts'),
      expireCursor: () => dovecot.setUidValidity('INBOX', 77_000_000 + accounts.size, user),
      async revoke() {
        await dovecot.setPassword(user, 'another')
        gate.reset()
      },
      calm() {
        gate.trouble(null)
        delete script.afterData
        delete script.answer
      },
      async post() {
        for (const mail of smtp.mails.slice(posted))
          for (const to of mail.to) await people.accountOf(to)?.owner.append('INBOX', mail.data.toString())
        posted = smtp.mails.length
      },
      fault: {
        throttle: seconds =>
          gate.trouble({ kind: 'throttle', ms: seconds === null ? null : seconds * 1_000 }),
        outage: () => gate.trouble({ kind: 'outage' }),
        breakItem(id) {
          void owner.find(id).then(place => place && gate.trouble({ kind: 'broken', uid: place.uid }))
        },
        cut: (times = 1) => gate.trouble({ kind: 'cut', times }),
        hang: () => gate.trouble({ kind: 'hang' }),
        // Every answer here is whole; there is no page that could be empty.
        emptyPages() {},
        loseSendAnswer(how) {
          script.afterData = how === 'late' ? 'silent' : 'cut'
        },
        refuseSend() {
          script.answer = line => (/^MAIL FROM/i.test(line) ? '451 4.3.0 try again later' : null)
        },
      },
    }
    accounts.set(user, account)
    return account
  }

  const port = make()
  return {
    port,
    impatient: make(HASTY),
    restarted: () => make(),
    callbackUrl: null,
    newAccount,
    calm() {
      for (const account of accounts.values()) account.calm()
    },
    async close() {
      await Promise.all(adapters.map(adapter => adapter.close()))
      await dovecot.stop()
    },
  }
}

/** Where messages lie is always known here; what a folder is compared with is what was stored of it. */
function readerOf(owner: Owner, stored: ReadonlyMap<string, Place[]>): PlaceReader {
  const within = (resource: string, epoch: string, first: number, last: number) =>
    (stored.get(resource) ?? []).filter(each => each.epoch === epoch && each.uid >= first && each.uid <= last)
  return {
    async of(ids) {
      const found = new Map<string, Place[]>()
      for (const { path: _, ...place } of await owner.scan())
        if (ids.includes(place.messageId))
          found.set(place.messageId, [...(found.get(place.messageId) ?? []), place])
      const { uidValidity } = await owner.status('INBOX')
      const nowhere = {
        resource: 'PINBOX',
        epoch: `${uidValidity}`,
        uid: NOWHERE_UID,
        flags: [],
        modseq: null,
      }
      for (const messageId of ids)
        if (!found.has(messageId)) found.set(messageId, [{ ...nowhere, messageId }])
      return found
    },
    count: async (resource, epoch, below) => within(resource, epoch, 1, below - 1).length,
    range: async (resource, epoch, { first, last }, limit) =>
      within(resource, epoch, first, last)
        .sort((a, b) => a.uid - b.uid)
        .slice(0, limit),
    async sums() {
      const sums = [...stored].map(([resource, places]) => {
        const [{ epoch } = { epoch: '' }] = places
        const own = places.filter(each => each.epoch === epoch)
        const unseen = own.filter(({ flags }) => !flags.includes('\\Seen')).length
        return { resource, epoch, places: own.length, unseen }
      })
      return sums.filter(({ places }) => places > 0)
    },
    async cursor(resource) {
      const { uidValidity, uidNext } = await owner.status(resource.slice(1))
      return JSON.stringify({
        uidValidity: `${uidValidity}`,
        uidNext,
        highestModseq: null,
        sweptAt: Date.now(),
      })
    },
  }
}

/** The adapter with what the engine does beside it: it stores places, and asks about messages that have left one. */
function storing(adapter: ImapAdapter, accountOf: (conn: Connection) => Account): ProviderPort {
  return {
    ...adapter,
    async currentCursor(conn, resource, signal) {
      const cursor = await adapter.currentCursor(conn, resource, signal)
      const { owner, stored } = accountOf(conn)
      if (resource.startsWith('P')) stored.set(resource, await owner.scan(resource.slice(1)))
      return cursor
    },
    async *pull(conn, resource, cursor, signal) {
      const { stored } = accountOf(conn)
      for await (const page of adapter.pull(conn, resource, cursor, signal))
        yield store(stored, resource, page)
    },
    async mutate(conn, change, signal) {
      const outcome = await adapter.mutate(conn, change, signal)
      await accountOf(conn).post()
      return outcome
    },
  }
}

function store(stored: Map<string, Place[]>, resource: string, page: PulledPage): PulledPage {
  if (!page.places) return page
  const { epoch, put, gone } = page.places
  const before = stored.get(resource) ?? []
  const left = before.filter(each => gone.includes(each.uid))
  const named = new Set([...gone, ...put.map(({ uid }) => uid)])
  stored.set(resource, [
    ...before.filter(each => !named.has(each.uid)),
    ...put.map(place => ({ ...place, resource, epoch })),
  ])
  return {
    ...page,
    touched: [...page.touched, ...left.map(({ messageId }) => ({ id: messageId, version: 1n }))],
  }
}
