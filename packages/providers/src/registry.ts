import type { Provider } from '@inlet/protocol/entities'
import type { MailProvider } from '@inlet/sync/engine'
import type { GmailAdapter } from './gmail.ts'

export type Adapters = { gmail?: GmailAdapter }

/** The configured adapters as the engine wants them: one line a provider. */
export function mailProviders({ gmail }: Adapters): ReadonlyMap<Provider, MailProvider> {
  const providers = new Map<Provider, MailProvider>()
  if (gmail)
    providers.set('gmail', {
      port: gmail,
      refresh: gmail.oauth.refresh,
      token: gmail.oauth.token,
      revoke: gmail.oauth.revoke,
    })
  return providers
}
