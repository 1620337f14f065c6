import { setImmediate } from 'node:timers/promises'
import { noPlaces } from '@inlet/sync/places'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, ProviderPort } from '@inlet/sync/provider-port'
import type { ProviderTraits, ProviderWorld, TestAccount } from '@inlet/testkit/contract/provider-world'
import { Clock } from '../src/clock.ts'
import { Faults } from '../src/faults.ts'
import type { Mailbox, MailboxWorld } from '../src/mailbox.ts'
import { Process } from '../src/process.ts'
import { simulatedProvider } from '../src/provider.ts'
import { createRandom } from '../src/random.ts'

const HOUR = 3_600_000

export const simulatedTraits: ProviderTraits = { inMemory: true, listsIds: true, mirrorOnly: true }

/** The simulated provider as the contract suite plays on it. Its time passes while a call is under way. */
export async function simulatedWorld(open: (world: MailboxWorld) => Mailbox): Promise<ProviderWorld> {
  const clock = new Clock()
  // What the simulation does by chance, against the contract or at its edge, is not in question: repeats, empty pages.
  const random = { ...createRandom('contract'), chance: (probability: number) => probability === 1 }
  const mailboxes = new Map<string, Mailbox>()
  let faults = new Faults(clock, random)
  let standing = false
  const mailboxWorld = (email: string): MailboxWorld => ({
    email,
    now: () => clock.now(),
    random,
    ring() {},
    after: (ms, run) => void clock.sleep(ms).then(run),
    isStored: () => true,
  })
  const { port } = simulatedProvider(
    {
      clock,
      faults: {
        strike: (target, kinds) => faults.strike(target, kinds),
        get calm() {
          return faults.calm
        },
      } as Faults,
      random,
      mailboxes,
      pageSize: 50,
      watchMs: () => HOUR,
      isStored: () => true,
      isPlaced: () => true,
    },
    new Process('contract', clock),
    open(mailboxWorld('nobody')).traits,
  )

  /** Lets time pass until `work` has ended. */
  async function pass<T>(work: Promise<T>): Promise<T> {
    let ended = false
    const end = () => {
      ended = true
    }
    work.then(end, end)
    while (!ended && !standing) {
      await clock.run(clock.now() + HOUR, () => ended)
      await setImmediate()
    }
    return await work
  }
  async function* passing<T>(source: AsyncIterable<T>): AsyncIterable<T> {
    const items = source[Symbol.asyncIterator]()
    try {
      for (;;) {
        const item = await pass(items.next())
        if (item.done) return
        yield item.value
      }
    } finally {
      await items.return?.()
    }
  }
  const driven: ProviderPort = {
    ...port,
    ...{ pull: (...of) => passing(port.pull(...of)), fetch: (...of) => passing(port.fetch(...of)) },
    ...{ identify: (...of) => pass(port.identify(...of)), resources: (...of) => pass(port.resources(...of)) },
    currentCursor: (...of) => pass(port.currentCursor(...of)),
    listings: (...of) => pass(port.listings(...of)),
    list: (...of) => pass(port.list(...of)),
    labels: (...of) => pass(port.labels(...of)),
    counts: (...of) => pass(port.counts(...of)),
    watch: (...of) => pass(port.watch(...of)),
    unwatch: (...of) => pass(port.unwatch(...of)),
    body: (...of) => pass(port.body(...of)),
    attachment: (...of) => pass(port.attachment(...of)),
    mutate: (...of) => pass(port.mutate(...of)),
  }

  return {
    port: driven,
    impatient: driven,
    restarted: () => driven,
    callbackUrl: null,
    async newAccount(): Promise<TestAccount> {
      const email = `person-${mailboxes.size}@example.com`
      const mailbox = open(mailboxWorld(email))
      mailboxes.set(email, mailbox)
      const fail = (kind: Parameters<Faults['open']>[1]) => faults.open('provider', kind, 1, 24 * HOUR)
      const carrying = (label: string) =>
        [...mailbox.messages.values()].filter(each => each.labelIds.includes(label)).map(({ id }) => id)
      const conn: Connection = {
        accountId: email,
        email,
        places: noPlaces,
        secret: async () => ({}),
        async accessToken(_signal, stale) {
          if (stale !== undefined && mailbox.revoked)
            throw new ProviderError('unauthorized', 'The grant was revoked.', { reconnect: true })
          return `${email}#${mailbox.generation}`
        },
      }
      const later = () => clock.run(clock.now() + 10)
      return {
        conn,
        ids: { inbox: 'INBOX', trash: 'TRASH', unread: 'UNREAD', starred: 'STARRED' },
        refreshes: () => 0,
        async deliver(_raw, { spam, trash } = {}) {
          await later()
          return mailbox.deliver(clock.now(), {
            labelIds: [spam ? 'SPAM' : trash ? 'TRASH' : 'INBOX', 'UNREAD'],
          }).id
        },
        async relabel(id, { add = [], remove = [] }) {
          await later()
          mailbox.label(id, add, remove)
        },
        delete: async id => mailbox.remove(id),
        makeLabel: async name => mailbox.createLabel(name),
        async labelsOf(id) {
          const message = mailbox.messages.get(id)
          return [...(message?.labelIds ?? []), ...(message?.unread ? ['UNREAD'] : [])]
        },
        received: async () => carrying('INBOX'),
        sent: async () => carrying('SENT'),
        drafts: async () => [],
        expireCursor: async () => mailbox.expireCursors(0),
        async revoke() {
          mailbox.revoked = true
        },
        fault: {
          throttle: () => fail('rate_limited'),
          outage: () => fail('transient'),
          breakItem: id => void mailbox.broken.add(id),
          hang() {
            standing = true
          },
          refuseSend: () => fail('transient'),
          emptyPages() {},
          cut() {},
          loseSendAnswer() {},
        },
      }
    },
    calm() {
      standing = false
      faults = new Faults(clock, random)
    },
    close: async () => {},
  }
}
