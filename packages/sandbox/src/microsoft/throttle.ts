import type { Clock } from '../clock.ts'
import type { Reply } from '../http/reply.ts'
import { graphError } from './errors.ts'

export interface ThrottleOptions {
  /** Off by default: tests that are not about limits should not meet them. */
  enabled?: boolean
  /** Requests of one app on one mailbox at the same time. Default 4. */
  concurrent?: number
  /** Requests of one app on one mailbox in one window. Default 10,000. */
  requests?: number
  /** Default ten minutes. */
  windowMs?: number
  /** How long each request keeps its place: without it nothing would ever overlap. Default 20 ms. */
  serviceMs?: number
  /** Retry-After of a refusal for concurrency, seconds. Default 1. */
  retryAfterSeconds?: number
}

interface Use {
  active: number
  requests: number
  windowStart: number
}

const DEFAULTS: Required<ThrottleOptions> = {
  enabled: false,
  concurrent: 4,
  requests: 10_000,
  windowMs: 10 * 60_000,
  serviceMs: 20,
  retryAfterSeconds: 1,
}

/** A place among the concurrent requests; call `leave` once, when the answer is out. */
export interface Place {
  serviceMs: number
  leave(): void
}

/** Outlook's service limits, per app and mailbox. */
export class Throttle {
  refused = 0
  #options: Required<ThrottleOptions>
  #clock: Clock
  #uses = new Map<string, Use>()

  constructor(options: ThrottleOptions, clock: Clock) {
    this.#options = { ...DEFAULTS, ...options }
    this.#clock = clock
  }

  get options(): Required<ThrottleOptions> {
    return this.#options
  }

  /** Changes the limits; the counts start anew, requests under way keep their places. */
  configure(options: ThrottleOptions): void {
    this.#options = { ...DEFAULTS, ...options }
    for (const use of this.#uses.values()) use.requests = 0
  }

  /** A place, or the refusal. */
  enter(client: string, email: string): Place | Reply {
    const { enabled, concurrent, requests, windowMs, serviceMs, retryAfterSeconds } = this.#options
    const now = this.#clock.now()
    const key = `${client} ${email}`
    const use = this.#uses.get(key) ?? { active: 0, requests: 0, windowStart: now }
    this.#uses.set(key, use)
    if (now - use.windowStart >= windowMs) Object.assign(use, { requests: 0, windowStart: now })
    if (enabled && use.active >= concurrent) {
      return this.#refuse('Application is over its MailboxConcurrency limit.', retryAfterSeconds)
    }
    if (enabled && use.requests >= requests) {
      const seconds = Math.ceil((use.windowStart + windowMs - now) / 1000)
      return this.#refuse('Application is over its RequestCount limit.', seconds)
    }
    use.active++
    use.requests++
    let left = false
    const leave = (): void => {
      if (!left) use.active--
      left = true
    }
    return { serviceMs: enabled ? serviceMs : 0, leave }
  }

  #refuse(message: string, seconds: number): Reply {
    this.refused++
    return graphError(429, 'ApplicationThrottled', message, { 'retry-after': String(seconds) })
  }
}
