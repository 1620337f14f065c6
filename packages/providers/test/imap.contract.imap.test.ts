import { providerContract } from '@inlet/testkit/contract/provider'
import { imapTraits, imapWorld } from './imap-contract-world.ts'

providerContract('IMAP', () => imapWorld(), imapTraits)
