import type { MirrorPhase } from '@inlet/client/mirror-state'
import type { Account } from '@inlet/protocol/entities'

const states = { active: 'bg-good', degraded: 'bg-warn', disconnected: 'bg-bad' } as const
export const stateDot = (account: Account): string => states[account.status.state]

export const phaseDot: Record<MirrorPhase, string> = {
  starting: 'bg-faint',
  connecting: 'bg-faint',
  live: 'bg-good',
  polling: 'bg-warn',
  resyncing: 'bg-accent',
  offline: 'bg-warn',
  superseded: 'bg-faint',
  signed_out: 'bg-bad',
}
