import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { SigningKeys } from '../google/oauth/keys.ts'
import type { PostOffice } from '../post-office.ts'
import type { Store } from '../store/store.ts'
import type { EntraClient } from './entra/clients.ts'
import type { EntraTokens } from './entra/entra-tokens.ts'
import type { DeltaChains } from './graph/delta-chains.ts'
import type { Outbox } from './graph/outbox.ts'
import type { OutlookMailboxes } from './mailbox/outlook-mailboxes.ts'
import type { Notifications } from './push/notifications.ts'
import type { Subscriptions } from './push/subscriptions.ts'
import type { Throttle } from './throttle.ts'

/** What the Microsoft simulators share. */
export interface Microsoft {
  store: Store
  /** The sandbox's time, which the control API can push forward. */
  clock: Clock
  /** Real time: for signatures, which others check against theirs. */
  wallClock: Clock
  faults: Faults
  keys: SigningKeys
  post: PostOffice
  clients: readonly EntraClient[]
  tokens: EntraTokens
  mailboxes: OutlookMailboxes
  chains: DeltaChains
  outbox: Outbox
  subscriptions: Subscriptions
  notifications: Notifications
  throttle: Throttle
  /** How long a subscriber may take to answer the handshake. */
  handshakeMs: number
}
