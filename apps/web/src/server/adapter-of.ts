import type { Runtime } from '@inlet/runtime/compose'
import { ApiError } from './api-error.ts'

type GmailAdapter = NonNullable<Adapters['gmail']>
type Consent = NonNullable<ReturnType<NonNullable<Adapters['imap']>['consents']['of']>>
type Adapters = Runtime['adapters']
/** Whom people can connect, as addresses name them. */
export type Connectable = keyof Adapters

/** A consent page that people can be sent to. */
export type Way = {
  /** As addresses name it: gmail, graph, imap-ID. */
  key: string
  provider: Connectable
  oauth: GmailAdapter['oauth']
  /** Of a mailbox by IMAP: whose servers its tokens are for. */
  consent: Consent | null
}

/** 404 where there is no such consent page, or none is configured. */
export function wayOf(runtime: Pick<Runtime, 'adapters'>, key: string | undefined): Way {
  const { gmail, graph, imap } = runtime.adapters
  if (gmail && key === 'gmail') return { key, provider: key, oauth: gmail.oauth, consent: null }
  if (graph && key === 'graph') return { key, provider: key, oauth: graph.oauth, consent: null }
  const consent = key?.startsWith(BY_IMAP) ? imap?.consents.of(key.slice(BY_IMAP.length)) : null
  if (consent && key) return { key, provider: 'imap', oauth: consent.oauth, consent }
  throw notConfigured()
}

export const BY_IMAP = 'imap-'

/** Those that are configured, in the order in which they are offered. */
export function offered({ adapters }: Pick<Runtime, 'adapters'>): Connectable[] {
  const all: Connectable[] = ['gmail', 'graph', 'imap']
  return all.filter(provider => adapters[provider])
}

/** 404 where the provider is not configured. */
export function adapterOf<P extends Connectable>(
  { adapters }: Pick<Runtime, 'adapters'>,
  provider: P,
): NonNullable<Adapters[P]> {
  const adapter = adapters[provider]
  if (!adapter) throw notConfigured()
  return adapter
}

const notConfigured = () => new ApiError('not_found', 'This provider is not configured here.')
