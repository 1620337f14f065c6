import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { secret } from '../../mailbox/ids.ts'
import type { Store } from '../../store/store.ts'
import { selfSignedCertificate } from './certificate.ts'

interface StoredKey {
  kid: string
  privateKey: string
  certificate: string
}

/** The RS256 key that signs identity tokens and push tokens; kept with the data, so restarts change nothing. */
export class SigningKeys {
  readonly kid: string
  readonly certificate: string
  #private: KeyObject
  #stranger: KeyObject | null = null

  constructor(store: Store, now: number) {
    const stored = store.collection<StoredKey>('keys')
    let key = stored.get('signing')
    if (!key) {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      key = {
        kid: secret(15),
        privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        certificate: selfSignedCertificate(privateKey, publicKey, 'sandbox.inlet.test', now),
      }
      store.commit([stored.put('signing', key)])
    }
    this.kid = key.kid
    this.certificate = key.certificate
    this.#private = createPrivateKey(key.privateKey)
  }

  sign(claims: JWTPayload): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: this.kid, typ: 'JWT' })
      .sign(this.#private)
  }

  /** Signed under our key id by a key nobody published: a forgery that only the signature gives away. */
  forge(claims: JWTPayload): Promise<string> {
    this.#stranger ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: this.kid, typ: 'JWT' })
      .sign(this.#stranger)
  }

  async jwks(): Promise<{ keys: object[] }> {
    const jwk = await exportJWK(createPublicKey(this.#private))
    return { keys: [{ ...jwk, kid: this.kid, use: 'sig', alg: 'RS256' }] }
  }
}
