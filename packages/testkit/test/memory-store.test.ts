import { newId } from '@inlet/sync/row-id'
import { storeContract } from '../src/contract/store.ts'
import { createMemoryStore } from '../src/memory-store/memory-store.ts'
import { emptyState } from '../src/memory-store/state.ts'

const memory = createMemoryStore({ state: emptyState(), newId, now: () => Date.now() })

storeContract('The store in memory', () => memory)
