import { randomInt } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { secret } from '../../mailbox/ids.ts'
import type { Collection, Op, Store } from '../../store/store.ts'
import type { AadstsCode } from './errors.ts'

interface Grant {
  email: string
  client: string
  scopes: readonly string[]
}

interface StoredToken extends Grant {
  kind: 'access' | 'refresh' | 'code'
  /** Epoch ms. */
  expires: number
  /** Why it no longer works although it has not expired. */
  dead?: AadstsCode
  /** Only for codes. */
  redirectUri?: string
  challenge?: string
  plainChallenge?: boolean
  nonce?: string
}

export interface EntraCaller extends Grant {
  expires: number
}

export interface TokenLives {
  /** Seconds of new access tokens; without it random between 60 and 90 minutes, as Entra does. */
  accessTokenSeconds?: number
  /** How long a refresh token stays good after it was used once. Default a day. */
  usedRefreshTokenSeconds?: number
}

const CODE_LIFE_MS = 10 * 60_000
const REFRESH_LIFE_MS = 90 * 86_400_000
const DAY_SECONDS = 86_400

/** Codes, access tokens and refresh tokens of the Microsoft accounts. */
export class EntraTokens {
  lives: TokenLives
  #store: Store
  #clock: Clock
  #tokens: Collection<StoredToken>

  constructor(store: Store, clock: Clock, lives: TokenLives = {}) {
    this.#store = store
    this.#clock = clock
    this.lives = lives
    this.#tokens = store.collection('entra-tokens')
  }

  /** Why a bearer is refused, or whose it is. */
  caller(token: string): EntraCaller | 'unknown' | 'expired' {
    const found = this.#tokens.get(token)
    if (found?.kind !== 'access') return 'unknown'
    if (found.dead !== undefined || found.expires <= this.#clock.now()) return 'expired'
    const { email, client, scopes, expires } = found
    return { email, client, scopes, expires }
  }

  issueCode(code: Omit<StoredToken, 'kind' | 'expires'>): string {
    const token = `1.A${secret(180)}`
    const expires = this.#clock.now() + CODE_LIFE_MS
    this.#store.commit([this.#tokens.put(token, { ...code, kind: 'code', expires })])
    return token
  }

  /** A code works once; its second use, and its use too late, have codes of their own. */
  takeCode(code: string): StoredToken | AadstsCode {
    const found = this.#tokens.get(code)
    if (found?.kind !== 'code') return 70000
    if (found.dead !== undefined) return found.dead
    this.#store.commit([this.#tokens.put(code, { ...found, dead: 54005 })])
    return found.expires > this.#clock.now() ? found : 70008
  }

  /** A usable refresh token's grant, or why it is none. */
  refresh(token: string): StoredToken | AadstsCode {
    const found = this.#tokens.get(token)
    if (found?.kind !== 'refresh') return 70000
    if (found.dead !== undefined) return found.dead
    return found.expires > this.#clock.now() ? found : 700082
  }

  /** New tokens in one commit. A `used` refresh token is not revoked, but lives only a while longer. */
  issue(
    grant: Grant,
    options: { refresh: boolean; used?: string },
  ): { access: string; refresh?: string; expiresIn: number } {
    const { email, client, scopes } = grant
    const now = this.#clock.now()
    const expiresIn = this.lives.accessTokenSeconds ?? randomInt(3600, 5400)
    const access = `EwB${secret(300)}`
    const ops: Op[] = [
      ...this.#dropped(email, now),
      this.#tokens.put(access, { email, client, scopes, kind: 'access', expires: now + expiresIn * 1000 }),
    ]
    const refresh = options.refresh ? `M.C5${secret(200)}` : undefined
    if (refresh !== undefined) {
      const expires = now + REFRESH_LIFE_MS
      ops.push(this.#tokens.put(refresh, { email, client, scopes, kind: 'refresh', expires }))
    }
    const used = options.used === undefined ? undefined : this.#tokens.get(options.used)
    if (used && options.used !== undefined) {
      const grace = (this.lives.usedRefreshTokenSeconds ?? DAY_SECONDS) * 1000
      ops.push(this.#tokens.put(options.used, { ...used, expires: Math.min(used.expires, now + grace) }))
    }
    this.#store.commit(ops)
    return { access, expiresIn, ...(refresh !== undefined && { refresh }) }
  }

  /** Ends every token of an account; refreshing answers `code` from now on. Returns how many died. */
  revoke(email: string, code: AadstsCode): number {
    return this.#change(
      entry => entry.email === email && entry.kind !== 'code' && entry.dead === undefined,
      token => ({ ...token, dead: code }),
    )
  }

  /** Ends access tokens only: refresh tokens go on working. */
  expireAccess(email: string): number {
    const now = this.#clock.now()
    return this.#change(
      entry => entry.email === email && entry.kind === 'access' && entry.expires > now,
      token => ({ ...token, expires: now }),
    )
  }

  #change(which: (token: StoredToken) => boolean, how: (token: StoredToken) => StoredToken): number {
    const ops = [...this.#tokens.entries()]
      .filter(([, token]) => which(token))
      .map(([key, token]) => this.#tokens.put(key, how(token)))
    this.#store.commit(ops)
    return ops.length
  }

  /** Long expired tokens of the account; a day's grace keeps their own error apart from "unknown". */
  #dropped(email: string, now: number): Op[] {
    return [...this.#tokens.entries()]
      .filter(([, token]) => token.email === email && token.expires < now - DAY_SECONDS * 1000)
      .filter(([, token]) => token.kind !== 'refresh')
      .map(([key]) => this.#tokens.del(key))
  }
}
