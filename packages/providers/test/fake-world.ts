import { noPlaces } from '@inlet/sync/places'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { ProviderPort, PulledMessage } from '@inlet/sync/provider-port'
import type { ProviderTraits, ProviderWorld, TestAccount } from '@inlet/testkit/contract/provider-world'
import { FakeFolders } from '@inlet/testkit/fake-folders'
import { FakeProvider } from '@inlet/testkit/fake-provider'
import { attachmentOf, toPulledMessage } from '../src/imap/message.ts'

type Fake = FakeProvider | FakeFolders
/** One fake mailbox as its owner's other devices have it. */
type Owner = Omit<TestAccount, 'conn' | 'refreshes' | 'revoke' | 'deliver' | 'fault'> & {
  mailbox: Fake
  deliver(message: Partial<PulledMessage>, options: { spam?: boolean; trash?: boolean }): string
}

export const fakeTraits: ProviderTraits = { inMemory: true, listsIds: true }
export const fakeFoldersTraits: ProviderTraits = { inMemory: true }

/** The fakes of the engine's tests as the contract suite plays on them: a mailbox each for every account. */
export async function fakeWorld(open: () => Owner): Promise<ProviderWorld> {
  const mailboxes = new Map<string, Fake>()
  const port = portOver(open().mailbox, accountId => mailboxes.get(accountId) as Fake)
  const newAccount = async (): Promise<TestAccount> => {
    const email = `person-${mailboxes.size}@example.com`
    const owner = open()
    const { mailbox } = owner
    mailboxes.set(email, mailbox)
    mailbox.email = email
    const always = (error: () => ProviderError) => {
      mailbox.onCall = () => {
        throw error()
      }
    }
    return {
      ...owner,
      conn: {
        accountId: email,
        email,
        accessToken: async () => 'never asked for',
        secret: async () => ({}),
        places: noPlaces,
      },
      refreshes: () => 0,
      async deliver(raw, options = {}) {
        const source = Buffer.from(raw)
        const placing = { id: '', threadId: '', version: 0n, labelIds: [] }
        const {
          id: _id,
          threadId,
          version,
          labelIds,
          receivedAt,
          ...content
        } = toPulledMessage(
          placing,
          { flags: new Set(), internalDate: new Date(), size: source.length },
          source,
          { bodies: true },
        )
        const id = owner.deliver(content, options)
        for (const { partId } of content.attachments) {
          const bytes = attachmentOf(source, partId)
          if (bytes) mailbox.files.set(`${id} ${partId}`, bytes)
        }
        return id
      },
      revoke: async () =>
        always(() => new ProviderError('unauthorized', 'The grant was revoked.', { reconnect: true })),
      fault: {
        throttle: seconds =>
          always(
            () =>
              new ProviderError('rate_limited', 'Too fast.', {
                retryAt: Date.now() + (seconds ?? 60) * 1_000,
              }),
          ),
        outage: () => always(() => new ProviderError('transient', 'The fake is down.')),
        breakItem: id => void mailbox.broken.add(id),
        hang() {
          mailbox.onCall = () => new Promise(() => {})
        },
        refuseSend: () => always(() => new ProviderError('transient', 'Try again later.')),
        // Every page here says something; there is no connection to cut, and no answer to lose.
        emptyPages() {},
        cut() {},
        loseSendAnswer() {},
      },
    }
  }
  return {
    port,
    impatient: port,
    restarted: () => port,
    callbackUrl: null,
    newAccount,
    calm() {
      for (const mailbox of mailboxes.values()) mailbox.onCall = () => {}
    },
    close: async () => {},
  }
}

/** One port over all mailboxes: each call goes to the account's own. */
function portOver(sample: Fake, of: (accountId: string) => Fake): ProviderPort {
  return new Proxy<ProviderPort>(sample, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (conn: { accountId: string }, ...rest: unknown[]) => {
        const mailbox = of(conn.accountId)
        return Reflect.apply(Reflect.get(mailbox, name), mailbox, [conn, ...rest])
      }
    },
  })
}

const asSource = (message: PulledMessage): string =>
  JSON.stringify(message, (_, value) => (typeof value === 'bigint' ? String(value) : value))

export function fakeOwner(): Owner {
  const mailbox = new FakeProvider()
  const carrying = (label: string) =>
    [...mailbox.messages.values()].filter(each => each.labelIds.includes(label)).map(asSource)
  return {
    mailbox,
    ids: { inbox: 'INBOX', trash: 'TRASH', unread: 'UNREAD', starred: 'STARRED' },
    deliver: ({ unread, starred, ...content }, { spam, trash }) =>
      mailbox.deliver({ ...content, labelIds: [spam ? 'SPAM' : trash ? 'TRASH' : 'INBOX', 'UNREAD'] }).id,
    relabel: async (id, { add = [], remove = [] }) => mailbox.label(id, add, remove),
    delete: async id => mailbox.remove(id),
    async makeLabel(name) {
      const id = `L${mailbox.labelList.length}`
      mailbox.labelList.push({ id, name, role: null, color: null, hidden: false })
      return id
    },
    labelsOf: async id => mailbox.messages.get(id)?.labelIds ?? [],
    received: async () => carrying('INBOX'),
    sent: async () => carrying('SENT'),
    drafts: async () => carrying('DRAFT'),
    expireCursor: async () => mailbox.expireCursors(),
  }
}

export function fakeFoldersOwner(): Owner {
  const mailbox = new FakeFolders()
  const ids = {
    inbox: mailbox.placeOf('inbox'),
    trash: mailbox.placeOf('trash'),
    unread: 'UNREAD',
    starred: 'STARRED',
  }
  const lying = (folder: string) =>
    [...mailbox.messages.values()].filter(each => each.folder === folder).map(each => asSource(each.message))
  return {
    mailbox,
    ids,
    deliver: (content, { spam, trash }) =>
      mailbox.deliver(spam ? mailbox.placeOf('spam') : trash ? ids.trash : ids.inbox, content),
    async relabel(id, { add = [], remove = [] }) {
      for (const [label, flag] of [
        [ids.unread, 'unread'],
        [ids.starred, 'starred'],
      ] as const)
        if (add.includes(label) || remove.includes(label)) mailbox.mark(id, { [flag]: add.includes(label) })
      const to = add.findLast(label => mailbox.folders.has(label))
      if (to !== undefined) mailbox.move(id, to)
    },
    delete: async id => mailbox.remove(id),
    makeLabel: async name => mailbox.makeFolder(name),
    async labelsOf(id) {
      const found = mailbox.messages.get(id)
      if (!found) return []
      const { unread, starred } = found.message
      return [found.folder, ...(unread ? [ids.unread] : []), ...(starred ? [ids.starred] : [])]
    },
    received: async () => lying(ids.inbox),
    sent: async () => lying(mailbox.placeOf('sent')),
    drafts: async () => lying(mailbox.placeOf('drafts')),
    expireCursor: async () => mailbox.expireCursors(ids.inbox),
  }
}
