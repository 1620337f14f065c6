import type { Provider } from '@inlet/protocol/entities'
import type { Bus } from './bus-port.ts'
import type { ProviderPort } from './provider-port.ts'
import type { Committed, Grant, Store } from './store-port.ts'
import type { World } from './world.ts'

/** What every use-case of the engine works with. Made once, by the runtime. */
export type Engine = {
  store: Store
  bus: Bus
  world: World
  log: Log
  providers: ReadonlyMap<Provider, MailProvider>
  /** Where providers send pushes, or null when there is no public address. */
  callbackUrl: (provider: Provider) => string | null
}

/** A provider with its way of keeping a grant alive. */
export type MailProvider = {
  port: ProviderPort
  /** A grant with a fresh access token. Throws ProviderError `unauthorized` with `reconnect` when it is gone for good. */
  refresh(grant: Grant, signal: AbortSignal): Promise<Grant>
  /** The access token in a grant, and when it expires (epoch ms). */
  token(grant: Grant): { accessToken: string; expiresAt: number } | null
  /** Gives the grant back to the provider; failing is harmless. */
  revoke(grant: Grant, signal: AbortSignal): Promise<void>
}

export type Log = {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export function providerOf(engine: Engine, provider: Provider): MailProvider {
  const found = engine.providers.get(provider)
  if (!found)
    throw new Error(`No adapter is configured for ${provider}. Set its credentials (see .env.example).`)
  return found
}

/** Rings for what a transaction changed, after its commit. */
export async function announce(engine: Engine, committed: Committed): Promise<void> {
  if (committed.head !== null)
    await engine.bus.ring({ type: 'feed', userId: committed.userId, head: committed.head })
}
