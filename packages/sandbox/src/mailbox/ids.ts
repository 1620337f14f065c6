import { randomBytes } from 'node:crypto'

/**
 * 64 bits as 16 hex digits: 44 bits of milliseconds, 20 of noise. Gmail's ids have this look, and
 * IMAP's X-GM-MSGID is the same number in decimal.
 */
export function messageIdAt(dateMs: number, noise: number): string {
  return ((BigInt(Math.max(0, Math.floor(dateMs))) << 20n) | BigInt(noise & 0xfffff))
    .toString(16)
    .padStart(16, '0')
}

export function newMessageId(dateMs: number): string {
  return messageIdAt(dateMs, randomBytes(3).readUIntBE(0, 3))
}

/** An unguessable opaque string of `bytes` random bytes. */
export function secret(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
