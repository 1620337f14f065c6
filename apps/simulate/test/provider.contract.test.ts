import { providerContract } from '@inlet/testkit/contract/provider'
import { FolderMailbox } from '../src/folder-mailbox.ts'
import { GmailMailbox } from '../src/gmail-mailbox.ts'
import { simulatedTraits, simulatedWorld } from './provider-world.ts'

providerContract('simulated Gmail', () => simulatedWorld(world => new GmailMailbox(world)), simulatedTraits)
providerContract(
  'simulated Outlook',
  () => simulatedWorld(world => new FolderMailbox(world)),
  simulatedTraits,
)
