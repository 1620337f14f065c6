import { codeOf } from '@inlet/providers/imap/errors'
import type { At } from '@inlet/providers/imap/in-folder'
import { statusOf } from '@inlet/providers/imap/locate'
import { mutate } from '@inlet/providers/imap/mutate'
import type { Pool, Purpose } from '@inlet/providers/imap/pool'
import { currentCursor, listPage, pullChanges } from '@inlet/providers/imap/pull'
import { fetchByPlace } from '@inlet/providers/imap/read'
import { surveyFolders } from '@inlet/providers/imap/survey'
import {
  createTree,
  nothingNew,
  pullTree,
  TREE,
  toLabels,
  toResources,
  treeCursor,
} from '@inlet/providers/imap/tree'
import { createWalkViews } from '@inlet/providers/imap/walk-views'
import { createSendMemory } from '@inlet/providers/send-memory'
import type { Connection, ProviderPort } from '@inlet/sync/provider-port'
import type { World } from '@inlet/sync/world'
import type { FaultKind } from '../faults.ts'
import type { Mailbox } from '../mailbox.ts'
import { ImapMailbox } from './imap-mailbox.ts'
import { type PoolWorld, simulatedPool } from './imap-pool.ts'

type Parts = PoolWorld & {
  pageSize: number
  /** What was read may be old by the time it arrives. */
  back(signal: AbortSignal): Promise<void>
  ask(
    what: string,
    conn: Connection,
    signal: AbortSignal,
    more?: readonly FaultKind[],
  ): Promise<{ mailbox: Mailbox; fault: FaultKind | null }>
}
type Account = Parameters<typeof mutate>[0]['at']

/**
 * The real adapter's reading and changing (packages/providers/src/imap), over connections to a simulated server. What
 * imap.ts does besides is here: it ties those together.
 */
export function simulatedImap(parts: Parts): Partial<ProviderPort> {
  const { clock, random, process, ask, back } = parts
  const pools = new Map<ImapMailbox, Pool>()
  const tree = createTree(() => clock.now())
  const walks = createWalkViews(() => clock.now())
  const memory = createSendMemory()
  const world: World = {
    now: () => clock.now(),
    random: () => random.next(),
    sleep: (ms, signal) => process.sleep(ms, signal),
  }
  const open = async (
    what: string,
    conn: Connection,
    purpose: Purpose,
    signal: AbortSignal,
    more: readonly FaultKind[] = [],
  ) => {
    const { mailbox, fault } = await ask(what, conn, signal, more)
    if (!(mailbox instanceof ImapMailbox)) throw new TypeError(`${mailbox.email} is not asked by IMAP.`)
    const pool = pools.get(mailbox) ?? simulatedPool(parts, mailbox)
    pools.set(mailbox, pool)
    // Grants and access are for sending and for opening connections.
    return { at: { pool, purpose, signal } satisfies At as Account, mailbox, fault }
  }
  const list = async (what: string, conn: Connection, signal: AbortSignal) =>
    await tree.list((await open(what, conn, 'live', signal)).at)

  return {
    resources: async (conn, signal) => toResources(await list('resources', conn, signal)),
    labels: async (conn, signal) => toLabels(await list('labels', conn, signal)),
    async survey(conn, cursors, signal) {
      const { at } = await open('survey', conn, 'live', signal)
      return await surveyFolders({ tree, world }, at, conn, cursors)
    },
    listings: async (_conn, resource) =>
      resource === TREE ? [] : [{ name: 'all', labelId: resource, counted: true }],
    async currentCursor(conn, resource, signal) {
      const { at } = await open('currentCursor', conn, 'live', signal)
      if (resource === TREE) return treeCursor(await tree.list(at))
      return await currentCursor(at, await tree.folder(at, resource), conn.places, world)
    },
    async *pull(conn, resource, cursor, signal) {
      const { at, mailbox, fault } = await open('pull', conn, 'live', signal, ['expired'])
      if (fault === 'expired') mailbox.expireOne(resource)
      if (resource === TREE) return yield* pullTree(tree, at, cursor)
      const folder = await tree.folder(at, resource).catch((error: unknown) => {
        if (codeOf(error) === 'folder_missing') return null
        throw error
      })
      if (folder === null) return yield { ...nothingNew(), cursor, labelsChanged: true }
      yield* pullChanges(at, folder, cursor, conn.places, world)
    },
    async list(conn, resource, _listing, position, signal, whole = false) {
      const { at, mailbox, fault } = await open('list', conn, 'backfill', signal, ['expired'])
      if (fault === 'expired') mailbox.expireOne(resource)
      const folder = await tree.folder(at, resource)
      const view = whole ? walks.of(at.pool, resource, position) : null
      const page = await listPage(at, folder, position, conn.places, view, parts.pageSize)
      for (const { message } of page.items) if (message) mailbox.shown(message.id)
      const met = mailbox.metInListing(page.places?.put.map(({ messageId }) => messageId) ?? [])
      if (met) await process.step(() => clock.sleep(random.int(1_000, 8_000), signal))
      await back(signal)
      return page
    },
    async *fetch(conn, _resource, ids, options, signal) {
      if (ids.length === 0) return
      const { at, mailbox } = await open('fetch', conn, options.priority, signal)
      for await (const fetched of fetchByPlace(conn, at, tree, ids, options, world)) {
        if (fetched.outcome === 'message') mailbox.shown(fetched.id)
        if (fetched.outcome === 'missing') {
          await back(signal)
          const comeBack = mailbox.returning.get(fetched.id)
          mailbox.returning.delete(fetched.id)
          comeBack?.()
          if (comeBack) await process.step(() => clock.sleep(random.int(1_000, 8_000), signal))
        }
        yield fetched
      }
    },
    async counts(conn, resource, signal) {
      const { at } = await open('counts', conn, 'live', signal)
      if (resource === TREE) return { messages: 0, unread: 0 }
      const folders = resource === null ? await tree.list(at) : [await tree.folder(at, resource)]
      let messages = 0
      for (const { path } of folders) messages += (await statusOf(at, path)).messages
      return { messages, unread: null }
    },
    watch: async () => null,
    unwatch: async () => {},
    /** Sending goes by SMTP, which is the caller's. */
    async mutate(conn, change, signal) {
      const { at } = await open('mutate', conn, 'interactive', signal)
      return await mutate({ conn, at, tree, from: { world } as never, memory }, change)
    },
  }
}
