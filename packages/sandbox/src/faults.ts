import type { Clock } from './clock.ts'
import { type Random, seeded } from './random.ts'

/** Everything that can be made to go wrong; docs/sandbox.md, docs/sandbox-microsoft.md and docs/sandbox-imap.md show the request for each. */
export const FAULT_KINDS = [
  'status',
  'hang',
  'reset',
  'delay',
  'slow',
  'truncate',
  'lost',
  'push.drop',
  'push.double',
  'push.delay',
  'push.reorder',
  'push.token',
  'oauth.rotate',
  'history.empty-page',
  'watch.drop-excess',
  'watch.silent',
  'delta.empty-page',
  'delta.gone',
  'delta.repeat',
  'delta.miss-return',
  'move.silent',
  'send.lag',
  'imap.drop',
  'imap.hang',
  'imap.lost',
  'imap.refuse',
  'smtp.refuse',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface FaultMatch {
  /** For IMAP and SMTP, the command. */
  method?: string
  /** Path with `*` for anything within a segment and `**` for anything at all. */
  path?: string
  account?: string
}

export interface FaultInput {
  kind: FaultKind
  match?: FaultMatch
  /** How many times it strikes; without it, until removed. */
  count?: number
  /** 0 to 1, default 1, drawn from `seed`. */
  probability?: number
  seed?: number
  /** Epoch ms after which it no longer strikes. */
  until?: number
  /** kind status: HTTP status, the provider's reason or code, message and seconds for Retry-After. */
  status?: number
  reason?: string
  message?: string
  retryAfter?: number
  /** kinds delay, push.delay, send.lag, imap.hang: milliseconds; kind slow: the whole time the body takes. */
  ms?: number
  /** kind push.token. */
  variant?: PushTokenVariant
}

export const PUSH_TOKEN_VARIANTS = [
  'audience',
  'expired',
  'unsigned',
  'email',
  'unverified',
  'issuer',
  'key',
  'missing',
] as const
export type PushTokenVariant = (typeof PUSH_TOKEN_VARIANTS)[number]

export interface Fault extends FaultInput {
  id: string
  /** How often it has struck. */
  struck: number
}

interface Target {
  method?: string
  path?: string
  account?: string
}

/** The active faults. They live in memory only: a restarted sandbox behaves. */
export class Faults {
  #faults = new Map<string, { fault: Fault; random: Random; pattern: RegExp | null }>()
  #clock: Clock
  #next = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(input: FaultInput): Fault {
    const id = `fault-${this.#next++}`
    const fault = { ...input, id, struck: 0 }
    const pattern = input.match?.path === undefined ? null : globPattern(input.match.path)
    this.#faults.set(id, { fault, random: seeded(input.seed ?? this.#next), pattern })
    return fault
  }

  list(): Fault[] {
    return [...this.#faults.values()].map(entry => entry.fault)
  }

  remove(id: string): boolean {
    return this.#faults.delete(id)
  }

  clear(): void {
    this.#faults.clear()
  }

  /** The first fault of this kind that strikes the target now; counts it. */
  take(kind: FaultKind, target: Target): Fault | undefined {
    for (const { fault, random, pattern } of this.#faults.values()) {
      if (fault.kind !== kind) continue
      if (fault.count !== undefined && fault.struck >= fault.count) continue
      if (fault.until !== undefined && this.#clock.now() > fault.until) continue
      const { match } = fault
      if (match?.method && match.method.toUpperCase() !== target.method) continue
      if (match?.account && match.account.toLowerCase() !== target.account) continue
      if (pattern && !pattern.test(target.path ?? '')) continue
      if (fault.probability !== undefined && !random.chance(fault.probability)) continue
      fault.struck++
      return fault
    }
    return undefined
  }
}

function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, stars => (stars.length > 1 ? '.*' : '[^/]*'))
  return new RegExp(`^${source}$`)
}
