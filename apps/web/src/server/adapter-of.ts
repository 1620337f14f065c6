import type { Runtime } from '@inlet/runtime/compose'
import { ApiError } from './api-error.ts'

type Adapters = Runtime['adapters']
/** Whom people can connect through a consent page, as addresses name them. */
export type Connectable = keyof Adapters

/** Those whose credentials are set, in the order in which they are offered. */
export function offered({ adapters }: Pick<Runtime, 'adapters'>): Connectable[] {
  const all: Connectable[] = ['gmail', 'graph']
  return all.filter(provider => adapters[provider] !== null)
}

/** 404 where the provider's credentials are not set. */
export function adapterOf<P extends Connectable>(
  { adapters }: Pick<Runtime, 'adapters'>,
  provider: P,
): NonNullable<Adapters[P]> {
  const adapter = adapters[provider]
  if (!adapter) throw new ApiError('not_found', 'This provider is not configured here.')
  return adapter
}
