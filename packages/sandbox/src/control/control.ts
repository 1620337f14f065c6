import type { ShiftedClock } from '../clock.ts'
import type { Fault, FaultInput } from '../faults.ts'
import { countsOf, toGoogle } from '../google/gmail/labels.ts'
import type { Google } from '../google/google.ts'
import type { PushDelivery, PushOptions } from '../google/pubsub/push-delivery.ts'
import type { QuotaOptions } from '../google/quota.ts'
import type { Reply } from '../http/reply.ts'
import type { Request } from '../http/router.ts'
import type { ImapControl } from '../imap/control/imap-control.ts'
import { imapControlRoutes } from '../imap/control/routes.ts'
import type { Mailbox } from '../mailbox/mailbox.ts'
import type { AccountOptions } from '../mailbox/mailboxes.ts'
import { SYSTEM_LABELS } from '../mailbox/types.ts'
import type { MicrosoftControl } from '../microsoft/control/microsoft-control.ts'
import { microsoftControlRoutes } from '../microsoft/control/routes.ts'
import type { Addressee, Delivered } from '../post-office.ts'
import type { RequestLog } from '../request-log.ts'
import type { Deliveries, DeliveryJob } from './deliveries.ts'
import { ControlError, noSuchAccount } from './input.ts'
import { controlRoutes } from './routes.ts'

export const ALL_SCOPES = [
  'openid',
  'email',
  'profile',
  'https://mail.google.com/',
  'https://www.googleapis.com/auth/gmail.modify',
] as const

interface Parts {
  google: Google
  microsoft: MicrosoftControl
  imap: ImapControl
  delivery: PushDelivery
  deliveries: Deliveries
  log: RequestLog
  clock: ShiftedClock
  accounts: readonly AccountOptions[]
}

/** What a test or a person does to the simulated world from outside; `/control/…` is the same over HTTP. */
export class Control {
  readonly log: RequestLog
  readonly deliveries: Deliveries
  readonly microsoft: MicrosoftControl
  readonly imap: ImapControl
  #google: Google
  #delivery: PushDelivery
  #clock: ShiftedClock
  #accounts: readonly AccountOptions[]
  #routes = controlRoutes()
  #microsoftRoutes = microsoftControlRoutes()
  #imapRoutes = imapControlRoutes()

  constructor(parts: Parts) {
    this.#google = parts.google
    this.microsoft = parts.microsoft
    this.imap = parts.imap
    this.#delivery = parts.delivery
    this.#clock = parts.clock
    this.#accounts = parts.accounts
    this.log = parts.log
    this.deliveries = parts.deliveries
  }

  /** Answers `/control/…`. */
  async handle(request: Request): Promise<Reply> {
    try {
      const found = this.#routes.find(request.method, request.path)
      if ('run' in found) return await found.run({ control: this, request })
      const other = this.#microsoftRoutes.find(request.method, request.path)
      if ('run' in other) return await other.run({ control: this.microsoft, request })
      const third = this.#imapRoutes.find(request.method, request.path)
      if ('run' in third) return await third.run({ control: this.imap, request })
      found.allowed.push(...other.allowed, ...third.allowed)
      if (found.allowed.length > 0) {
        throw new ControlError(
          405,
          'method_not_allowed',
          `${request.path} takes ${found.allowed.join(' or ')}.`,
        )
      }
      throw new ControlError(
        404,
        'no_such_route',
        `There is no ${request.path}; docs/sandbox.md, docs/sandbox-microsoft.md and docs/sandbox-imap.md list the control API.`,
      )
    } catch (error) {
      if (error instanceof ControlError) return error.reply
      throw error
    }
  }

  /** The account's mailbox; without an address, the only or first account's. */
  mailbox(email?: string): Mailbox {
    const all = this.#google.mailboxes.all()
    const found = email === undefined ? all[0] : this.#google.mailboxes.get(email)
    return found ?? noSuchAccount(email, all)
  }

  mailboxes(): Mailbox[] {
    return this.#google.mailboxes.all()
  }

  createAccount(options: AccountOptions): Mailbox {
    const other = this.#google.post.find(options.email)
    if (other && !this.#google.mailboxes.get(options.email)) {
      throw new ControlError(409, 'address_taken', `${options.email} is an account of another provider.`)
    }
    return this.#google.mailboxes.create(options, this.#clock.now())
  }

