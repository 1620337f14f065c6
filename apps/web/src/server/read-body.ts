import { ApiError } from './api-error.ts'
import type { Incoming } from './incoming.ts'

/** Reads at most `limit` bytes, whatever Content-Length claims; more is 413 before anything is parsed. */
export async function readBody(
  request: Pick<Incoming, 'headers' | 'body'>,
  limit: number,
): Promise<Uint8Array> {
  const tooLarge = () =>
    new ApiError('too_large', `The body is larger than ${limit.toLocaleString('en')} bytes.`)
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge()
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
