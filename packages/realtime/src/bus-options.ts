import type { World } from '@inlet/sync/world'
import { realWorld } from '@inlet/sync/world'
import type { Backoff } from './backoff.ts'

export interface BusOptions {
  /** The channel all processes share. Letters, digits, `_`, `-`, `:` and `.`, at most 60. */
  channel?: string
  world?: World
  /** Told of lost connections and lost rings; the message holds no secret. */
  onTrouble?(what: string, error: unknown): void
  reconnect?: Backoff
  /** The limit of connecting, of sending, and of the answer to a probe. */
  timeoutMs?: number
  /** How often a quiet connection is probed: one that died without a FIN is noticed within this and `timeoutMs`. */
  probeMs?: number
}

/** Postgres cuts identifiers at 63 bytes, silently: two names could become one. */
const CHANNEL = /^[A-Za-z0-9_.:-]{1,60}$/

export function settleBusOptions(options: BusOptions): Required<BusOptions> {
  const channel = options.channel ?? 'inlet'
  if (!CHANNEL.test(channel))
    throw new Error(
      `"${channel.slice(0, 80)}" is no name for a bus channel: use 1 to 60 letters, digits, "_", "-", ":" or ".".`,
    )
  return {
    channel,
    world: options.world ?? realWorld,
    onTrouble: options.onTrouble ?? (() => {}),
    reconnect: options.reconnect ?? { baseMs: 200, maxMs: 15_000 },
    timeoutMs: options.timeoutMs ?? 5_000,
    probeMs: options.probeMs ?? 15_000,
  }
}
