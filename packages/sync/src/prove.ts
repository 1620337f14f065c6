import { connect } from './connection.ts'
import { announce, type Engine, providerOf } from './engine.ts'

/**
 * Sets the provider's own total beside ours. The number shown as proof is what the provider said, whatever we believe.
 * Returns how many are missing here (negative: too many).
 */
export async function prove(engine: Engine, accountId: string, signal: AbortSignal): Promise<number> {
  const account = await engine.store.account(accountId)
  if (!account) return 0
  const { port } = providerOf(engine, account.provider)
  const conn = connect(engine, { accountId, email: account.email, provider: account.provider })
  const { messages: total } = await port.counts(conn, null, signal)
  const stored = await engine.store.storedCount(accountId, port.placed ? 'places' : 'messages')
  const proof = { stored, provider: total, checkedAt: engine.world.now() }
  await announce(engine, await engine.store.saveProof(accountId, proof))
  return total - stored
}
