import { createGmail, type GmailAdapter } from '@inlet/providers/gmail'
import { readPubSub } from '@inlet/providers/gmail/pubsub-pull'
import { pubSubToken } from '@inlet/providers/gmail/pubsub-token'
import type { Engine } from '@inlet/sync/engine'
import { pushEvent } from '@inlet/sync/push-event'
import { receivePush } from '@inlet/sync/receive-push'
import type { GoogleConfig } from './env.ts'
import { withoutUndefined } from './without-undefined.ts'

/** The adapter with what the environment says; what it does not say keeps the adapter's defaults (Google's own). */
export function openGmail(google: GoogleConfig): GmailAdapter {
  const given = {
    clientId: google.clientId,
    clientSecret: google.clientSecret,
    pubsubTopic: google.topic,
    pushAudience: google.pushAudience,
    pushServiceAccount: google.pushServiceAccount,
    unitsPerMinute: google.unitsPerMinute,
    gmailBaseUrl: google.gmailBaseUrl,
    oauthBaseUrl: google.oauthBaseUrl,
    tokenUrl: google.tokenUrl,
    certsUrl: google.certsUrl,
  }
  return createGmail(withoutUndefined(given))
}

/**
 * Where Google cannot reach this server: asks Pub/Sub for what it would push, until aborted. An emulator at another
 * address is asked without a token. Does nothing when no pull subscription is configured.
 */
export async function pullPushes(google: GoogleConfig, engine: Engine, signal: AbortSignal): Promise<void> {
  if (!google.subscription) return
  const { pubsubBaseUrl } = google
  const config = {
    subscription: google.subscription,
    ...(pubsubBaseUrl ? { baseUrl: pubsubBaseUrl } : {}),
    accessToken: pubsubBaseUrl ? async () => null : pubSubToken(),
    async onPush(push: Parameters<typeof pushEvent>[1]) {
      await receivePush(engine, pushEvent('gmail', push))
    },
    onError: (error: Error) => engine.log.warn({ error: error.message }, 'Pub/Sub could not be read'),
  }
  await readPubSub(config, engine.world, signal)
}
