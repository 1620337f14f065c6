import type { FeedReader } from '@inlet/sync/feed-port'
import { plan as realPlan } from '@inlet/sync/plan'
import { placeMessages } from '@inlet/sync/plan-places'
import type { Grant, Store } from '@inlet/sync/store-port'
import * as accounts from './accounts.ts'
import * as attendance from './attendance.ts'
import { commit, type Planners } from './commit.ts'
import * as content from './content.ts'
import * as doorbells from './doorbells.ts'
import * as feed from './feed-reader.ts'
import * as mutations from './mutations.ts'
import * as places from './places.ts'
import * as comparisons from './reconciliations.ts'
import * as scheduling from './scheduling.ts'
import { startReconciliation } from './start-reconciliation.ts'
import type { MemoryState } from './state.ts'

export type MemoryStoreOptions = {
  /** The database; any number of stores may share one. */
  state: MemoryState
  /** Fresh ids for accounts, leases and runs. */
  newId(): string
  /** Dates a watch that is removed, which its method leaves out. */
  now(): number
  /**
   * Runs a transaction. `body` is synchronous, so what it does is atomic and one at a time whatever happens around it:
   * waiting before or after it, throwing instead of it, or never coming back from it.
   */
  transaction?: <T>(name: keyof Store | keyof FeedReader, body: () => T) => Promise<T>
  plan?: typeof realPlan
  place?: typeof placeMessages
}

/** The Store and FeedReader ports in memory. They pass the contract suite of the store, as the ones on Postgres do. */
export function createMemoryStore(options: MemoryStoreOptions): { store: Store; feed: FeedReader } {
  const { state, newId, now, plan = realPlan, place = placeMessages } = options
  const run = options.transaction ?? (async (_name, body) => body())
  return {
    store: {
      ...schedulingPart(state, newId, run),
      ...contentPart(state, { plan, place }, run),
      ...accountPart(state, newId, now, run),
    },
    feed: {
      follow: (userId, after, limit) => run('follow', () => feed.follow(state, userId, after, limit)),
      fill: (userId, position, limit) => run('fill', () => feed.fill(state, userId, position, limit)),
      heads: userIds =>
        run('heads', () => {
          const known = userIds.flatMap(userId => state.users.get(userId) ?? [])
          return new Map(known.map(user => [user.userId, user.head]))
        }),
    },
  }
}

type Run = NonNullable<MemoryStoreOptions['transaction']>
type SchedulingPart = Pick<
  Store,
  | 'claimDue'
  | 'renewLease'
  | 'mark'
  | 'finish'
  | 'nextDueAt'
  | 'markSilent'
  | 'recordPush'
  | 'attend'
  | 'attendedOf'
  | 'leave'
>

function schedulingPart(state: MemoryState, newId: () => string, run: Run): SchedulingPart {
  return {
    claimDue: claim => run('claimDue', () => scheduling.claimDue(state, newId, claim)),
    renewLease: (lease, until) => run('renewLease', () => scheduling.renewLease(state, lease, until)),
    mark: (target, trigger, at) => run('mark', () => scheduling.mark(state, target, trigger, at)),
    finish: (claim, end, at) => run('finish', () => scheduling.finish(state, claim, end, at)),
    nextDueAt: () => run('nextDueAt', () => scheduling.nextDueAt(state)),
    markSilent: silent => run('markSilent', () => scheduling.markSilent(state, silent)),
    attend: round => run('attend', () => attendance.attend(state, round)),
    attendedOf: (userId, at) => run('attendedOf', () => attendance.attendedOf(state, userId, at)),
    leave: workerId => run('leave', () => attendance.leave(state, workerId)),
    recordPush: (event, at) => run('recordPush', () => doorbells.recordPush(state, event, at)),
  }
}

