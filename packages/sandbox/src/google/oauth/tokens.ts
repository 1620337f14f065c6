import type { Clock } from '../../clock.ts'
import { secret } from '../../mailbox/ids.ts'
import type { Collection, Op, Store } from '../../store/store.ts'

export interface OAuthClient {
  id: string
  secret: string
  /** Exact addresses; empty allows any loopback address and any https one. */
  redirectUris: readonly string[]
}

interface StoredToken {
  kind: 'access' | 'refresh' | 'code'
  email: string
  client: string
  scopes: readonly string[]
  /** Epoch ms; refresh tokens do not expire. */
  expires?: number
  /** Only for codes. */
  redirectUri?: string
  challenge?: string
  nonce?: string
  offline?: boolean
}

export interface Caller {
  email: string
  client: string
  scopes: readonly string[]
  /** Epoch ms. */
  expires: number
}

const CODE_LIFE_MS = 10 * 60_000

/** Codes, access tokens and refresh tokens of all accounts. One cloud project, so revoking takes all of a user. */
export class Tokens {
  /** Life of new access tokens in seconds. Google's is 3599. */
  accessLifeSeconds = 3599
  #store: Store
  #tokens: Collection<StoredToken>
  #clock: Clock

  constructor(store: Store, clock: Clock, collection = 'tokens') {
    this.#store = store
    this.#clock = clock
    this.#tokens = store.collection(collection)
  }

  caller(token: string): Caller | undefined {
    const found = this.#tokens.get(token)
    if (found?.kind !== 'access' || (found.expires ?? 0) <= this.#clock.now()) return undefined
    return { email: found.email, client: found.client, scopes: found.scopes, expires: found.expires ?? 0 }
  }

  issueCode(code: Omit<StoredToken, 'kind' | 'expires'>): string {
    const token = `4/0A${secret(36)}`
    this.#store.commit([
      this.#tokens.put(token, { ...code, kind: 'code', expires: this.#clock.now() + CODE_LIFE_MS }),
    ])
    return token
  }

  /** A code works once; the second use finds nothing. */
  takeCode(code: string): StoredToken | undefined {
    const found = this.#tokens.get(code)
    if (found?.kind !== 'code') return undefined
    this.#store.commit([this.#tokens.del(code)])
    return (found.expires ?? 0) > this.#clock.now() ? found : undefined
  }

  refresh(token: string): StoredToken | undefined {
    const found = this.#tokens.get(token)
    return found?.kind === 'refresh' ? found : undefined
  }

  /** New tokens in one commit; expired ones of the same account are dropped with it. */
  issue(
    grant: { email: string; client: string; scopes: readonly string[] },
    withRefresh: boolean,
  ): {
    access: string
    refresh?: string
    expiresIn: number
  } {
    const access = `ya29.a0${secret(48)}`
    const expires = this.#clock.now() + this.accessLifeSeconds * 1000
    const { email, client, scopes } = grant
    const ops: Op[] = [
      ...this.#expired(email),
      this.#tokens.put(access, { kind: 'access', email, client, scopes, expires }),
    ]
    const refresh = withRefresh ? `1//0${secret(48)}` : undefined
    if (refresh) ops.push(this.#tokens.put(refresh, { kind: 'refresh', email, client, scopes }))
    this.#store.commit(ops)
    return { access, expiresIn: this.accessLifeSeconds, ...(refresh && { refresh }) }
  }

  /** Replaces a refresh token: the old one is dead from now on. */
  rotate(old: string): string {
    const found = this.#tokens.get(old)
    const next = `1//0${secret(48)}`
    if (found) this.#store.commit([this.#tokens.del(old), this.#tokens.put(next, found)])
    return next
  }

  /** Kills every token of the token's user; false when the token is unknown. */
  revoke(token: string): boolean {
    const found = this.#tokens.get(token)
    if (!found) return false
    this.revokeAll(found.email)
    return true
  }

  revokeAll(email: string): number {
    const ops = [...this.#tokens.entries()]
      .filter(([, t]) => t.email === email)
      .map(([token]) => this.#tokens.del(token))
    this.#store.commit(ops)
    return ops.length
  }

  /** Ends access tokens only: refresh tokens go on working. */
  expireAccess(email: string): number {
    const now = this.#clock.now()
    const live = [...this.#tokens.entries()].filter(([, t]) => t.email === email && t.kind === 'access')
    this.#store.commit(live.map(([token, value]) => this.#tokens.put(token, { ...value, expires: now })))
    return live.length
  }

  #expired(email: string): Op[] {
    const now = this.#clock.now()
    const old = [...this.#tokens.entries()].filter(
      ([, t]) => t.email === email && (t.expires ?? Number.POSITIVE_INFINITY) <= now,
    )
    return old.map(([token]) => this.#tokens.del(token))
  }
}
