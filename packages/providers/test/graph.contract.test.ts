import { providerContract } from '@inlet/testkit/contract/provider'
import { graphWorld } from './graph-world.ts'

providerContract('Outlook', () => graphWorld(), { local: ['listings'] })
