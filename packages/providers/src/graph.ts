import { ProviderError } from '@inlet/sync/provider-errors'
import type { ProviderPort } from '@inlet/sync/provider-port'
import { realWorld, type World } from '@inlet/sync/world'
import { createClient } from './graph/client.ts'
import { type GraphConfig, withDefaults } from './graph/config.ts'
import { record, text } from './graph/errors.ts'
import { fetchAttachment, fetchBody, fetchMessages } from './graph/fetch.ts'
import { createFolders, FOLDERS, toLabels, toResources } from './graph/folders.ts'
import { counts, listings, listPage } from './graph/list.ts'
import { mutate } from './graph/mutate.ts'
import { microsoftOAuth } from './graph/oauth.ts'
import { currentCursor, pullChanges } from './graph/pull.ts'
import { type ParsedItem, parsePush } from './graph/push.ts'
import { unwatch, watch } from './graph/watch.ts'
import type { OAuth } from './oauth.ts'
import { createSendMemory } from './send-memory.ts'

export type GraphAdapter = ProviderPort & {
  readonly provider: 'graph'
  /** Consent, exchange and refresh: what MailProvider of the engine needs, and the connect routes. */
  readonly oauth: OAuth
  /** Reads a POST of change notifications, its body already bounded by the caller. Answering `validationToken` is the route's. */
  parsePush(request: { body: string }): ParsedItem[]
}

/** The adapter for Outlook mail over Microsoft Graph. One a process: it holds each account's pace. */
export function createGraph(config: GraphConfig, world: World = realWorld): GraphAdapter {
  const settings = withDefaults(config)
  const client = createClient(settings, world)
  const folders = createFolders(client)
  const memory = createSendMemory()
  return {
    provider: 'graph',
    tree: FOLDERS,
    oauth: microsoftOAuth(settings, world),
    parsePush,

    async identify(conn, signal) {
      const { body } = await client.call(
        conn,
        { action: 'read the profile', priority: 'interactive', signal },
        { method: 'GET', path: '/me?$select=displayName,mail,userPrincipalName' },
      )
      const { displayName, mail, userPrincipalName } = record(body)
      const email = (text(mail) || text(userPrincipalName)).toLowerCase()
      if (!email)
        throw new ProviderError('transient', 'Microsoft answered a profile without an e-mail address.')
      return { email, displayName: text(displayName).trim() || (email.split('@')[0] ?? email) }
    },

    async resources(conn, signal) {
      return toResources(await folders.list(conn, 'live', signal))
    },
    async labels(conn, signal) {
      return toLabels(await folders.list(conn, 'live', signal))
    },
    async listings(_conn, resource, signal) {
      signal.throwIfAborted()
      return listings(resource)
    },
    currentCursor: (conn, resource, signal) => currentCursor(client, conn, resource, signal),
    pull: (conn, resource, cursor, signal) => pullChanges(client, conn, resource, cursor, signal),
    list: (conn, resource, listing, position, signal) =>
      listPage(client, conn, resource, listing, position, signal),
    fetch: (conn, _resource, ids, options, signal) =>
      fetchMessages(client, folders, conn, ids, options, signal),
    counts: (conn, resource, signal) => counts(client, folders, conn, resource, signal),
    watch: (conn, resource, request, signal) => watch(client, conn, resource, request, signal),
    unwatch: (conn, current, signal) => unwatch(client, conn, current, signal),
    body: (conn, messageId, signal) => fetchBody(client, conn, messageId, signal),
    attachment: (conn, messageId, partId, signal) => fetchAttachment(client, conn, messageId, partId, signal),
    mutate: (conn, change, signal) => mutate(client, folders, memory, conn, change, signal),
  }
}
