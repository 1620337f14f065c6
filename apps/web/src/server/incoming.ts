/**
 * What a handler may know of a request. A Web Request is one; our own server makes one of Node's (node-request.ts), which
 * costs a fraction of a Web Request.
 */
export type Incoming = {
  readonly method: string
  /** Absolute; only its path and query mean anything. */
  readonly url: string
  readonly headers: Headers
  /** To be read once, through read-body.ts. */
  readonly body: AsyncIterable<Uint8Array> | null
  /** Aborted when the caller goes before it has its answer. */
  readonly signal: AbortSignal
}
