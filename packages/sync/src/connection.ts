import type { Provider } from '@inlet/protocol/entities'
import { announce, type Engine, providerOf } from './engine.ts'
import type { PlaceReader } from './places.ts'
import { ProviderError } from './provider-errors.ts'
import type { Connection } from './provider-port.ts'

export type AccountConnection = Connection & {
  /**
   * What a call of the provider threw. Where only the person can mend it (revoked, a permission missing), the account
   * is disconnected, if its grant is still the one that was used.
   */
  refused(error: unknown): Promise<void>
}

/** A token that dies sooner than this is refreshed before use. */
const FRESH_MS = 60_000

/**
 * An account's access. Tokens are refreshed under the grant's lock, so of many workers one refreshes and the others
 * find its result; a refresh that fails for good disconnects the account only if its grant is still the stored one.
 */
export function connect(
  engine: Engine,
  account: { accountId: string; email: string; provider: Provider },
): AccountConnection {
  const { accountId, email } = account
  const provider = providerOf(engine, account.provider)
  let cached: { accessToken: string; expiresAt: number } | null = null

  let version: number | null = null
  const refused = async (error: unknown) => {
    if (!(error instanceof ProviderError && error.kind === 'unauthorized' && error.reconnect)) return
    if (version === null) return
    await announce(
      engine,
      await engine.store.disconnect(accountId, version, error.message, engine.world.now()),
    )
  }
  const usable = (token: typeof cached, stale: string | undefined) =>
    token !== null && token.accessToken !== stale && token.expiresAt - engine.world.now() > FRESH_MS

  const { store } = engine
  const places: PlaceReader = {
    of: ids => store.placesOf(accountId, ids),
    count: (resource, epoch, below) => store.countPlaces(accountId, resource, epoch, below),
    range: (resource, epoch, range, limit) => store.placesIn(accountId, resource, epoch, range, limit),
    sums: () => store.placeSums(accountId),
    async cursor(resource) {
      const lanes = (await store.account(accountId))?.resources ?? []
      return lanes.find(({ key, lane }) => key === resource && lane === 'live')?.cursor ?? null
    },
  }
  const readGrant = async () => {
    const stored = await store.readGrant(accountId)
    if (!stored) throw new ProviderError('unauthorized', `${email} is not connected.`, { reconnect: true })
    version = stored.version
    return stored
  }

  return {
    accountId,
    email,
    refused,
    places,
    async secret(signal) {
      signal.throwIfAborted()
      return (await readGrant()).grant.data
    },
    async accessToken(signal, stale) {
      signal.throwIfAborted()
      if (cached && usable(cached, stale)) return cached.accessToken
      cached = provider.token((await readGrant()).grant)
      if (cached && usable(cached, stale)) return cached.accessToken
      try {
        const refreshed = await store.refreshGrant(accountId, async (grant, current) => {
          version = current
          return usable(provider.token(grant), stale) ? grant : await provider.refresh(grant, signal)
        })
        cached = provider.token(refreshed.grant)
        version = refreshed.version
      } catch (error) {
        await refused(error)
        throw error
      }
      if (!cached)
        throw new ProviderError('unauthorized', `The grant of ${email} holds no access token.`, {
          reconnect: true,
        })
      return cached.accessToken
    },
  }
}
