import { providerContract } from '@inlet/testkit/contract/provider'
import { sandboxWorld } from './sandbox-world.ts'

providerContract('Gmail', () => sandboxWorld(), { listsIds: true })
