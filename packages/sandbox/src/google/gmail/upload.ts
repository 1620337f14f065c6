import type { Request } from '../../http/router.ts'
import { parseParameters } from '../../mime/headers.ts'
import { parseMime, partBytes } from '../../mime/parse.ts'
import { invalid } from '../errors.ts'

/**
 * A body in any of Google's shapes: plain JSON, `uploadType=media` (the message itself) or
 * `uploadType=multipart` (JSON metadata, then the message). Resumable uploads are not simulated.
 */
export function readUpload(request: Request): { metadata: Record<string, unknown>; media?: Buffer } {
  const type = request.query.get('uploadType')
  const contentType = request.headers['content-type'] ?? ''
  if (!request.path.startsWith('/upload/')) return { metadata: object(request.body) }
  if (type === 'media') return { metadata: {}, media: request.body }
  if (type !== 'multipart')
    return invalid(`uploadType ${type ?? '(none)'} is not simulated; use media or multipart`)
  if (!parseParameters(contentType).params.boundary) return invalid('Multipart content has no boundary')
  const parsed = parseMime(Buffer.concat([Buffer.from(`Content-Type: ${contentType}\r\n\r\n`), request.body]))
  const [metadata, media] = parsed.root.parts
  if (!metadata || !media) return invalid('Multipart upload needs a metadata part and a media part')
  // The media part is itself a message: only its own transfer encoding may be undone.
  return { metadata: object(partBytes(parsed, metadata)), media: partBytes(parsed, media) }
}

function object(bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0) return {}
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Falls through to the one answer for every unreadable body.
  }
  return invalid('Invalid JSON payload received.', 'parseError')
}
