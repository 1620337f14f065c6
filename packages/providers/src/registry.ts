import type { Provider } from '@inlet/protocol/entities'
import type { MailProvider } from '@inlet/sync/engine'
import type { GmailAdapter } from './gmail.ts'
import type { GraphAdapter } from './graph.ts'
import type { ImapAdapter } from './imap.ts'

/** By provider; null: its credentials are not set, or it is switched off. */
export type Adapters = { gmail: GmailAdapter | null; graph: GraphAdapter | null; imap: ImapAdapter | null }

/** The configured adapters as the engine wants them. */
export function mailProviders(adapters: Partial<Adapters>): ReadonlyMap<Provider, MailProvider> {
  const providers = new Map<Provider, MailProvider>()
  for (const adapter of Object.values(adapters)) {
    if (!adapter) continue
    const { refresh, token, revoke } = adapter.provider === 'imap' ? adapter.consents : adapter.oauth
    providers.set(adapter.provider, { port: adapter, refresh, token, revoke })
  }
  return providers
}
