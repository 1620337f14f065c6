import { toProviderError } from '@inlet/providers/imap/errors'
import type { Pool } from '@inlet/providers/imap/pool'
import { openFolder, type Session } from '@inlet/providers/imap/session'
import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Process } from '../process.ts'
import type { Random } from '../random.ts'
import { asImapFlow, ImapClient } from './imap-client.ts'
import type { ImapMailbox } from './imap-mailbox.ts'
import type { Folder } from './mail-store.ts'

export type PoolWorld = {
  clock: Clock
  random: Random
  faults: Faults
  process: Process
  isStored(mailbox: ImapMailbox, folder: Folder, uid: number): boolean
}

type Open = { session: Session; client: ImapClient; path: string | null }

/** One process' connections to a mailbox: of those that nobody uses any, and otherwise a new one. */
export function simulatedPool(world: PoolWorld, mailbox: ImapMailbox): Pool {
  const { random } = world
  const idle: Open[] = []
  return {
    async use(_purpose, signal, folder, work) {
      signal.throwIfAborted()
      const usable = idle.filter(({ client }) => client.usable)
      const same = usable.filter(({ path }) => path === folder)
      const known = usable.length === 0 ? undefined : random.pick(same.length > 0 ? same : usable)
      idle.splice(0, idle.length, ...usable.filter(open => open !== known))
      const open = known ?? connect(world, mailbox)
      try {
        return await work(open.session)
      } finally {
        if (open.client.usable && idle.length < 3) idle.push(open)
      }
    },
    lease: () => Promise.reject(new Error('Nobody waits on a connection here.')),
    stats: () => ({ open: idle.length, leased: 0, waiting: 0 }),
    close: async () => {},
  }
}

function connect({ clock, random, faults, process, isStored }: PoolWorld, mailbox: ImapMailbox): Open {
  let current: AbortSignal = new AbortController().signal
  const client = new ImapClient(mailbox, {
    random,
    faults,
    isStored,
    async travel() {
      const luck = random.next()
      if (luck < 0.5) return await process.gate()
      const ms = luck < 0.97 || faults.calm ? random.int(1, 40) : random.int(500, 6_000)
      await process.step(() => clock.sleep(ms, current))
    },
  })
  const at = { protocol: 'IMAP', host: 'imap.example.com', port: 993, security: 'tls' } as const
  const session: Session = {
    client: asImapFlow(client),
    ended: new Promise(() => {}),
    get closed() {
      return !client.usable
    },
    unreadable: () => 0,
    async run(action, signal, work) {
      signal.throwIfAborted()
      current = signal
      try {
        const result = await work(session.client)
        if (!client.usable)
          throw Object.assign(new Error('The connection is gone.'), { code: 'NoConnection' })
        return result
      } catch (error) {
        if (signal.aborted) {
          client.close()
          throw signal.reason
        }
        throw toProviderError(error, { ...at, action, login: 'password', now: clock.now() })
      }
    },
    inFolder: ({ path, readOnly, fresh = false }, action, signal, work) =>
      session.run(action, signal, async flow => {
        const selected = client.mailbox
        if (fresh || !selected || selected.path !== path || selected.readOnly !== readOnly)
          await openFolder(flow, path, readOnly)
        open.path = path
        if (!client.mailbox)
          throw Object.assign(new Error('No folder is selected.'), { code: 'NoConnection' })
        return await work(flow, client.mailbox)
      }),
    close: async () => client.close(),
    destroy: () => client.close(),
  }
  const open: Open = { session, client, path: null }
  return open
}
