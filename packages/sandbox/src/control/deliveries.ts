import type { Clock } from '../clock.ts'
import { generateMessage } from '../generate/generate.ts'
import { type Addressee, ARRIVED, type Delivered } from '../post-office.ts'
import { ControlError } from './input.ts'

export const MAX_GENERATED = 100_000
export const MAX_RATE = 1000
const MAX_JOBS = 50

/** A timed run of generated mail. It ends with the process: a restarted sandbox does not go on. */
export interface DeliveryJob {
  id: string
  account: string
  count: number
  delivered: number
  ratePerSecond: number
  state: 'running' | 'done' | 'cancelled'
}

/** Puts mail into mailboxes as if it had just arrived. */
export class Deliveries {
  #clock: Clock
  #jobs = new Map<string, { job: DeliveryJob; timer: NodeJS.Timeout | null }>()
  #next = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The bytes are kept exactly as they are. `labels` are the sandbox's own words. */
  deliver(to: Addressee, raw: Buffer, labels: readonly string[] = ARRIVED): Delivered {
    return to.receive(raw, labels, this.#clock.now())
  }

  /** At once, in one go: every message is stored when this returns. */
  generateNow(to: Addressee, count: number, seed: number): Delivered[] {
    return Array.from({ length: count }, (_, i) => this.#generated(to, seed, i))
  }

  /** Spread over time; the clock decides how many are due, so a busy machine catches up. */
  generateOverTime(to: Addressee, count: number, seed: number, ratePerSecond: number): DeliveryJob {
    const running = [...this.#jobs.values()].filter(({ job }) => job.state === 'running')
    if (running.length >= MAX_JOBS) {
      throw new ControlError(
        409,
        'too_many_deliveries',
        `${MAX_JOBS} deliveries are running; cancel one first.`,
      )
    }
    for (const [id, { job }] of this.#jobs)
      if (job.state !== 'running' && this.#jobs.size > MAX_JOBS * 2) this.#jobs.delete(id)
    const job: DeliveryJob = {
      id: `delivery-${this.#next++}`,
      account: to.email,
      count,
      delivered: 0,
      ratePerSecond,
      state: 'running',
    }
    const started = performance.now()
    const tick = (): void => {
      const due = Math.min(count, Math.floor(((performance.now() - started) / 1000) * ratePerSecond) + 1)
      // Bounded per tick, so that requests are answered in between.
      for (let n = 0; n < 50 && job.delivered < due; n++) this.#generated(to, seed, job.delivered++)
      if (job.delivered < count) return
      job.state = 'done'
      clearInterval(timer)
    }
    const timer = setInterval(tick, Math.max(5, Math.min(1000 / ratePerSecond, 1000)))
    this.#jobs.set(job.id, { job, timer })
    tick()
    return job
  }

  jobs(): DeliveryJob[] {
    return [...this.#jobs.values()].map(({ job }) => job)
  }

  cancel(id: string): DeliveryJob {
    const found = this.#jobs.get(id)
    if (!found) throw new ControlError(404, 'no_such_delivery', `There is no delivery ${id}.`)
    if (found.timer) clearInterval(found.timer)
    if (found.job.state === 'running') found.job.state = 'cancelled'
    return found.job
  }

  close(): void {
    for (const id of this.#jobs.keys()) this.cancel(id)
  }

  #generated(to: Addressee, seed: number, index: number): Delivered {
    const { raw, labels } = generateMessage({ seed, index, to, now: this.#clock.now() })
    return this.deliver(to, raw, labels)
  }
}
