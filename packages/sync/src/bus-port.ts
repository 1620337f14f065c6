/**
 * Doorbells between our processes. A ring carries no truth (I3): it may be lost, doubled or late, and the receiver
 * pulls by its own cursor. Implementations: Postgres LISTEN/NOTIFY, Redis, Upstash; one contract suite over them.
 */
export interface Bus {
  /** Returns when handed to the transport. Never throws for a transport that is down: rings may be lost. */
  ring(ring: Ring): Promise<void>
  /** Calls `listener` for every ring from any process, this one included, until the returned function is called. */
  subscribe(listener: (ring: Ring) => void): () => void
  /** Is the transport connected right now? When not, receivers fall back to looking at the heads. */
  readonly connected: boolean
  onConnected(listener: (connected: boolean) => void): () => void
  close(): Promise<void>
}

/** feed: a user's feed moved to at least `head`. work: resources became due. signed_out: close this session's streams. */
export type Ring =
  | { type: 'feed'; userId: string; head: number }
  | { type: 'work' }
  | { type: 'signed_out'; userId: string; sessionId: string | null }
