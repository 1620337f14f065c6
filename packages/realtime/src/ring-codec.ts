import type { Ring } from '@inlet/sync/bus-port'

/** NOTIFY refuses payloads of 8,000 bytes and more (PostgreSQL manual, NOTIFY); the same bound serves every transport. */
const MESSAGE_BYTES_MAX = 7_900
/** Far above any id of ours; what is longer is not one. */
const ID_CHARS_MAX = 200

/** Packs rings into as few messages as fit: each a JSON array on one line. A ring with an impossible id is left out. */
export function encodeRings(rings: readonly Ring[]): string[] {
  const messages: string[] = []
  let parts: string[] = []
  let bytes = 2
  for (const ring of rings) {
    if (!isRing(ring)) continue
    const part = JSON.stringify(ring)
    const size = Buffer.byteLength(part) + 1
    if (bytes + size > MESSAGE_BYTES_MAX) {
      messages.push(`[${parts.join(',')}]`)
      parts = []
      bytes = 2
    }
    parts.push(part)
    bytes += size
  }
  if (parts.length > 0) messages.push(`[${parts.join(',')}]`)
  return messages
}

/** What is not a ring of ours is dropped: others may write to the same channel, newer versions of us among them. */
export function decodeRings(message: string): Ring[] {
  if (message.length > MESSAGE_BYTES_MAX) return []
  try {
    const value: unknown = JSON.parse(message)
    return Array.isArray(value) ? value.filter(isRing) : []
  } catch {
    return []
  }
}

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= ID_CHARS_MAX

function isRing(value: unknown): value is Ring {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false
  if (value.type === 'work') return true
  if (!('userId' in value) || !isId(value.userId)) return false
  if (value.type === 'feed')
    return 'head' in value && Number.isSafeInteger(value.head) && Number(value.head) >= 0
  if (value.type !== 'signed_out') return false
  return 'sessionId' in value && (value.sessionId === null || isId(value.sessionId))
}
