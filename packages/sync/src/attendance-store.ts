import type { Provider } from '@inlet/protocol/entities'

/** An account whose doorbells a worker holds. Times in epoch ms. */
export type Attended = {
  accountId: string
  userId: string
  email: string
  provider: Provider
  since: number
}

/**
 * Who holds the doorbells that are connections (IMAP IDLE). Leases spread the accounts evenly over the workers that are
 * alive. They save effort and nothing rests on them: two holders of one account ring twice, none leaves it to polling.
 */
export interface AttendanceStore {
  /**
   * One worker's round: it is alive for `leaseMs` from now, keeps what it holds up to its even share, the longest held
   * first, and takes what nobody holds. Answers all that it holds now; what is not among it any more it must let go.
   * Accounts that are stopped or disconnected are nobody's.
   */
  attend(round: {
    workerId: string
    providers: Provider[]
    now: number
    leaseMs: number
  }): Promise<Attended[]>
  /** Which of the user's accounts are held by somebody now, and since when. */
  attendedOf(userId: string, now: number): Promise<{ accountId: string; since: number }[]>
  /** The worker ends: what it held is free at once. */
  leave(workerId: string): Promise<void>
}
