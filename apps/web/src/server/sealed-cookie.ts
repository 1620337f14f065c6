import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/**
 * A short-lived value that only this server can read back (AES-256-GCM under a key derived from the auth secret).
 * Carries state and PKCE verifier through a provider's consent page, so that nothing has to be stored for those who
 * never come back.
 */
export function seal(secret: string, value: object, expiresAt: number): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), iv)
  const text = cipher.update(JSON.stringify({ value, expiresAt }), 'utf8')
  return Buffer.concat([iv, text, cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

/** null for anything that was not sealed here, or has expired. */
export function unseal(secret: string, sealed: string, now: number): unknown {
  try {
    const bytes = Buffer.from(sealed, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), bytes.subarray(0, 12))
    decipher.setAuthTag(bytes.subarray(-16))
    const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
    const { value, expiresAt } = JSON.parse(text) as { value: unknown; expiresAt: number }
    return expiresAt > now ? value : null
  } catch {
    return null
  }
}

function keyOf(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'inlet sealed cookie', 32))
}
