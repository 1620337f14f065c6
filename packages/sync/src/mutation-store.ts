import type { MutationBody, MutationResult } from '@inlet/protocol/mutations'
import type { Lease } from './store-port.ts'

/** A person's changes, on their way to the provider. */
export interface MutationStore {
  /** Stores new ones as pending (those whose client id is known are answered as they stand) and marks the mutations lane. */
  addMutations(
    userId: string,
    mutations: { clientId: string; body: MutationBody }[],
    now: number,
  ): Promise<MutationResult[]>
  pendingMutations(accountId: string, limit: number): Promise<StoredMutation[]>
  /**
   * Under the lease of the mutations lane: throws StaleLease and writes nothing when it has passed on, so that a worker
   * that was thought dead neither begins a send nor takes back what another has done (I8). `sending` is written before a
   * send leaves: after a crash it is looked for before it is repeated.
   */
  setMutation(
    lease: Lease,
    clientId: string,
    userId: string,
    change: { state: MutationState; error: { code: string; message: string } | null; attempts: number },
    now: number,
  ): Promise<void>
  mutationResults(userId: string, clientIds: string[]): Promise<MutationResult[]>
}

export type MutationState = MutationResult['state'] | 'sending'
export type StoredMutation = {
  clientId: string
  userId: string
  accountId: string
  body: MutationBody
  state: MutationState
  attempts: number
  /** The provider's ids of body.messageIds, and of what is answered. */
  providerIds: string[]
  labelProviderIds: { add: string[]; remove: string[] }
  inReplyTo: {
    providerId: string
    threadProviderId: string
    messageIdHeader: string | null
    references: string[]
  } | null
}
