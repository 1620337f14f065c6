import { feedMutants } from './feed-mutants.ts'
import { folderMutants } from './folder-mutants.ts'
import { imapMutants } from './imap-mutants.ts'
import { mirrorMutants } from './mirror-mutants.ts'
import type { Mutant } from './mutant.ts'
import { placeMutants } from './place-mutants.ts'
import { planMutants } from './plan-mutants.ts'
import { providerMutants } from './provider-mutants.ts'
import { storeMutants } from './store-mutants.ts'

export const mutants: readonly Mutant[] = [
  ...storeMutants,
  ...planMutants,
  ...providerMutants,
  ...folderMutants,
  ...placeMutants,
  ...imapMutants,
  ...feedMutants,
  ...mirrorMutants,
]
