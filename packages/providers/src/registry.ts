import type { Provider } from '@inlet/protocol/entities'
import type { MailProvider } from '@inlet/sync/engine'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { GmailAdapter } from './gmail.ts'
import type { GraphAdapter } from './graph.ts'
import type { ImapAdapter } from './imap.ts'

/** By provider; null: its credentials are not set, or it is switched off. */
export type Adapters = { gmail: GmailAdapter | null; graph: GraphAdapter | null; imap: ImapAdapter | null }

/** A password lives until the server refuses it, and nobody has to be told that we forget it. */
const passwords: Omit<MailProvider, 'port'> = {
  refresh: async () => {
    throw new ProviderError('unauthorized', 'A password cannot be renewed here. Connect the mailbox again.', {
      reconnect: true,
    })
  },
  token: () => null,
  revoke: async () => {},
}

/** The configured adapters as the engine wants them. */
export function mailProviders(adapters: Partial<Adapters>): ReadonlyMap<Provider, MailProvider> {
  const providers = new Map<Provider, MailProvider>()
  for (const adapter of Object.values(adapters)) {
    if (!adapter) continue
    if (adapter.provider === 'imap') {
      providers.set('imap', { port: adapter, ...passwords })
      continue
    }
    const { refresh, token, revoke } = adapter.oauth
    providers.set(adapter.provider, { port: adapter, refresh, token, revoke })
  }
  return providers
}
