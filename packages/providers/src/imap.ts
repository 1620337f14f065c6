import type { Connection, ProviderPort } from '@inlet/sync/provider-port'
import type { Grant } from '@inlet/sync/store-port'
import { realWorld, type World } from '@inlet/sync/world'
import { accessOf, createAccounts, readGrant } from './imap/account.ts'
import { type Consents, createConsents, type Offer } from './imap/consents.ts'
import { codeOf, mailError } from './imap/errors.ts'
import { findSettings, knownSettings, type MailResolver } from './imap/find-settings.ts'
import type { Lookup } from './imap/host-guard.ts'
import { quirksOf } from './imap/host-quirks.ts'
import { attendFolder } from './imap/idle.ts'
import { statusOf } from './imap/locate.ts'
import { mutate } from './imap/mutate.ts'
import type { Purpose } from './imap/pool.ts'
import { currentCursor, listPage, pullChanges } from './imap/pull.ts'
import { fetchByPlace, readAttachment, readBody } from './imap/read.ts'
import type { SessionWorld } from './imap/session.ts'
import { type ImapConfig, withDefaults } from './imap/settings.ts'
import { surveyFolders } from './imap/survey.ts'
import { createTree, nothingNew, pullTree, TREE, toLabels, toResources, treeCursor } from './imap/tree.ts'
import { type LoginProblem, tryLogin } from './imap/try-login.ts'
import { createWalkViews } from './imap/walk-views.ts'
import { createSendMemory } from './send-memory.ts'

export type ImapAdapter = ProviderPort & {
  readonly provider: 'imap'
  /** Settings for an address, the likeliest first; asks DNS and the servers themselves. */
  findSettings(email: string, signal: AbortSignal): Promise<Offer[]>
  /** The consent pages that are configured, and what becomes of their grants. */
  readonly consents: Consents
  /** Logs in at both servers and leaves, within half a minute. null: it works. */
  tryLogin(grant: Grant, signal: AbortSignal): Promise<LoginProblem | null>
  /** Closes all connections: before the process ends. */
  close(): Promise<void>
}

const ALL = 'all'

/** The adapter for any IMAP and SMTP server. One a process: it holds each account's connections. */
export function createImap(
  config: ImapConfig = {},
  world: World = realWorld,
  { lookup, resolver }: { lookup?: Lookup; resolver?: MailResolver } = {},
): ImapAdapter {
  const from: SessionWorld = { settings: withDefaults(config), world, ...(lookup && { lookup }) }
  const accounts = createAccounts(from)
  const consents = createConsents(from.settings.oauth, world)
  const tree = createTree(world.now)
  const walks = createWalkViews(world.now)
  const memory = createSendMemory()
  const open = (conn: Connection, purpose: Purpose, signal: AbortSignal) => accounts.at(conn, purpose, signal)
  const list = async (conn: Connection, purpose: Purpose, signal: AbortSignal) =>
    await tree.list(await open(conn, purpose, signal))

  return {
    provider: 'imap',
    tree: TREE,
    placed: true,
    close: accounts.close,
    consents,
    async findSettings(email, signal) {
      const known = knownSettings(email)
      const own = consents.byDomain(known.user, known.found)
      if (own) return [own]
      const found = await findSettings(email, from, signal, resolver && { resolver })
      return found.map(consents.offer)
    },
    tryLogin({ data }, signal) {
      const token = async () => consents.token({ data })?.accessToken ?? ''
      return tryLogin(accessOf('connecting', readGrant('the mailbox', data), token), from, signal)
    },

    async identify(conn, signal) {
      const at = await open(conn, 'interactive', signal)
      await tree.list(at)
      const email = at.grant.email.toLowerCase()
      return { email, displayName: at.grant.displayName || (email.split('@')[0] ?? email) }
    },
    resources: async (conn, signal) => toResources(await list(conn, 'live', signal)),
    labels: async (conn, signal) => toLabels(await list(conn, 'live', signal)),
    async survey(conn, cursors, signal) {
      return await surveyFolders({ tree, world }, await open(conn, 'live', signal), conn, cursors)
    },
    async listings(_conn, resource, signal) {
      signal.throwIfAborted()
      return resource === TREE ? [] : [{ name: ALL, labelId: resource, counted: true }]
    },
    async currentCursor(conn, resource, signal) {
      const at = await open(conn, 'live', signal)
      if (resource === TREE) return treeCursor(await tree.list(at))
      return await currentCursor(at, await tree.folder(at, resource), conn.places, world)
    },
    async *pull(conn, resource, cursor, signal) {
      const at = await open(conn, 'live', signal)
      if (resource === TREE) return yield* pullTree(tree, at, cursor)
      const folder = await tree.folder(at, resource).catch(missing)
      if (folder === null) return yield { ...nothingNew(), cursor, labelsChanged: true }
      yield* pullChanges(at, folder, cursor, conn.places, world)
    },
    async list(conn, resource, listing, position, signal, whole = false) {
      const at = await open(conn, 'backfill', signal)
      if (listing !== ALL || resource === TREE) throw noListing(listing)
      const view = whole ? walks.of(at.pool, resource, position) : null
      return await listPage(at, await tree.folder(at, resource), position, conn.places, view)
    },
    async *fetch(conn, _resource, ids, options, signal) {
      if (ids.length === 0) return
      const at = await open(conn, options.priority, signal)
      yield* fetchByPlace(conn, at, tree, ids, options, world)
    },
    async counts(conn, resource, signal) {
      const at = await open(conn, 'live', signal)
      if (resource === TREE) return { messages: 0, unread: 0 }
      const folders = resource === null ? await tree.list(at) : [await tree.folder(at, resource)]
      const sum = { messages: 0, unread: 0 }
      for (const { path } of folders) {
        const { messages, unseen } = await statusOf(at, path)
        sum.messages += messages
        sum.unread += unseen
      }
      return sum
    },
    watch: async () => null,
    unwatch: async () => {},
    async attend(conn, ring, signal) {
      const at = await open(conn, 'live', signal)
      const inbox = (await tree.list(at)).find(({ role }) => role === 'inbox')
      if (!inbox) throw missingInbox()
      const { pool, access } = at
      const { idleMs } = quirksOf(access.imap.host)
      await attendFolder({ pool, world, path: inbox.path, idleMs, onChange: () => ring(inbox.key) }, signal)
    },
    async body(conn, messageId, signal) {
      const at = await open(conn, 'interactive', signal)
      return await readBody(conn, at, await tree.recent(at), messageId)
    },
    async attachment(conn, messageId, partId, signal) {
      const at = await open(conn, 'interactive', signal)
      return await readAttachment(conn, at, await tree.recent(at), messageId, partId)
    },
    async mutate(conn, change, signal) {
      const at = await open(conn, 'interactive', signal)
      return await mutate({ conn, at, tree, from, memory }, change)
    },
  }
}

const missing = (error: unknown): null => {
  if (codeOf(error) === 'folder_missing') return null
  throw error
}

const missingInbox = () =>
  mailError(
    { code: 'folder_missing', kind: 'transient', sentence: 'The server lists no inbox.' },
    'watch the inbox',
  )

const noListing = (listing: string) =>
  mailError(
    { code: 'refused', kind: 'permanent', sentence: 'Ask listings() which there are.' },
    `list “${listing.slice(0, 60)}”`,
  )
