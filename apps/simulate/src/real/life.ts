import { createRandom, type Random } from '../random.ts'
import { Browser } from './browser.ts'
import type { Database } from './database.ts'
import { type Followed, followFeed, nothingFollowed } from './follower.ts'
import { GmailMailbox } from './gmail.ts'
import { ImapMailbox } from './imap.ts'
import type { Mailbox } from './mailbox.ts'
import { OutlookMailbox } from './outlook.ts'
import { Person } from './person.ts'
import type { Kind, Plan } from './plan.ts'
import type { Stack } from './stack.ts'

/** Rows that a planted bug makes a browser of this seed lose. */
export type Planted = { drops?: (table: string, row: unknown) => boolean }

const FOUND_MAX = 40

/** One seed at work: a person with mailboxes and browsers, and what was found wrong. */
export class Life {
  readonly plan: Plan
  readonly person: Person
  readonly mailboxes: Mailbox[]
  readonly browsers: Browser[]
  readonly random: Random
  readonly followed: Followed = nothingFollowed()
  readonly found: string[] = []
  /** The subjects of what was sent through the product, by the mutation's client id. */
  readonly sent = new Map<string, string>()
  /** Called with each finding. */
  onFound: () => void = () => {}
  readonly #leaving = new AbortController()
  readonly #database: Database
  #following: Promise<void> = Promise.resolve()

  constructor(plan: Plan, stack: Stack, planted: Planted = {}) {
    const { seed } = plan
    const { baseUrl, database } = stack
    this.#database = database
    this.plan = plan
    this.random = createRandom(`real life ${seed}`)
    this.person = new Person({ seed, baseUrl })
    this.mailboxes = plan.mailboxes.map(({ kind }, index) => mailboxAt(kind, stack, `seed${seed}-${index}`))
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
  async begin(): Promise<void> {
    const { person } = this
    for (const [index, { messages }] of this.plan.mailboxes.entries())
      await this.mailboxes[index]?.create(messages)
    await person.untilItWorks('Signing up', 30_000, () => person.signUp())
    this.#following = followFeed(
      person,
      this.random.fork('follower'),
      this.followed,
      what => this.report(`I2: a follower of /api/changes: ${what}`),
      this.#leaving.signal,
    )
    for (const mailbox of this.mailboxes)
      await person.untilItWorks(`Connecting ${mailbox.email}`, 30_000, () => mailbox.connect(person))
    for (const browser of this.browsers) browser.openTab()
  }

  async end(): Promise<void> {
    this.#leaving.abort()
    await this.#following
    for (const browser of this.browsers) await browser.closeTabs()
    await this.#letGo().catch(() => {})
  }

  /** Stopped, so that what is held or polled for them is not in the way of those who come after. */
  async #letGo(): Promise<void> {
    const accounts = await this.#database.query<{ id: string }>(
      `SELECT id FROM account WHERE user_id = $1 AND provider = 'imap'`,
      [this.person.userId],
    )
    for (const { id } of accounts) await this.person.request(`/api/accounts/${id}/stop`, { method: 'POST' })
  }
}

function mailboxAt(kind: Kind, { sandbox, imap }: Stack, name: string): Mailbox {
  if (kind === 'gmail') return new GmailMailbox(sandbox, `${name}@inlet.test`)
  if (kind === 'outlook') return new OutlookMailbox(sandbox, `${name}@outlook.inlet.test`)
  if (!imap) throw new Error(`${name} is to be at a mail server, and there is none.`)
  return new ImapMailbox(sandbox, imap, `${name}@imap.inlet.test`)
}
