/** "id:base64key,…": a ring of 32-byte keys, the first is current. Throws with the id of the key that is wrong. */
export function parseKeyRing(text: string): { current: string; keys: Record<string, Uint8Array> } {
  const keys: Record<string, Uint8Array> = {}
  let current: string | null = null
  for (const part of text
    .split(',')
    .map(each => each.trim())
    .filter(Boolean)) {
    const colon = part.indexOf(':')
    const id = part.slice(0, colon)
    const key = Buffer.from(part.slice(colon + 1), 'base64')
    if (colon < 1 || key.length !== 32)
      throw new Error(
        `INLET_ENCRYPTION_KEYS: the key "${id || '?'}" is not id:base64 of 32 bytes. Make one with: openssl rand -base64 32`,
      )
    keys[id] = key
    current ??= id
  }
  if (current === null) throw new Error('INLET_ENCRYPTION_KEYS holds no key.')
  return { current, keys }
}
