import { gzipSync } from 'node:zlib'

export interface Reply {
  status: number
  headers?: Record<string, string>
  /** A Buffer or string goes out as it is; anything else as JSON; undefined sends no body. */
  body?: unknown
}

export function json(body: unknown, status = 200): Reply {
  return { status, body }
}

export function html(body: string, status = 200): Reply {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body }
}

export const noContent: Reply = { status: 204 }

/** Throw it to answer at once. */
export class ReplyError extends Error {
  readonly reply: Reply

  constructor(reply: Reply, message: string) {
    super(message)
    this.reply = reply
  }
}

const GZIP_FROM_BYTES = 1024

export interface EncodedReply {
  status: number
  headers: Record<string, string>
  bytes: Buffer
}

export function encode(reply: Reply, acceptsGzip: boolean): EncodedReply {
  const headers: Record<string, string> = { 'cache-control': 'no-cache, no-store', ...reply.headers }
  let bytes: Buffer
  if (reply.body === undefined) bytes = Buffer.alloc(0)
  else if (Buffer.isBuffer(reply.body)) bytes = reply.body
  else if (typeof reply.body === 'string') bytes = Buffer.from(reply.body)
  else {
    bytes = Buffer.from(JSON.stringify(reply.body))
    headers['content-type'] ??= 'application/json; charset=UTF-8'
  }
  if (acceptsGzip && bytes.length >= GZIP_FROM_BYTES) {
    bytes = gzipSync(bytes, { level: 1 })
    headers['content-encoding'] = 'gzip'
    headers.vary = 'Accept-Encoding'
  }
  if (reply.status !== 204) headers['content-length'] = String(bytes.length)
  return { status: reply.status, headers, bytes }
}
