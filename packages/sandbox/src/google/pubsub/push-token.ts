import type { Clock } from '../../clock.ts'
import type { PushTokenVariant } from '../../faults.ts'
import { hash32 } from '../../random.ts'
import { ISSUER } from '../oauth/identity.ts'
import type { SigningKeys } from '../oauth/keys.ts'

export const DEFAULT_SERVICE_ACCOUNT = 'gmail-push@inlet-sandbox.iam.gserviceaccount.com'

/** The OIDC tokens of push requests. They follow the wall clock, since the receiver does. */
export class PushTokens {
  #keys: SigningKeys
  #wallClock: Clock

  constructor(keys: SigningKeys, wallClock: Clock) {
    this.#keys = keys
    this.#wallClock = wallClock
  }

  /** A valid token, or one that is wrong in exactly the way `variant` names; undefined for none at all. */
  async create(
    audience: string,
    email = DEFAULT_SERVICE_ACCOUNT,
    variant?: PushTokenVariant,
  ): Promise<string | undefined> {
    if (variant === 'missing') return undefined
    const iat = Math.floor(this.#wallClock.now() / 1000) - (variant === 'expired' ? 7200 : 0)
    const subject = `10${String(hash32(email)).padStart(10, '0')}000000000`
    const claims = {
      aud: variant === 'audience' ? 'https://somebody-else.example/push' : audience,
      azp: subject,
      email: variant === 'email' ? 'intruder@inlet-sandbox.iam.gserviceaccount.com' : email,
      email_verified: variant !== 'unverified',
      exp: iat + 3600,
      iat,
      iss: variant === 'issuer' ? 'https://issuer.example' : ISSUER,
      sub: subject,
    }
    if (variant === 'key') return this.#keys.forge(claims)
    if (variant !== 'unsigned') return this.#keys.sign(claims)
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`
  }
}
