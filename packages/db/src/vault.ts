import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/**
 * Encrypts grants (I12): AES-256-GCM under one of a ring of keys, with the account's id as associated data, so that a
 * ciphertext copied to another account's row does not open. Never logs, and no error of it carries what it holds.
 */
export type Vault = {
  /** New grants are sealed with this key; older ones open with theirs until they are sealed again. */
  readonly currentKeyId: string
  seal(plaintext: string, accountId: string): Sealed
  /** Throws VaultError when the key is unknown or the ciphertext was not sealed by it for this account. */
  open(sealed: Sealed, accountId: string): string
}
export type Sealed = { keyId: string; ciphertext: Buffer }

export class VaultError extends Error {
  override readonly name = 'VaultError'
}

/** 1 byte format, 12 bytes nonce, 16 bytes tag, ciphertext. */
const FORMAT = 1
const NONCE = 12
const TAG = 16

/** `keys`: id → 32 bytes. `current` names the one to seal with. */
export function createVault(ring: { current: string; keys: Record<string, Uint8Array> }): Vault {
  for (const [id, key] of Object.entries(ring.keys)) {
    if (key.length !== 32) throw new VaultError(`The key "${id}" has ${key.length} bytes; AES-256 needs 32.`)
  }
  const keyOf = (id: string): Uint8Array => {
    const key = Object.hasOwn(ring.keys, id) ? ring.keys[id] : undefined
    if (!key)
      throw new VaultError(`The key ring holds no key "${id}". Add it again, or connect the account anew.`)
    return key
  }
  keyOf(ring.current)

  return {
    currentKeyId: ring.current,
    seal(plaintext, accountId) {
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv('aes-256-gcm', keyOf(ring.current), nonce, { authTagLength: TAG })
      cipher.setAAD(Buffer.from(accountId))
      const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      const ciphertext = Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), body])
      return { keyId: ring.current, ciphertext }
    },
    open({ keyId, ciphertext }, accountId) {
      const key = keyOf(keyId)
      if (ciphertext[0] !== FORMAT || ciphertext.length < 1 + NONCE + TAG)
        throw new VaultError(`The grant of account ${accountId} is not in a known format.`)
      const nonce = ciphertext.subarray(1, 1 + NONCE)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG })
      decipher.setAAD(Buffer.from(accountId))
      decipher.setAuthTag(ciphertext.subarray(1 + NONCE, 1 + NONCE + TAG))
      try {
        const body = ciphertext.subarray(1 + NONCE + TAG)
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
      } catch {
        throw new VaultError(`The grant of account ${accountId} does not open with key "${keyId}".`)
      }
    },
  }
}
