import { providerContract } from '@inlet/testkit/contract/provider'
import { imapTraits, imapWorld } from './imap-contract-world.ts'

providerContract(
  'IMAP without QRESYNC, CONDSTORE, LIST-STATUS, IDLE and MOVE',
  () => imapWorld(['QRESYNC', 'CONDSTORE', 'LIST-STATUS', 'IDLE', 'MOVE']),
  imapTraits,
)