  /** Tokens as if the person had consented, without a browser. */
  token(
    email?: string,
    scopes: readonly string[] = ALL_SCOPES,
    clientId?: string,
  ): { access_token: string; refresh_token: string; expires_in: number } {
    const client = this.#google.clients.find(candidate => clientId === undefined || candidate.id === clientId)
    if (!client) throw new ControlError(404, 'no_such_client', `There is no OAuth client ${clientId ?? ''}.`)
    const issued = this.#google.tokens.issue(
      { email: this.mailbox(email).email, client: client.id, scopes },
      true,
    )
    return { access_token: issued.access, refresh_token: issued.refresh ?? '', expires_in: issued.expiresIn }
  }

  deliver(email: string | undefined, raw: Buffer | string): Delivered {
    return this.deliveries.deliver(this.#addressee(email), Buffer.from(raw))
  }

  /** Generated mail at once, or as a job with a rate. */
  generate(
    email: string | undefined,
    options: { count: number; seed?: number; ratePerSecond?: number },
  ): Delivered[] | DeliveryJob {
    const to = this.#addressee(email)
    // Without a seed each run continues with fresh mail.
    const seed = options.seed ?? to.changes
    return options.ratePerSecond === undefined
      ? this.deliveries.generateNow(to, options.count, seed)
      : this.deliveries.generateOverTime(to, options.count, seed, options.ratePerSecond)
  }

  /** Whoever's mailbox the address is; without one, the first account's. */
  #addressee(email?: string): Addressee {
    const all = [...this.mailboxes(), ...this.microsoft.mailboxes(), ...this.imap.mailboxes()]
    return this.#google.post.find(email ?? all[0]?.email ?? '') ?? noSuchAccount(email, all)
  }

  addFault(input: FaultInput): Fault {
    return this.#google.faults.add(input)
  }

  faults(): Fault[] {
    return this.#google.faults.list()
  }

  removeFault(id: string): void {
    if (!this.#google.faults.remove(id))
      throw new ControlError(404, 'no_such_fault', `There is no fault ${id}.`)
  }

  clearFaults(): void {
    this.#google.faults.clear()
  }

  /** history.list answers 404 for every id given out so far. Returns the new floor. */
  expireHistory(email?: string): string {
    return String(this.mailbox(email).expireHistory())
  }

  /** As if the person had removed the application's access. Returns how many tokens died. */
  revoke(email?: string): number {
    return this.#google.tokens.revokeAll(this.mailbox(email).email)
  }

  expireAccessTokens(email?: string): number {
    return this.#google.tokens.expireAccess(this.mailbox(email).email)
  }

  set accessTokenLifeSeconds(seconds: number) {
    this.#google.tokens.accessLifeSeconds = seconds
  }

  expireWatch(email?: string): boolean {
    return this.#google.watches.expire(this.mailbox(email).email)
  }

  removeWatch(email?: string): boolean {
    return this.#google.watches.stop(this.mailbox(email).email)
  }

  /** Pushes the sandbox's clock forward: tokens, watches and quotas age. Returns its time, epoch ms. */
  advanceClock(ms: number): number {
    this.#clock.advance(ms)
    this.microsoft.clockMoved()
    return this.#clock.now()
  }

  configurePush(options: PushOptions | null): void {
    this.#delivery.configure(options)
  }

  get push(): PushOptions | null {
    return this.#delivery.options
  }

  configureQuota(options: QuotaOptions): void {
    this.#google.quota.configure(options)
  }

  /** Back to the first start: every account, token, watch, push, fault and counter goes. */
  reset(): void {
    for (const job of this.deliveries.jobs()) this.deliveries.cancel(job.id)
    this.clearFaults()
    this.log.clear()
    this.#google.mailboxes.clear()
    this.microsoft.reset()
    this.imap.reset()
    for (const account of this.#accounts) this.createAccount(account)
  }

  /** The sandbox's time, epoch ms. */
  get now(): number {
    return this.#clock.now()
  }

  state(): object {
    const google = this.#google
    const live = google.watches.list()
    return {
      now: this.#clock.now(),
      clockOffsetMs: this.#clock.offset,
      accounts: google.mailboxes.all().map(mailbox =>
        accountState(
          mailbox,
          live.find(w => w.email === mailbox.email),
        ),
      ),
      push: { target: this.#delivery.options, waiting: google.pubsub.size, ...this.#delivery.statistics },
      notifications: google.watches.statistics,
      quota: {
        ...google.quota.options,
        refused: google.quota.refused,
        spent: Object.fromEntries(google.quota.spent),
      },
      microsoft: this.microsoft.state(),
      imap: this.imap.state(),
      faults: google.faults.list(),
      deliveries: this.deliveries.jobs(),
      requests: Object.fromEntries(this.log.counts),
    }
  }
}

function accountState(
  mailbox: Mailbox,
  watch: { expires: number; live: boolean; labels: readonly string[] } | undefined,
): object {
  const ids = [...SYSTEM_LABELS, ...[...mailbox.labels.values()].map(label => label.id)]
  const labels = ids.map(id => {
    const { messagesTotal, messagesUnread } = countsOf(mailbox, id)
    return {
      id: toGoogle(id),
      name: mailbox.labels.get(id)?.name ?? toGoogle(id),
      messages: messagesTotal,
      unread: messagesUnread,
    }
  })
  return {
    email: mailbox.email,
    name: mailbox.account.name,
    messages: mailbox.size,
    threads: mailbox.threadCount,
    historyId: String(mailbox.history.current),
    historyFloor: String(mailbox.history.floor),
    labels: labels.filter(label => label.messages > 0),
    watch: watch
      ? { live: watch.live, expiration: watch.expires, labelIds: watch.labels.map(toGoogle) }
      : null,
  }
}
