import type { Provider } from '@inlet/protocol/entities'
import { announce, type Engine, providerOf } from './engine.ts'
import { noPlaces } from './places.ts'
import type { Connection } from './provider-port.ts'
import type { Grant } from './store-port.ts'
import { stopWatches } from './watches.ts'

/**
 * A person has given us access: the account, its resources and its grant are stored, and its live lane is due.
 * Connecting the same mailbox again replaces the grant and keeps everything else.
 */
export async function connectAccount(
  engine: Engine,
  access: { userId: string; provider: Provider; grant: Grant },
  signal: AbortSignal,
): Promise<{ accountId: string; email: string; created: boolean }> {
  const provider = providerOf(engine, access.provider)
  const token = provider.token(access.grant)
  const conn: Connection = {
    accountId: 'connecting',
    email: 'me',
    accessToken: async () => token?.accessToken ?? '',
    secret: async () => access.grant.data,
    places: noPlaces,
  }
  const { email, displayName } = await provider.port.identify(conn, signal)
  const resources = await provider.port.resources(conn, signal)
  const { accountId, created, head } = await engine.store.createAccount(
    { ...access, email, displayName, resources },
    engine.world.now(),
  )
  await announce(engine, { userId: access.userId, head, upserts: 0, deletions: 0 })
  await engine.bus.ring({ type: 'work' })
  return { accountId, email, created }
}

/** Stops the doorbell (before the token dies), gives the grant back, and removes the account with all its rows. */
export async function disconnectAccount(
  engine: Engine,
  accountId: string,
  signal: AbortSignal,
): Promise<void> {
  const account = await engine.store.account(accountId)
  if (!account) return
  const stored = await engine.store.readGrant(accountId)
  if (stored) {
    await stopWatches(engine, accountId, signal)
    await providerOf(engine, account.provider)
      .revoke(stored.grant, signal)
      .catch((error: unknown) => engine.log.warn({ accountId, error: String(error) }, 'grant not revoked'))
  }
  await announce(engine, await engine.store.deleteAccount(accountId, engine.world.now()))
}
