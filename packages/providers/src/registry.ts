import type { Provider } from '@inlet/protocol/entities'
import type { MailProvider } from '@inlet/sync/engine'
import type { GmailAdapter } from './gmail.ts'
import type { GraphAdapter } from './graph.ts'

export type Adapters = { gmail?: GmailAdapter; graph?: GraphAdapter }

/** The configured adapters as the engine wants them: one line a provider. */
export function mailProviders({ gmail, graph }: Adapters): ReadonlyMap<Provider, MailProvider> {
  const providers = new Map<Provider, MailProvider>()
  if (gmail) providers.set('gmail', { port: gmail, ...grants(gmail) })
  if (graph) providers.set('graph', { port: graph, ...grants(graph) })
  return providers
}

function grants({ oauth }: GmailAdapter | GraphAdapter): Omit<MailProvider, 'port'> {
  return { refresh: oauth.refresh, token: oauth.token, revoke: oauth.revoke }
}
