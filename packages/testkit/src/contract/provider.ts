import { describe } from 'vitest'
import { contentContract } from './provider-content.ts'
import { errorsContract } from './provider-errors.ts'
import { fetchContract } from './provider-fetch.ts'
import { identityContract } from './provider-identity.ts'
import { listingsContract } from './provider-listings.ts'
import { mutateContract } from './provider-mutate.ts'
import { pullContract } from './provider-pull.ts'
import { sendContract } from './provider-send.ts'
import { openStage } from './provider-stage.ts'
import { surveyContract } from './provider-survey.ts'
import { watchContract } from './provider-watch.ts'
import type { ProviderTraits, ProviderWorld } from './provider-world.ts'

/** What every mail adapter must do. Runs over one world; each test has a mailbox of its own. */
export function providerContract(
  name: string,
  makeWorld: () => Promise<ProviderWorld>,
  traits: ProviderTraits = {},
): void {
  describe(`the provider contract over ${name}`, { timeout: 30_000 }, () => {
    const stage = openStage(makeWorld, traits)
    describe('who and what', () => identityContract(stage))
    describe('pull', () => pullContract(stage))
    if (traits.surveys) describe('a survey', () => surveyContract(stage))
    describe('listings', () => listingsContract(stage))
    describe('fetch', () => fetchContract(stage))
    if (!traits.mirrorOnly) describe('bodies and attachments', () => contentContract(stage))
    if (!traits.local?.includes('watch')) describe('the doorbell', () => watchContract(stage))
    describe('mutate', () => mutateContract(stage))
    if (!traits.mirrorOnly) describe('sending', () => sendContract(stage))
    describe('errors', () => errorsContract(stage))
  })
}
