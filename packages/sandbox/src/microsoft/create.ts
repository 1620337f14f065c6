import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { SigningKeys } from '../google/oauth/keys.ts'
import type { AccountOptions } from '../mailbox/mailboxes.ts'
import type { PostOffice } from '../post-office.ts'
import type { Store } from '../store/store.ts'
import { DEFAULT_ENTRA_CLIENT, type EntraClient } from './entra/clients.ts'
import { EntraTokens, type TokenLives } from './entra/entra-tokens.ts'
import { DeltaChains } from './graph/delta-chains.ts'
import { Outbox } from './graph/outbox.ts'
import type { Listener, OutlookMailbox } from './mailbox/outlook-mailbox.ts'
import { OutlookMailboxes } from './mailbox/outlook-mailboxes.ts'
import type { Microsoft } from './microsoft.ts'
import { HANDSHAKE_MS } from './push/handshake.ts'
import { type NotificationOptions, Notifications } from './push/notifications.ts'
import { Subscriptions } from './push/subscriptions.ts'
import { Throttle, type ThrottleOptions } from './throttle.ts'

export interface MicrosoftOptions {
  /** Created at the first start; already existing ones stay as they are. */
  accounts?: readonly AccountOptions[]
  clients?: readonly EntraClient[]
  limits?: ThrottleOptions
  notifications?: NotificationOptions
  tokens?: TokenLives
  handshakeMs?: number
}

interface Parts {
  store: Store
  clock: Clock
  wallClock: Clock
  faults: Faults
  keys: SigningKeys
  post: PostOffice
  seed: number
}

/** Puts the Microsoft simulators together over the sandbox's common parts. */
export function createMicrosoft(options: MicrosoftOptions, parts: Parts): Microsoft {
  const { store, clock, faults, post, seed } = parts
  const notices = options.notifications ? { options: options.notifications } : {}
  const notifications = new Notifications({ store, clock, faults, ...notices })
  const subscriptions = new Subscriptions({ store, clock, faults, queue: notifications })
  const listen = (mailbox: OutlookMailbox): Listener => ({
    ops: edits => subscriptions.notify(mailbox, edits),
    committed: () => notifications.pump(),
  })
  const mailboxes = new OutlookMailboxes({ store, clock, seed, listen })
  for (const account of options.accounts ?? []) mailboxes.create(account)
  post.register(address => mailboxes.addressee(address))
  const outbox = new Outbox({ now: () => clock.now(), faults, post })
  for (const mailbox of mailboxes.all()) outbox.resume(mailbox)
  notifications.pump()
  return {
    store,
    clock,
    wallClock: parts.wallClock,
    faults,
    keys: parts.keys,
    post,
    clients: options.clients ?? [DEFAULT_ENTRA_CLIENT],
    tokens: new EntraTokens(store, clock, options.tokens),
    mailboxes,
    chains: new DeltaChains(store, clock),
    outbox,
    subscriptions,
    notifications,
    throttle: new Throttle(options.limits ?? {}, clock),
    handshakeMs: options.handshakeMs ?? HANDSHAKE_MS,
  }
}
