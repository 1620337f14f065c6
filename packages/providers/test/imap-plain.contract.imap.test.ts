import { providerContract } from '@inlet/testkit/contract/provider'
import { imapTraits, imapWorld } from './imap-contract-world.ts'

providerContract(
  'IMAP without QRESYNC, CONDSTORE, IDLE and MOVE',
  () => imapWorld(['QRESYNC', 'CONDSTORE', 'IDLE', 'MOVE']),
  imapTraits,
)
