import { providerContract } from '@inlet/testkit/contract/provider'
import { fakeFoldersOwner, fakeFoldersTraits, fakeOwner, fakeTraits, fakeWorld } from './fake-world.ts'

providerContract('fake', () => fakeWorld(fakeOwner), fakeTraits)
providerContract('fake with folders', () => fakeWorld(fakeFoldersOwner), fakeFoldersTraits)
