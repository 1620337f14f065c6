export interface HealthOptions {
  /** Answers later than this are slow. Default 3 s. */
  slowMs: number
  /** Answers later than this, and none at all, are worse. Default 10 s. */
  dropMs: number
  /** Shares of answers in the window above which the state begins. Default 0.1 and 0.15. */
  slowShare: number
  dropShare: number
  /** Fewer answers than this in the window say nothing. Default 100. */
  minimumAnswers: number
  /** Window, and how long a state lasts. Default ten minutes. */
  stateMs: number
}

export const DEFAULT_HEALTH: HealthOptions = {
  slowMs: 3000,
  dropMs: 10_000,
  slowShare: 0.1,
  dropShare: 0.15,
  minimumAnswers: 100,
  stateMs: 10 * 60_000,
}

export type EndpointState = 'good' | 'slow' | 'drop'

/** How quickly one address answers, and what Graph makes of it. Times are epoch ms of the sandbox's clock. */
export class EndpointHealth {
  #answers: { at: number; ms: number }[] = []
  #state: EndpointState = 'good'
  #until = 0

  state(now: number): EndpointState {
    if (now >= this.#until) this.#state = 'good'
    return this.#state
  }

  answered(now: number, ms: number, options: HealthOptions): void {
    this.#answers.push({ at: now, ms })
    this.#answers = this.#answers.filter(({ at }) => at > now - options.stateMs)
    if (this.state(now) !== 'good' || this.#answers.length < options.minimumAnswers) return
    const share = (limit: number): number =>
      this.#answers.filter(answer => answer.ms > limit).length / this.#answers.length
    const next =
      share(options.dropMs) > options.dropShare
        ? 'drop'
        : share(options.slowMs) > options.slowShare
          ? 'slow'
          : 'good'
    if (next === 'good') return
    this.#state = next
    this.#until = now + options.stateMs
    this.#answers = []
  }
}
