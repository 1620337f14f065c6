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