type ContentPart = Pick<
  Store,
  | 'commit'
  | 'storedVersions'
  | 'labelIds'
  | 'unlisted'
  | 'dueItems'
  | 'nextItemAt'
  | 'storedCount'
  | 'placesOf'
  | 'countPlaces'
  | 'placesIn'
  | 'placeEpochs'
  | 'placeSums'
  | 'disagreeing'
  | 'unstored'
  | 'seenIds'
  | 'differing'
  | 'mislabelled'
  | 'unplaced'
  | 'startReconciliation'
  | 'reconciliationsDue'
  | 'reconciliations'
  | 'livePassed'
  | 'addMutations'
  | 'pendingMutations'
  | 'setMutation'
  | 'mutationResults'
>

function contentPart(state: MemoryState, planners: Planners, run: Run): ContentPart {
  return {
    commit: batch => run('commit', () => commit(state, planners, batch)),
    storedVersions: (accountId, ids, labelId) =>
      run('storedVersions', () => content.storedVersions(state, accountId, ids, labelId)),
    labelIds: accountId => run('labelIds', () => content.labelIds(state, accountId)),
    unlisted: (resourceId, listing, labelId, before, limit) =>
      run('unlisted', () => content.unlisted(state, resourceId, listing, labelId, before, limit)),
    dueItems: (accountId, at, limit) => run('dueItems', () => content.dueItems(state, accountId, at, limit)),
    nextItemAt: accountId => run('nextItemAt', () => content.nextItemAt(state, accountId)),
    storedCount: (accountId, of, within) =>
      run('storedCount', () => content.storedCount(state, accountId, of, within)),
    placesOf: (accountId, ids) => run('placesOf', () => places.placesOf(state, accountId, ids)),
    countPlaces: (accountId, resource, epoch, below) =>
      run('countPlaces', () => places.countPlaces(state, accountId, resource, epoch, below)),
    placesIn: (accountId, resource, epoch, range, limit) =>
      run('placesIn', () => places.placesIn(state, accountId, resource, epoch, range, limit)),
    placeEpochs: accountId => run('placeEpochs', () => places.placeEpochs(state, accountId)),
    placeSums: accountId => run('placeSums', () => places.placeSums(state, accountId)),
    disagreeing: (accountId, after, limit) =>
      run('disagreeing', () => places.disagreeing(state, accountId, after, limit)),
    unstored: (resourceId, listing, labelId, after, limit) =>
      run('unstored', () => content.unstored(state, resourceId, listing, labelId, after, limit)),
    seenIds: (resourceId, listing, after, limit) =>
      run('seenIds', () => content.seenIds(state, resourceId, listing, after, limit)),
    differing: (userId, accountId, messages) =>
      run('differing', () => content.differing(state, planners.plan, userId, accountId, messages)),
    mislabelled: (accountId, after, limit) =>
      run('mislabelled', () => content.mislabelled(state, accountId, after, limit)),
    unplaced: (accountId, limit) => run('unplaced', () => content.unplaced(state, accountId, limit)),
    startReconciliation: (accountId, start, at) =>
      run('startReconciliation', () => startReconciliation(state, accountId, start, at)),
    reconciliationsDue: (before, stuck, atOnce) =>
      run('reconciliationsDue', () => comparisons.reconciliationsDue(state, before, stuck, atOnce)),
    reconciliations: (accountId, limit) =>
      run('reconciliations', () => comparisons.reconciliations(state, accountId, limit)),
    livePassed: (accountId, key) => run('livePassed', () => comparisons.livePassed(state, accountId, key)),
    addMutations: (userId, added, at) =>
      run('addMutations', () => mutations.addMutations(state, userId, added, at)),
    pendingMutations: (accountId, limit) =>
      run('pendingMutations', () => mutations.pendingMutations(state, accountId, limit)),
    setMutation: (lease, clientId, userId, change) =>
      run('setMutation', () => mutations.setMutation(state, lease, clientId, userId, change)),
    mutationResults: (userId, ids) =>
      run('mutationResults', () => mutations.mutationResults(state, userId, ids)),
  }
}

