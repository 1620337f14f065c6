import { hash } from 'node:crypto'

const MOST = 1_000

/**
 * Push tokens that were verified, so that each is verified once: Pub/Sub sends the same one for up to an hour, and its
 * signature costs more than all the rest of a push. Holds their hashes only, each until the token expires, the longest
 * unused is forgotten first. What was refused is not remembered: why may pass.
 */
export class VerifiedTokens {
  readonly #expiries = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  has(token: string): boolean {
    const key = keyOf(token)
    const expiresAt = this.#expiries.get(key)
    if (expiresAt === undefined) return false
    this.#expiries.delete(key)
    if (expiresAt <= this.#now()) return false
    this.#expiries.set(key, expiresAt)
    return true
  }

  /** `expiresAt`: epoch ms. */
  add(token: string, expiresAt: number): void {
    this.#expiries.set(keyOf(token), expiresAt)
    for (const oldest of this.#expiries.keys()) {
      if (this.#expiries.size <= MOST) break
      this.#expiries.delete(oldest)
    }
  }
}

const keyOf = (token: string): string => hash('sha256', token, 'base64')
