import { createHash } from 'node:crypto'
import { type Clock, EPOCH } from './clock.ts'

/** What happened, in order, as lines that a person can read. Off by default: most runs are never looked at. */
export class Trace {
  readonly #clock: Clock
  readonly on: boolean
  readonly lines: string[] = []

  constructor(clock: Clock, on: boolean) {
    this.#clock = clock
    this.on = on
  }

  say(who: string, what: string): void {
    if (!this.on) return
    const seconds = ((this.#clock.now() - EPOCH) / 1_000).toFixed(3).padStart(9)
    this.lines.push(`${seconds} s  ${who.padEnd(10)} ${what}`)
  }

  hash(): string {
    return createHash('sha256').update(this.lines.join('\n')).digest('hex')
  }
}
