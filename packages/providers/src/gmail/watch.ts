import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, WatchGrant } from '@inlet/sync/provider-port'
import type { GmailClient } from './client.ts'
import { parseVersion } from './message.ts'

/**
 * Registers the doorbell for the whole mailbox, without a label filter: reading or archiving elsewhere must ring too.
 * Renewing is the same call; one watch a user and project. null without a topic: then the engine polls.
 */
export async function watch(
  client: GmailClient,
  conn: Connection,
  renewed: boolean,
  signal: AbortSignal,
): Promise<WatchGrant | null> {
  const topicName = client.settings.pubsubTopic
  if (!topicName) return null
  const { historyId, expiration } = await client.call(
    conn,
    { method: 'watch', action: `watch the mailbox through ${topicName}`, priority: 'live', signal },
    (gmail, options) => gmail.users.watch({ userId: 'me', requestBody: { topicName } }, options),
  )
  const expiresAt = Number(expiration)
  if (!Number.isSafeInteger(expiresAt) || expiresAt <= 0)
    throw new ProviderError(
      'transient',
      `Gmail answered a watch without a readable expiration (${String(expiration).slice(0, 40)}).`,
    )
  const cursor = parseVersion(historyId) > 0n ? String(historyId) : null
  return { providerId: topicName, expiresAt, cursor, renewed, sole: true }
}

/** Gmail knows one watch a user, so which one is not asked. Call it before the token is revoked. */
export async function unwatch(client: GmailClient, conn: Connection, signal: AbortSignal): Promise<void> {
  await client.call(
    conn,
    { method: 'stop', action: 'stop watching the mailbox', priority: 'live', signal, empty: true },
    (gmail, options) => gmail.users.stop({ userId: 'me' }, options),
  )
}
