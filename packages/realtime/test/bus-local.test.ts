import { busContract } from '@inlet/testkit/contract/bus'
import { type LocalExchange, localBus } from '../src/bus-local.ts'

busContract(
  'a single process',
  async () => {
    const exchange: LocalExchange = new Set()
    return { connect: () => localBus(() => {}, exchange), close: async () => {} }
  },
  { faults: false },
)
