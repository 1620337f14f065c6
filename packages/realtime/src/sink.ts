/**
 * Where one stream's bytes go: a Web stream in a route handler (sink-web.ts) or a Node response (sink-node.ts).
 * The hub writes whole frames and knows nothing else about the transport.
 */
export interface Sink {
  /**
   * Takes the bytes in every case. false: the sink now holds more than it wants to; the caller writes no
   * more pages until `onDrain`, so that what waits is bounded by the high-water mark and one page (I13).
   * After the end it takes nothing and answers true.
   */
  write(bytes: Uint8Array): boolean
  /** Called each time there is room again after a write that answered false. One listener, set before the first write. */
  onDrain(listener: () => void): void
  /** Ends the stream once what was written is flushed. Idempotent. */
  close(): void
  /** Ends the stream now; what is not flushed is lost. Idempotent. */
  destroy(): void
  /** Aborted once, when the reader has gone or the stream has ended. */
  readonly signal: AbortSignal
}
