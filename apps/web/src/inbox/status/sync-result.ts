import type { SyncResponse } from '@inlet/protocol/sync-api'
import { plural } from '../../ui/format.ts'

export interface SyncOutcome {
  kind: 'success' | 'error' | 'info'
  text: string
}

/** The toast after "Sync now". `added` is how many messages the local copy gained meanwhile. */
export function syncOutcome(response: SyncResponse, added: number): SyncOutcome {
  const failed = response.accounts.find(account => account.error)
  if (failed?.error) return { kind: 'error', text: failed.error.message }
  if (added > 0) return { kind: 'success', text: plural(added, 'new message') }
  if (response.accounts.length === 0) return { kind: 'info', text: 'No account is connected yet.' }
  if (response.accounts.some(account => account.changes === null)) {
    return { kind: 'info', text: 'Still syncing. What it finds appears by itself.' }
  }
  const changes = response.accounts.reduce((sum, account) => sum + (account.changes ?? 0), 0)
  return {
    kind: 'success',
    text: changes === 0 ? 'Up to date' : `Up to date: ${plural(changes, 'change')} fetched`,
  }
}
