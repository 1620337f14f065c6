import type { Store } from '@inlet/sync/store-port'
import { realWorld, type World } from '@inlet/sync/world'
import * as accounts from './accounts.ts'
import * as attendance from './attendance.ts'
import * as claims from './claims.ts'
import { commit } from './commit.ts'
import * as content from './content.ts'
import { deleteAccount } from './delete-account.ts'
import { grantRefresher, readGrant } from './grants.ts'
import { mark, markSilent } from './marks.ts'
import * as mutations from './mutations.ts'
import * as places from './places.ts'
import type { Pool } from './pool.ts'
import { pushRecorder } from './pushes.ts'
import * as reconciliations from './reconciliations.ts'
import { drainSearchQueue } from './search-index.ts'
import type { Vault } from './vault.ts'
import * as watches from './watches.ts'

export type StoreOptions = {
  pool: Pool
  vault: Vault
  world?: World
  /** Search vectors could not be made now; what is queued stays queued. */
  onIndexError?: (error: unknown) => void
}

/** What a live run brought is searchable at once; a backfill's backlog is the index timer's. */
const INDEX_NOW = 200

/** The Store port on Postgres. Works as the owner of the tables, across users. */
export function createStore({
  pool,
  vault,
  world = realWorld,
  onIndexError = () => {},
}: StoreOptions): Store {
  return {
    claimDue: options => claims.claimDue(pool, options),
    renewLease: (lease, until) => claims.renewLease(pool, lease, until),
    mark: (target, trigger, now) => mark(pool, target, trigger, now),
    async finish(claim, end, now) {
      const { committed, brought } = await claims.finish(pool, claim, end, now)
      if (brought) await drainSearchQueue(pool, claim.userId, INDEX_NOW).catch(onIndexError)
      return committed
    },
    nextDueAt: () => claims.nextDueAt(pool),

    commit: batch => commit(pool, batch),
    storedVersions: (accountId, ids, labelId) => content.storedVersions(pool, accountId, ids, labelId),
    labelIds: accountId => content.labelIds(pool, accountId),
    unlisted: (resourceId, listing, labelId, storedBefore, limit) =>
      content.unlisted(pool, resourceId, listing, labelId, storedBefore, limit),
    unstored: (resourceId, listing, labelId, after, limit) =>
      content.unstored(pool, resourceId, listing, labelId, after, limit),
    seenIds: (resourceId, listing, after, limit) => content.seenIds(pool, resourceId, listing, after, limit),
    differing: (userId, accountId, messages) => content.differing(pool, userId, accountId, messages),
    mislabelled: (accountId, after, limit) => content.mislabelled(pool, accountId, after, limit),
    unplaced: (accountId, limit) => content.unplaced(pool, accountId, limit),
    dueItems: (accountId, now, limit) => content.dueItems(pool, accountId, now, limit),
    nextItemAt: accountId => content.nextItemAt(pool, accountId),
    storedCount: (accountId, of, within) => content.storedCount(pool, accountId, of, within),
    attend: round => attendance.attend(pool, round),
    attendedOf: (userId, now) => attendance.attendedOf(pool, userId, now),
    leave: workerId => attendance.leave(pool, workerId),
    placesOf: (accountId, ids) => places.placesOf(pool, accountId, ids),
    countPlaces: (accountId, resource, epoch, below) =>
      places.countPlaces(pool, accountId, resource, epoch, below),
    placesIn: (accountId, resource, epoch, range, limit) =>
      places.placesIn(pool, accountId, resource, epoch, range, limit),
    placeEpochs: accountId => places.placeEpochs(pool, accountId),
    placeSums: accountId => places.placeSums(pool, accountId),
    disagreeing: (accountId, after, limit) => places.disagreeing(pool, accountId, after, limit),
    startReconciliation: (accountId, start, now) =>
      reconciliations.startReconciliation(pool, accountId, start, now),
    reconciliationsDue: (before, stuck, atOnce) =>
      reconciliations.reconciliationsDue(pool, before, stuck, atOnce),
    reconciliations: (accountId, limit) => reconciliations.readReconciliations(pool, accountId, limit),
    livePassed: (accountId, key) => reconciliations.livePassed(pool, accountId, key),
    saveProof: (accountId, proof) => accounts.saveProof(pool, accountId, proof),

    recordPush: pushRecorder(pool),
    watchesDue: (now, withinMs, limit) => watches.watchesDue(pool, now, withinMs, limit),
    claimWatch: (due, now, until) => watches.claimWatch(pool, due, now, until),
    saveWatch: (claim, watch, now) => watches.saveWatch(pool, claim, watch, now),
    failWatch: (claim, error, retryAt, now) => watches.failWatch(pool, claim, error, retryAt, now),
    removeWatch: resourceId => watches.removeWatch(pool, resourceId, world.now()),
    markSilent: options => markSilent(pool, options),

    createAccount: (account, now) => accounts.createAccount(pool, vault, account, now),
    account: accountId => accounts.readAccount(pool, accountId),
    accountsOf: userId => accounts.accountsOf(pool, userId),
    setEnabled: (accountId, enabled, now) => accounts.setEnabled(pool, accountId, enabled, now),
    disconnect: (accountId, version, reason, now) =>
      accounts.disconnect(pool, accountId, version, reason, now),
    deleteAccount: (accountId, now) => deleteAccount(pool, accountId, now),

    readGrant: accountId => readGrant(pool, vault, accountId),
    refreshGrant: grantRefresher(pool, vault, () => world.now()),

    addMutations: (userId, added, now) => mutations.addMutations(pool, userId, added, now),
    pendingMutations: (accountId, limit) => mutations.pendingMutations(pool, accountId, limit),
    setMutation: (lease, clientId, userId, change, now) =>
      mutations.setMutation(pool, lease, clientId, userId, change, now),
    mutationResults: (userId, clientIds) => mutations.mutationResults(pool, userId, clientIds),
  }
}
