import { ProviderError } from '@inlet/sync/provider-errors'
import type { ProviderPort } from '@inlet/sync/provider-port'
import { realWorld, type World } from '@inlet/sync/world'
import { createClient } from './gmail/client.ts'
import { type GmailConfig, withDefaults } from './gmail/config.ts'
import { fetchAttachment, fetchBody, fetchMessages } from './gmail/fetch.ts'
import { createKnownLabels, listLabels } from './gmail/labels.ts'
import { counts, listings, listPage, profile } from './gmail/list.ts'
import { parseVersion } from './gmail/message.ts'
import { mutate } from './gmail/mutate.ts'
import { googleOAuth } from './gmail/oauth.ts'
import { pullHistory } from './gmail/pull.ts'
import { createPushParser, type ParsedPush, type PushRequest } from './gmail/push.ts'
import { unwatch, watch } from './gmail/watch.ts'
import type { OAuth } from './oauth.ts'
import { createSendMemory } from './send-memory.ts'

export type GmailAdapter = ProviderPort & {
  readonly provider: 'gmail'
  /** Consent, exchange, refresh, revocation: what MailProvider of the engine needs, and the connect routes. */
  readonly oauth: OAuth
  /** Verifies and reads a push. Throws PushRejected (answer 401) or ProviderError `transient` (answer 503: it comes again). */
  parsePush(request: PushRequest, signal: AbortSignal): Promise<ParsedPush>
}

const MAILBOX = 'mailbox'

/** Gmail sends at most one notification a second and mailbox, and drops the others (push guide, "Limitations"). */
const LOOK_AGAIN_MS = 500

/** The Gmail adapter. One a process: it holds each account's pace. */
export function createGmail(config: GmailConfig, world: World = realWorld): GmailAdapter {
  const settings = withDefaults(config)
  const client = createClient(settings, world)
  const known = createKnownLabels()
  const memory = createSendMemory()
  return {
    provider: 'gmail',
    lookAgainMs: LOOK_AGAIN_MS,
    silentLabels: true,
    oauth: googleOAuth(settings, world),
    parsePush: createPushParser(settings),

    async identify(conn, signal) {
      const { emailAddress } = await profile(client, conn, signal)
      if (!emailAddress)
        throw new ProviderError('transient', 'Gmail answered a profile without an e-mail address.')
      // A name is a kindness; without it the address will do.
      const names = await client
        .call(
          conn,
          {
            method: 'settings.sendAs.list',
            action: 'read the display name',
            priority: 'interactive',
            signal,
          },
          (gmail, options) => gmail.users.settings.sendAs.list({ userId: 'me' }, options),
        )
        .catch((error: unknown) => {
          if (error instanceof ProviderError) return { sendAs: [] }
          throw error
        })
      const own = names.sendAs?.find(each => each.isPrimary) ?? names.sendAs?.[0]
      return {
        email: emailAddress.toLowerCase(),
        displayName: own?.displayName?.trim() || (emailAddress.split('@')[0] ?? emailAddress),
      }
    },

    async resources() {
      return [{ key: MAILBOX, name: 'Mailbox', watched: true }]
    },

    async currentCursor(conn, _resource, signal) {
      const { historyId } = await profile(client, conn, signal)
      if (parseVersion(historyId) === 0n)
        throw new ProviderError('transient', 'Gmail answered a profile without a history id.')
      return String(historyId)
    },

    pull: (conn, _resource, cursor, signal) => pullHistory(client, known, conn, cursor, signal),
    listings: (conn, _resource, signal) => listings(client, known, conn, signal),
    list: (conn, _resource, listing, position, signal) => listPage(client, conn, listing, position, signal),
    fetch: (conn, _resource, ids, options, signal) => fetchMessages(client, conn, ids, options, signal),
    labels: (conn, signal) => listLabels(client, known, conn, signal),
    counts: (conn, _resource, signal) => counts(client, conn, signal),
    watch: (conn, _resource, { current }, signal) => watch(client, conn, current !== null, signal),
    unwatch: (conn, _watch, signal) => unwatch(client, conn, signal),
    body: (conn, messageId, signal) => fetchBody(client, conn, messageId, signal),
    attachment: (conn, messageId, partId, signal) => fetchAttachment(client, conn, messageId, partId, signal),
    mutate: (conn, change, signal) => mutate(client, memory, conn, change, signal),
  }
}
