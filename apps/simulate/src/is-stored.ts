import type { MemoryState } from '@inlet/testkit/memory-store/state'
import { idOf } from './ids.ts'

/** Is this message of the mailbox stored; with `folder`, as lying there? */
export function isStored(state: MemoryState, email: string, messageId: string, folder?: string): boolean {
  for (const user of state.users.values())
    for (const { row } of user.accounts.values()) {
      const stored = row.email === email ? user.messages.get(idOf(row.id, 'message', messageId)) : undefined
      if (!stored) continue
      return folder === undefined || stored.row.labelIds.includes(idOf(row.id, 'label', folder))
    }
  return false
}

/** Is something stored at this place? */
export function isPlaced(
  state: MemoryState,
  email: string,
  at: { resource: string; epoch: string; uid: number },
): boolean {
  for (const place of state.places.values())
    if (
      place.uid === at.uid &&
      place.resource === at.resource &&
      place.epoch === at.epoch &&
      !place.gone &&
      emailOf(state, place.accountId) === email
    )
      return true
  return false
}

function emailOf(state: MemoryState, accountId: string): string | undefined {
  const userId = state.accounts.get(accountId)?.userId ?? ''
  return state.users.get(userId)?.accounts.get(accountId)?.row.email
}
