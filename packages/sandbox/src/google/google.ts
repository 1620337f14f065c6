import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Mailboxes } from '../mailbox/mailboxes.ts'
import type { PostOffice } from '../post-office.ts'
import type { Store } from '../store/store.ts'
import type { Watches } from './gmail/watches.ts'
import type { SigningKeys } from './oauth/keys.ts'
import type { OAuthClient, Tokens } from './oauth/tokens.ts'
import type { PubSub } from './pubsub/pubsub.ts'
import type { Quota } from './quota.ts'

/** What the Google simulators share. */
export interface Google {
  store: Store
  /** The sandbox's time, which the control API can push forward. */
  clock: Clock
  /** Real time: for signatures, which others check against theirs. */
  wallClock: Clock
  mailboxes: Mailboxes
  faults: Faults
  clients: readonly OAuthClient[]
  tokens: Tokens
  keys: SigningKeys
  quota: Quota
  watches: Watches
  pubsub: PubSub
  post: PostOffice
}

/** The one simulated cloud project; topics and subscriptions live in it. */
export const PROJECT = 'inlet-sandbox'
