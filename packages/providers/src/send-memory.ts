import { createHash } from 'node:crypto'
import type { MutateOutcome } from '@inlet/sync/provider-port'

const REMEMBERED_MAX = 1_000

/** What this process knows of recent sends: it spares look-ups and bridges the moments until the provider's search knows a message. */
export type SendMemory = {
  once(key: string, run: () => Promise<MutateOutcome>): Promise<MutateOutcome>
  draftIds: Map<string, string>
}

export function createSendMemory(): SendMemory {
  const sent = new Map<string, MutateOutcome>()
  const running = new Map<string, Promise<MutateOutcome>>()
  const draftIds = new Map<string, string>()
  return {
    draftIds,
    async once(key, run) {
      const known = sent.get(key)
      if (known) return known
      const current = running.get(key) ?? run().finally(() => running.delete(key))
      running.set(key, current)
      const outcome = await current
      if (outcome.state === 'done') remember(sent, key, outcome)
      return outcome
    },
  }
}

/** The oldest makes room. */
export function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > REMEMBERED_MAX && oldest !== undefined) map.delete(oldest)
}

/** Survives in the filed copy where a provider replaces the Message-ID; opaque, as recipients can see it. */
export const CLIENT_ID_HEADER = 'X-Inlet-Client-Id'

/** What one client id of one account becomes in a message. The same each time: that is what finds it again. */
export function traceOf(
  accountId: string,
  clientId: string,
  fromEmail: string,
): { token: string; messageId: string } {
  const token = createHash('sha256').update(`${accountId}\n${clientId}`).digest('base64url').slice(0, 32)
  const domain = /@([a-z0-9.-]+\.[a-z0-9-]+)$/i.exec(fromEmail)?.[1] ?? 'localhost.localdomain'
  return { token, messageId: `<${token}@${domain}>` }
}
