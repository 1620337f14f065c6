import { describe } from 'vitest'
import { accountsContract } from './store-accounts.ts'
import { attendanceContract } from './store-attendance.ts'
import { contentContract } from './store-content.ts'
import { doorbellsContract } from './store-doorbells.ts'
import { feedContract } from './store-feed.ts'
import type { StoreUnderTest } from './store-fixture.ts'
import { listingContract } from './store-listing.ts'
import { mutationsContract } from './store-mutations.ts'
import { placesContract } from './store-places.ts'
import { reconciliationContract } from './store-reconciliation.ts'
import { resourcesContract } from './store-resources.ts'
import { schedulingContract } from './store-scheduling.ts'
import { watchesContract } from './store-watches.ts'

/**
 * What every Store promises, whatever it is built on. `get` is called inside tests: the store of the running file, with
 * a reader of its feeds. Tests share it and make users and mailboxes of their own.
 */
export function storeContract(name: string, get: () => StoreUnderTest): void {
  describe(`${name} keeps the contract of the store`, () => {
    describe('scheduling', () => schedulingContract(get))
    describe('resources', () => resourcesContract(get))
    describe('content', () => contentContract(get))
    describe('feed', () => feedContract(get))
    describe('places', () => placesContract(get))
    describe('listings and failed items', () => listingContract(get))
    describe('attendance', () => attendanceContract(get))
    describe('comparisons', () => reconciliationContract(get))
    describe('doorbells', () => doorbellsContract(get))
    describe('a watch', () => watchesContract(get))
    describe('accounts and grants', () => accountsContract(get))
    describe('mutations', () => mutationsContract(get))
  })
}
