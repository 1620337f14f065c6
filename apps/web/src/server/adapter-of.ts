import type { Runtime } from '@inlet/runtime/compose'
import { ApiError } from './api-error.ts'

type Adapters = Runtime['adapters']
/** Whom people can connect, as addresses name them. */
export type Connectable = keyof Adapters
/** Those with a consent page; the others take a password. */
export type Consentable = Exclude<Connectable, 'imap'>

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
  if (!adapter) throw new ApiError('not_found', 'This provider is not configured here.')
  return adapter
}
