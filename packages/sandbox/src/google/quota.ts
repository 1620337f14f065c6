import type { Clock } from '../clock.ts'
import { type Reply, ReplyError } from '../http/reply.ts'
import { googleError } from './errors.ts'

export type QuotaMode = 'off' | '2026' | 'classic'
export type QuotaForm = '403' | '429' | '429-retry-after' | 'mixed'

export interface QuotaOptions {
  mode: QuotaMode
  /** Units per user and minute; default 6,000 (2026) or 15,000 (classic). */
  unitsPerMinute?: number
  /** How a refusal looks; mixed takes turns. Default mixed. */
  form?: QuotaForm
}

export type QuotaMethod =
  | 'getProfile'
  | 'labels.read'
  | 'labels.write'
  | 'history.list'
  | 'messages.list'
  | 'messages.get'
  | 'messages.modify'
  | 'messages.untrash'
  | 'messages.trash'
  | 'messages.delete'
  | 'messages.insert'
  | 'messages.send'
  | 'messages.batch'
  | 'attachments.get'
  | 'threads.list'
  | 'threads.get'
  | 'threads.modify'
  | 'threads.trash'
  | 'drafts.list'
  | 'drafts.get'
  | 'drafts.write'
  | 'drafts.update'
  | 'watch'
  | 'stop'

/** Units per call: Google's table of May 2026, and what it was before where that differs. */
const UNITS: Record<QuotaMethod, readonly [units2026: number, classic: number]> = {
  getProfile: [1, 1],
  'labels.read': [1, 1],
  'labels.write': [5, 5],
  'history.list': [2, 2],
  'messages.list': [5, 5],
  'messages.get': [20, 5],
  'messages.modify': [5, 5],
  'messages.untrash': [5, 5],
  'messages.trash': [20, 5],
  'messages.delete': [10, 10],
  'messages.insert': [25, 25],
  'messages.send': [100, 100],
  'messages.batch': [50, 50],
  'attachments.get': [20, 5],
  'threads.list': [10, 10],
  'threads.get': [40, 10],
  'threads.modify': [10, 10],
  'threads.trash': [20, 20],
  'drafts.list': [5, 5],
  'drafts.get': [20, 5],
  'drafts.write': [10, 10],
  'drafts.update': [15, 15],
  watch: [100, 100],
  stop: [50, 50],
}

/** A token bucket per user: a full minute's units, refilled evenly. */
export class Quota {
  readonly spent = new Map<string, number>()
  refused = 0
  #options: QuotaOptions
  #clock: Clock
  #buckets = new Map<string, { units: number; at: number }>()

  constructor(options: QuotaOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  get options(): QuotaOptions {
    return this.#options
  }

  /** Changes mode or limit; buckets start full again. */
  configure(options: QuotaOptions): void {
    this.#options = options
    this.#buckets.clear()
  }

  /** Takes the units of a call or throws Google's refusal. */
  charge(email: string, method: QuotaMethod): void {
    const { mode } = this.#options
    const units = UNITS[method][mode === 'classic' ? 1 : 0]
    this.spent.set(email, (this.spent.get(email) ?? 0) + units)
    if (mode === 'off') return
    const limit = this.#options.unitsPerMinute ?? (mode === '2026' ? 6000 : 15_000)
    const now = this.#clock.now()
    const bucket = this.#buckets.get(email) ?? { units: limit, at: now }
    bucket.units = Math.min(limit, bucket.units + ((now - bucket.at) / 60_000) * limit)
    bucket.at = now
    this.#buckets.set(email, bucket)
    if (bucket.units >= units) {
      bucket.units -= units
      return
    }
    this.refused++
    const seconds = Math.ceil(((units - bucket.units) / limit) * 60)
    throw new ReplyError(this.#refusal(seconds), 'quota')
  }

  #refusal(seconds: number): Reply {
    const turns: QuotaForm[] = ['403', '429', '429-retry-after']
    const form = this.#options.form ?? 'mixed'
    const shape = form === 'mixed' ? turns[this.refused % 3] : form
    const message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'."
    if (shape === '403') {
      return googleError(403, 'userRateLimitExceeded', message, { domain: 'usageLimits' })
    }
    return googleError(429, 'rateLimitExceeded', message, {
      domain: 'usageLimits',
      ...(shape === '429-retry-after' && { headers: { 'retry-after': String(seconds) } }),
    })
  }
}
