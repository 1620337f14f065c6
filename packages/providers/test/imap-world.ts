import { realWorld, type World } from '@inlet/sync/world'
import type { DovecotServer } from '@inlet/testkit/dovecot'
import type { Hideable } from '@inlet/testkit/dovecot-config'
import type { At } from '../src/imap/in-folder.ts'
import type { KnownPlaces } from '../src/imap/places.ts'
import type { Lease, Pool, Purpose } from '../src/imap/pool.ts'
import { type FolderCursor, type FolderPage, pullFolder } from '../src/imap/pull-folder.ts'
import type { Session, SessionWorld } from '../src/imap/session.ts'
import { type ImapConfig, type MailAccess, withDefaults } from '../src/imap/settings.ts'

export const never = new AbortController().signal
export const ANN = 'ann@inlet.test'

/** Ann's way into a Dovecot of the test, over TLS unless told otherwise. */
export function accessTo(dovecot: DovecotServer, more: Partial<MailAccess> = {}): MailAccess {
  return {
    accountId: 'account',
    imap: { host: 'localhost', port: dovecot.tlsPort, security: 'tls' },
    smtp: null,
    user: ANN,
    secret: async () => ({ password: dovecot.passwordOf(ANN) }),
    ...more,
  }
}

/** Trusts the test's server and lets private addresses be reached. */
export function worldFor(
  dovecot: DovecotServer,
  config: ImapConfig = {},
  world: World = realWorld,
): SessionWorld {
  return {
    settings: withDefaults({
      allowPrivateHosts: true,
      trustedCertificates: [dovecot.certificate],
      ...config,
    }),
    world,
    lookup: async () => ['127.0.0.1'],
  }
}

/** A message as it lies on a server. */
export function rawMail(
  subject: string,
  more: { from?: string; headers?: string; body?: string } = {},
): string {
  const { from = 'Bo Berg <bo@example.org>', headers = '', body = 'Hello.\r\n' } = more
  const id = subject.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return `From: ${from}\r\nTo: ${ANN}\r\nSubject: ${subject}\r\nMessage-ID: <${id}@example.org>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n${headers}\r\n${body}`
}

/** Servers of several ages: each lacks what an older one does not have yet. */
export const AGES: readonly { age: string; hide: readonly Hideable[] }[] = [
  { age: 'everything', hide: [] },
  { age: 'no QRESYNC', hide: ['QRESYNC'] },
  { age: 'no QRESYNC, IDLE, MOVE', hide: ['QRESYNC', 'IDLE', 'MOVE', 'ESEARCH'] },
  { age: 'no CONDSTORE', hide: ['QRESYNC', 'CONDSTORE', 'MOVE', 'UIDPLUS'] },
]

export const atOf = (pool: Pool, purpose: Purpose = 'live', signal: AbortSignal = never): At => ({
  pool,
  purpose,
  signal,
})

/**
 * Work goes to another of the connections each time, as it may in a pool that others use besides; each of them keeps
 * what it had selected.
 */
export function inTurn(leases: readonly Lease[]): Pool {
  let turn = 0
  const next = () => leases[turn++ % leases.length]?.session as Session
  return {
    lease: async () => ({ session: next(), release() {} }),
    use: (_purpose, _signal, _folder, work) => work(next()),
    stats: () => ({ open: leases.length, leased: 0, waiting: 0 }),
    close: async () => {},
  }
}

/** A folder as it would be stored: pages are applied one by one, and the cursor moves with the last. */
export function storedFolder(): {
  readonly places: Map<number, string>
  readonly known: KnownPlaces
  cursor: FolderCursor
  pages: FolderPage[]
  pull(at: At, path: string, depth?: 'news' | 'all'): Promise<void>
} {
  const places = new Map<number, string>()
  const below = (uid: number) => [...places.keys()].filter(each => each < uid)
  const folder = {
    places,
    known: {
      count: async (uid: number) => below(uid).length,
      range: async ({ first, last }: { first: number; last: number }, limit: number) =>
        below(last + 1)
          .filter(uid => uid >= first)
          .sort((a, b) => a - b)
          .slice(0, limit)
          .map(uid => ({ uid, flags: places.get(uid)?.split(' ').filter(Boolean) ?? [] })),
    },
    cursor: { uidValidity: '0', uidNext: 1, highestModseq: null } as FolderCursor,
    pages: [] as FolderPage[],
    async pull(at: At, path: string, depth?: 'news' | 'all') {
      folder.pages = []
      for await (const page of pullFolder(at, path, folder.cursor, folder.known, depth)) {
        folder.pages.push(page)
        for (const { uid, flags } of page.places) places.set(uid, flags.join(' '))
        for (const uid of page.vanished) places.delete(uid)
        if (page.cursor) folder.cursor = page.cursor
      }
    },
  }
  return folder
}

/** A world whose time passes only when it is told to. */
export function manualWorld(): { world: World; advance(ms: number): Promise<void> } {
  let now = 1_000_000
  const sleepers = new Set<{ until: number; wake(): void }>()
  const world: World = {
    now: () => now,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const onAbort = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const sleeper = {
          until: now + ms,
          wake() {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
  }
  return {
    world,
    async advance(ms) {
      now += ms
      for (const sleeper of [...sleepers]) if (sleeper.until <= now) sleeper.wake()
      // Whoever was woken goes on before the test does.
      await new Promise(resolve => setImmediate(resolve))
    },
  }
}