type AccountPart = Omit<Store, keyof SchedulingPart | keyof ContentPart>

function accountPart(state: MemoryState, newId: () => string, now: () => number, run: Run): AccountPart {
  return {
    watchesDue: (at, withinMs, limit) =>
      run('watchesDue', () => doorbells.watchesDue(state, at, withinMs, limit)),
    claimWatch: (due, at, until) => run('claimWatch', () => doorbells.claimWatch(state, due, at, until)),
    saveWatch: (claim, { providerId, secret, expiresAt }, at) =>
      run('saveWatch', () =>
        doorbells.changeClaimed(
          state,
          claim,
          old => ({
            providerId,
            secret: secret ?? old.secret,
            expiresAt,
            createdAt: old.createdAt ?? at,
            error: null,
            retryAt: 0,
          }),
          at,
          true,
        ),
      ),
    failWatch: (claim, error, retryAt, at) =>
      run('failWatch', () =>
        doorbells.changeClaimed(state, claim, old => ({ ...old, error, retryAt }), at, false),
      ),
    removeWatch: resourceId =>
      run('removeWatch', () => {
        const nothing = { providerId: null, secret: null, expiresAt: null, createdAt: null }
        const none = { ...nothing, error: null, retryAt: 0 }
        return doorbells.changeWatch(state, resourceId, () => none, now())
      }),
    saveProof: (accountId, proof) =>
      run('saveProof', () => accounts.changeAccount(state, accountId, proof.checkedAt, () => ({ proof }))),
    createAccount: (account, at) =>
      run('createAccount', () => accounts.createAccount(state, newId, account, at)),
    account: accountId => run('account', () => accounts.readAccount(state, accountId)),
    accountsOf: userId => run('accountsOf', () => accounts.accountsOf(state, userId)),
    setEnabled: (accountId, enabled, at) =>
      run('setEnabled', () => accounts.setEnabled(state, accountId, enabled, at)),
    disconnect: (accountId, version, reason, at) =>
      run('disconnect', () => accounts.disconnect(state, accountId, version, reason, at)),
    deleteAccount: (accountId, at) =>
      run('deleteAccount', () => accounts.deleteAccount(state, accountId, at)),
    readGrant: accountId => run('readGrant', () => readGrant(state, accountId)),
    refreshGrant: grantRefresher(state, run),
  }
}

function readGrant(state: MemoryState, accountId: string): { grant: Grant; version: number } | null {
  const account = state.accounts.get(accountId)
  return account ? { grant: account.grant, version: account.grantVersion } : null
}

/** One refresh of a grant at a time; a result for an old grant is dropped, and the newer grant is answered. */
function grantRefresher(state: MemoryState, run: Run): Store['refreshGrant'] {
  const turns = new Map<string, Promise<unknown>>()
  const refreshOnce: Store['refreshGrant'] = async (accountId, refresh) => {
    const before = await run('refreshGrant', () => readGrant(state, accountId))
    if (!before) throw new Error(`Account ${accountId} holds no grant; it was deleted or never connected.`)
    const grant = await refresh(before.grant, before.version)
    if (JSON.stringify(grant) === JSON.stringify(before.grant)) return before
    return await run('refreshGrant', () => {
      const account = state.accounts.get(accountId)
      if (!account) throw new Error(`Account ${accountId} was deleted while its grant was being refreshed.`)
      if (account.grantVersion === before.version)
        Object.assign(account, { grant, grantVersion: before.version + 1 })
      return { grant: account.grant, version: account.grantVersion }
    })
  }
  return (accountId, refresh) => {
    const again = () => refreshOnce(accountId, refresh)
    const mine = (turns.get(accountId) ?? Promise.resolve()).then(again, again)
    turns.set(
      accountId,
      mine.catch(() => {}),
    )
    return mine
  }
}
