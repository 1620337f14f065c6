import { newId, rowId } from '@inlet/sync/row-id'
import { storeContract } from '../src/contract/store.ts'
import { createMemoryStore } from '../src/memory-store/memory-store.ts'
import { emptyState } from '../src/memory-store/state.ts'

const state = emptyState()
const memory = createMemoryStore({ state, newId, now: () => Date.now() })

storeContract('The store in memory', () => ({
  ...memory,
  async mislabel(accountId, messageId) {
    const id = rowId(accountId, 'message', messageId)
    for (const { messages } of state.users.values()) {
      const entry = messages.get(id)
      if (entry) entry.row = { ...entry.row, labelIds: [...entry.row.labelIds, 'no-label'] }
    }
  },
}))
