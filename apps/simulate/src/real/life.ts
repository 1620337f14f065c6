import { createRandom, type Random } from '../random.ts'
import { Browser } from './browser.ts'
import { type Followed, followFeed, nothingFollowed } from './follower.ts'
import { Gmail, type Google } from './google.ts'
import { Person } from './person.ts'
import type { Plan } from './plan.ts'
import type { Stack } from './stack.ts'

/** Rows that a planted bug makes a browser of this seed lose. */
export type Planted = { drops?: (table: string, row: unknown) => boolean }

const FOUND_MAX = 40

/** One seed at work: a person with mailboxes and browsers, and what was found wrong. */
export class Life {
  readonly plan: Plan
  readonly person: Person
  readonly mailboxes: Gmail[]
  readonly browsers: Browser[]
  readonly random: Random
  readonly followed: Followed = nothingFollowed()
  readonly found: string[] = []
  /** Faults of single messages at Gmail. */
  readonly broken: string[] = []
  /** What was sent through the product, by the mutation's client id. */
  readonly sent = new Map<string, { subject: string; mailbox: number }>()
  /** Called with each finding. */
  onFound: () => void = () => {}
  readonly #leaving = new AbortController()
  #following: Promise<void> = Promise.resolve()

  constructor(plan: Plan, stack: Stack, google: Google, planted: Planted = {}) {
    const { seed } = plan
    const { baseUrl } = stack
    this.plan = plan
    this.random = createRandom(`real life ${seed}`)
    this.person = new Person({ seed, baseUrl })
    this.mailboxes = plan.mailboxes.map((_, index) => new Gmail(google, `seed${seed}-${index}@inlet.test`))
    this.browsers = Array.from(
      { length: plan.browsers },
      (_, index) =>
        new Browser({
          name: `browser${index}`,
          person: this.person,
          baseUrl,
          random: this.random.fork(`browser ${index}`),
          ...planted,
        }),
    )
  }

  report(what: string): void {
    if (this.found.length >= FOUND_MAX || this.found.includes(what)) return
    this.found.push(what)
    this.onFound()
  }

  /** Signs up, connects the mailboxes, opens the browsers. */
  async begin(google: Google): Promise<void> {
    const { person } = this
    for (const [index, messages] of this.plan.mailboxes.entries())
      await google.control('accounts', { email: this.mailboxes[index]?.email, name: 'Somebody', messages })
    await person.untilItWorks('Signing up', 30_000, () => person.signUp())
    this.#following = followFeed(
      person,
      this.random.fork('follower'),
      this.followed,
      what => this.report(`I2: a follower of /api/changes: ${what}`),
      this.#leaving.signal,
    )
    for (const { email } of this.mailboxes)
      await person.untilItWorks(`Connecting ${email}`, 30_000, () => person.connect(email))
    for (const browser of this.browsers) browser.openTab()
  }

  async end(): Promise<void> {
    this.#leaving.abort()
    await this.#following
    for (const browser of this.browsers) await browser.closeTabs()
  }
}
