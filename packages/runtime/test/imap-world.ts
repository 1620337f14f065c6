import { createImap, type ImapAdapter } from '@inlet/providers/imap'
import { identityOf } from '@inlet/providers/imap/identity'
import type { ImapConfig } from '@inlet/providers/imap/settings'
import { Attendance } from '@inlet/sync/attend'
import { newId } from '@inlet/sync/row-id'
import { Runner } from '@inlet/sync/runner'
import type { Grant } from '@inlet/sync/store-port'
import { realWorld, type World } from '@inlet/sync/world'
import type { DovecotServer } from '@inlet/testkit/dovecot'
import { ImapFlow } from 'imapflow'
import { engineWorldOver } from './harness.ts'

/** What a mailbox is: each message's folders and flags, and how many lie in each folder. */
export type Truth = {
  messages: Map<string, string>
  folders: Record<string, number>
}

/** As a plain client sees it: besides, each place with its Message-ID and Maildir's letters for its flags. */
export type Lying = Truth & { places: string[] }

const POLL_MS = 200

/** What an account waits out after failures passes quickly; limits on what is under way stay as they are. */
const hurried: World = {
  ...realWorld,
  sleep: (ms, signal) => realWorld.sleep(ms > 5_000 && ms <= 60_000 ? 300 : ms, signal),
}

/**
 * The engine over Postgres and a Dovecot, with a worker that can be started and stopped. By password, unless a `consent`
 * brings a grant.
 */
export async function imapWorld(
  dovecot: DovecotServer,
  user: string,
  config: ImapConfig = {},
  consent?: (adapter: ImapAdapter) => Promise<Grant>,
) {
  const adapter = createImap(
    { allowPrivateHosts: true, trustedCertificates: [dovecot.certificate], ...config },
    hurried,
    { lookup: async () => ['127.0.0.1'] },
  )
  const password = dovecot.passwordOf(user)
  const byPassword = {
    ...{ email: user, displayName: '', user, password },
    ...{ imapHost: 'localhost', imapPort: dovecot.tlsPort, imapSecurity: 'tls' },
    ...{ smtpHost: null, smtpPort: null, smtpSecurity: null },
  }
  const granted = await consent?.(adapter)
  const { refresh, token, revoke } = adapter.consents
  const world = await engineWorldOver(adapter, granted?.data ?? byPassword, { refresh, token, revoke })
  const { store, accountId, clock, pool, userId } = world
  const poll = () => store.mark({ accountId, lanes: ['live'] }, 'poll', clock.now())

  return {
    ...world,
    adapter,
    box: dovecot.mailbox(user),
    poll,
    status: async () => (await store.account(accountId))?.status,
    /** Runs until all is done, what waits for the provider's word included. */
    async settle() {
      for (let round = 0; round < 4; round++) {
        await poll()
        await world.drain()
        clock.advance(60 * 60_000)
      }
    },
    /** Runner, IDLE and polling, as in a worker process. `stop` resolves when all of it has ended. */
    work() {
      const stopping = new AbortController()
      const { signal } = stopping
      const runner = new Runner(world.engine)
      const attendance = new Attendance(world.engine, { workerId: newId(), onMark: () => runner.kick() })
      const polling = async () => {
        while (!signal.aborted) {
          await poll()
          runner.kick()
          await new Promise(resolve => setTimeout(resolve, POLL_MS))
        }
      }
      const running = Promise.all([runner.run(signal), attendance.run(signal), polling()])
      return {
        attendance,
        async stop() {
          stopping.abort(new Error('stop'))
          await running
        },
      }
    },
    /** What is stored. */
    async stored(): Promise<Truth> {
      const { rows } = await pool.query<{ id: string; folders: string[]; state: string }>(
        `SELECT m.provider_id AS id, concat_ws(' ', CASE WHEN NOT m.unread THEN 'seen' END, CASE WHEN m.starred THEN 'flagged' END) AS state,
                ARRAY(SELECT l.provider_id FROM label l WHERE l.user_id = m.user_id AND l.id = ANY(m.label_ids) ORDER BY 1) AS folders
           FROM message m WHERE m.user_id = $1`,
        [userId],
      )
      const places = await pool.query<{ resource: string; n: number }>(
        'SELECT resource, count(*)::int4 AS n FROM place WHERE account_id = $1 AND NOT gone GROUP BY 1',
        [accountId],
      )
      return {
        messages: new Map(
          rows.map(({ id, folders, state }) => [id, `${folders.sort().join(' ')}: ${state}`] as const).sort(),
        ),
        folders: Object.fromEntries(places.rows.map(({ resource, n }) => [resource, n] as const).sort()),
      }
    },
    /** What lies on the server, as a plain client sees it. */
    async lying(): Promise<Lying> {
      const client = new ImapFlow({
        ...{ host: '127.0.0.1', port: dovecot.port, secure: false, doSTARTTLS: false },
        ...{ auth: { user, pass: password }, logger: false },
      })
      client.on('error', () => {})
      await client.connect()
      try {
        const seen = new Map<string, { folders: Set<string>; flags: Set<string> }>()
        const folders: [string, number][] = []
        const places: string[] = []
        for (const { path } of await client.list()) {
          const { exists } = await client.mailboxOpen(path, { readOnly: true })
          const query = { uid: true, flags: true, envelope: true, internalDate: true, size: true }
          const rows = exists === 0 ? [] : await client.fetchAll('1:*', query)
          if (rows.length > 0) folders.push([`P${path}`, rows.length])
          for (const row of rows) {
            const id = identityOf(row)
            const message = seen.get(id) ?? { folders: new Set(), flags: new Set() }
            message.folders.add(`P${path}`)
            for (const flag of row.flags ?? []) message.flags.add(flag)
            const letters = `${row.flags?.has('\\Flagged') ? 'F' : ''}${row.flags?.has('\\Seen') ? 'S' : ''}`
            places.push(`${path} ${row.envelope?.messageId} ${letters}`)
            seen.set(id, message)
          }
        }
        const state = (flags: Set<string>) =>
          [flags.has('\\Seen') && 'seen', flags.has('\\Flagged') && 'flagged'].filter(Boolean).join(' ')
        return {
          messages: new Map(
            [...seen]
              .map(
                ([id, { folders, flags }]) =>
                  [id, `${[...folders].sort().join(' ')}: ${state(flags)}`] as const,
              )
              .sort(),
          ),
          folders: Object.fromEntries(folders.sort()),
          places: places.sort(),
        }
      } finally {
        client.close()
      }
    },
    async failures() {
      return (await pool.query('SELECT code FROM failed_item WHERE account_id = $1', [accountId])).rows
    },
    async tombstones() {
      const { rowCount } = await pool.query(
        `SELECT 1 FROM tombstone WHERE user_id = $1 AND kind = 'message'`,
        [userId],
      )
      return rowCount
    },
    async close() {
      await adapter.close()
      await world.close()
    },
  }
}

export const mailOf = (subject: string, n: number): string =>
  `From: Bo <bo@example.org>\r\nTo: me@example.org\r\nSubject: ${subject}\r\nMessage-ID: <${n}.${subject.replace(/\W/g, '')}@example.org>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nHello ${n}.\r\n`
