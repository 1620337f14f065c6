import { ControlError, noSuchAccount } from '../../control/input.ts'
import type { AccountOptions } from '../../mailbox/mailboxes.ts'
import type { TokenLives } from '../entra/entra-tokens.ts'
import { type AadstsCode, isAadsts } from '../entra/errors.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { StoredFolder } from '../mailbox/types.ts'
import type { Microsoft } from '../microsoft.ts'
import type { NotificationOptions } from '../push/notifications.ts'
import type { LifecycleEvent, StoredSubscription } from '../push/subscriptions.ts'
import type { ThrottleOptions } from '../throttle.ts'
import { microsoftState } from './state.ts'

export const ALL_GRAPH_SCOPES = [
  'openid',
  'profile',
  'email',
  'offline_access',
  'User.Read',
  'Mail.ReadWrite',
  'Mail.Send',
] as const

/** Why a refresh token dies, and the code Entra then answers. */
export const REVOCATIONS = {
  expired: 70008,
  inactive: 700082,
  password: 50173,
  consent: 65001,
  mfa: 50076,
  policy: 53003,
} as const satisfies Record<string, AadstsCode>
export type Revocation = keyof typeof REVOCATIONS

/** What a test or a person does to the Microsoft accounts from outside; `/control/microsoft/…` is the same over HTTP. */
export class MicrosoftControl {
  #microsoft: Microsoft
  #accounts: readonly AccountOptions[]

  constructor(microsoft: Microsoft, accounts: readonly AccountOptions[]) {
    this.#microsoft = microsoft
    this.#accounts = accounts
  }

  /** The account's mailbox; without an address, the first account's. */
  mailbox(email?: string): OutlookMailbox {
    const all = this.mailboxes()
    const found = email === undefined ? all[0] : this.#microsoft.mailboxes.get(email)
    return found ?? noSuchAccount(email, all)
  }

  mailboxes(): OutlookMailbox[] {
    return this.#microsoft.mailboxes.all()
  }

  createAccount(options: AccountOptions): OutlookMailbox {
    const other = this.#microsoft.post.find(options.email)
    if (other && !this.#microsoft.mailboxes.get(options.email)) {
      throw new ControlError(409, 'address_taken', `${options.email} is an account of another provider.`)
    }
    return this.#microsoft.mailboxes.create(options)
  }

  /** Tokens as if the person had consented, without a browser. */
  token(
    email?: string,
    scopes: readonly string[] = ALL_GRAPH_SCOPES,
    clientId?: string,
  ): { access_token: string; refresh_token: string; expires_in: number } {
    const { clients, tokens } = this.#microsoft
    const client = clients.find(candidate => clientId === undefined || candidate.id === clientId)
    if (!client) throw new ControlError(404, 'no_such_client', `There is no client ${clientId ?? ''}.`)
    const grant = { email: this.mailbox(email).email, client: client.id, scopes }
    const issued = tokens.issue(grant, { refresh: true })
    return { access_token: issued.access, refresh_token: issued.refresh ?? '', expires_in: issued.expiresIn }
  }

  /** Ends every token of the account. Returns how many died. */
  revoke(email?: string, why: Revocation | AadstsCode = 'consent'): number {
    const code = typeof why === 'number' ? why : REVOCATIONS[why]
    if (!isAadsts(code))
      throw new ControlError(400, 'invalid_field', `AADSTS${String(code)} is not known here.`)
    return this.#microsoft.tokens.revoke(this.mailbox(email).email, code)
  }

  expireAccessTokens(email?: string): number {
    return this.#microsoft.tokens.expireAccess(this.mailbox(email).email)
  }

  configureTokens(lives: TokenLives): void {
    this.#microsoft.tokens.lives = lives
  }

  /** Every delta link given out so far answers 410, of one folder or all. Returns how many deltas that were. */
  expireDelta(email?: string, folder?: string): number {
    const mailbox = this.mailbox(email)
    const scope = folder === undefined || folder === 'folders' ? folder : this.folder(mailbox, folder).key
    return this.#microsoft.chains.expire(mailbox.email, scope)
  }

  /** Moves the newest messages of a folder, as another client of the person would. Returns how many. */
  move(options: { email?: string; from: string; to: string; count?: number; silent?: boolean }): number {
    const mailbox = this.mailbox(options.email)
    const to = this.folder(mailbox, options.to).key
    const newest = mailbox.inFolder(this.folder(mailbox, options.from).key)
    const silent =
      options.silent === true ||
      this.#microsoft.faults.take('move.silent', { account: mailbox.email }) !== undefined
    return mailbox.move(newest.slice(0, options.count ?? newest.length), to, { silent }).length
  }

  /** By well-known name, id or display name. */
  folder(mailbox: OutlookMailbox, name: string): StoredFolder {
    const { folders, account } = mailbox
    const found = folders.find(account, name) ?? folders.all().find(folder => folder.name === name)
    if (found) return found
    throw new ControlError(404, 'no_such_folder', `There is no folder ${name}.`)
  }

  /** Tells a subscription's owner about its life, with what follows from it. One subscription, or all of an account. */
  lifecycle(
    event: LifecycleEvent,
    which: { email?: string; subscription?: string },
    graceMs = 0,
  ): { subscriptions: number; told: number } {
    const hit = this.#subscriptions(which)
    const told = hit.filter(one => this.#microsoft.subscriptions.lifecycle(one, event, graceMs))
    return { subscriptions: hit.length, told: told.length }
  }

  /** Subscriptions vanish without a word. Returns how many. */
  removeSubscriptions(which: { email?: string; subscription?: string }): number {
    return this.#subscriptions(which).filter(({ id }) => this.#microsoft.subscriptions.remove(id)).length
  }

  configureLimits(options: ThrottleOptions): void {
    this.#microsoft.throttle.configure(options)
  }

  configureNotifications(options: NotificationOptions): void {
    const { notifications } = this.#microsoft
    notifications.options = { ...notifications.options, ...options }
    notifications.pump()
  }

  /** The clock was pushed: what waits may be due. */
  clockMoved(): void {
    this.#microsoft.notifications.pump()
  }

  /** After the store was emptied: back to the first start. */
  reset(): void {
    this.#microsoft.notifications.forget()
    this.#microsoft.mailboxes.forget()
    for (const account of this.#accounts) this.createAccount(account)
  }

  state(): object {
    return microsoftState(this.#microsoft)
  }

  #subscriptions({ email, subscription }: { email?: string; subscription?: string }): StoredSubscription[] {
    const { subscriptions } = this.#microsoft
    if (subscription === undefined) return subscriptions.of(this.mailbox(email).email)
    const found = subscriptions.get(subscription)
    if (found) return [found]
    throw new ControlError(404, 'no_such_subscription', `There is no subscription ${subscription}.`)
  }
}
