import { providerContract } from '@inlet/testkit/contract/provider'
import { imapWorld } from './imap-contract-world.ts'

providerContract('IMAP without QRESYNC, IDLE and MOVE', () => imapWorld(['QRESYNC', 'IDLE', 'MOVE']))
