import { UID_LAST } from '@inlet/sync/places'
import { NOT_PLACED, type Placed, placeMessages } from '@inlet/sync/plan-places'
import type { Store } from '@inlet/sync/store-port'
import type { Mutant } from './mutant.ts'

/** What has no place is gone. */
function unplacedIsGone(placed: Placed): Placed {
  const { batch } = placed
  const gone = batch.failures.filter(({ code }) => code === NOT_PLACED).map(({ id }) => id)
  const failures = batch.failures.filter(({ code }) => code !== NOT_PLACED)
  return { ...placed, batch: { ...batch, failures, missing: [...batch.missing, ...gone] } }
}

/** Bugs in what is made of places. */
export const placeMutants: Mutant[] = [
  {
    name: 'no-place-as-deletion',
    breaks: 'I7',
    what: 'a message that has left its last place is deleted at once, so a move is a deletion and another message',
    substitutes: {
      place: (stored, before, batch) => unplacedIsGone(placeMessages(stored, before, batch)),
    },
  },
  {
    name: 'folder-removal-as-deletion',
    breaks: 'I7',
    what: 'messages whose folder is gone from the list are deleted with it',
    substitutes: {
      place: (stored, before, batch) => {
        const placed = placeMessages(stored, before, batch)
        return batch.places?.over ? unplacedIsGone(placed) : placed
      },
    },
  },
  {
    name: 'missing-over-place',
    breaks: 'I7',
    what: 'the provider’s “missing” is believed although a place says that the message is there',
    substitutes: {
      place: (stored, before, batch) => {
        const placed = placeMessages(stored, before, batch)
        return { ...placed, batch: { ...placed.batch, missing: batch.missing } }
      },
    },
  },
  {
    name: 'listing-overwrites-places',
    breaks: 'I9',
    what: 'a page of a listing overwrites what the live lane has said of its places',
    substitutes: {
      store: inner => ({
        ...inner,
        commit: batch =>
          inner.commit(batch.places ? { ...batch, places: { ...batch.places, onlyNew: false } } : batch),
      }),
    },
  },
  {
    name: 'vanished-while-listed-forgotten',
    breaks: 'I9',
    what: 'what vanishes while its folder is listed is not remembered, so a page brings it back',
    substitutes: {
      place: (stored, before, batch) => placeMessages(stored, { ...before, listing: false }, batch),
    },
  },
  {
    name: 'old-epoch-dropped-first',
    breaks: 'I7',
    what: 'another UIDVALIDITY drops a folder’s places before it has been listed anew',
    substitutes: {
      store: (inner, { state }) => ({
        ...inner,
        commit: async batch => {
          const key = state.resources.get(batch.lease.resourceId)?.key
          const { cursor, startListing: _, labels: __, resources: ___, ...rest } = batch
          if (!batch.placed || !batch.startListing || !cursor?.startsWith('{'))
            return await inner.commit(batch)
          const { uidValidity } = JSON.parse(cursor) as { uidValidity: string }
          for (const { resource, epoch } of await inner.placeEpochs(batch.accountId)) {
            if (resource !== key || epoch === uidValidity) continue
            const all = { first: 1, last: UID_LAST }
            const gone = (await inner.placesIn(batch.accountId, resource, epoch, all, 500)).map(
              ({ uid }) => uid,
            )
            await inner.commit({
              ...rest,
              labels: null,
              places: { resource, epoch, put: [], gone, over: true },
            })
          }
          return await inner.commit(batch)
        },
      }),
    },
  },
  {
    name: 'old-epoch-kept',
    breaks: 'I9',
    what: 'the places of an old UIDVALIDITY are kept for ever',
    substitutes: {
      store: (inner, { state }): Store => ({
        ...inner,
        placeEpochs: async accountId => {
          const followed = new Set(
            [...state.resources.values()].map(({ accountId: of, key }) => `${of} ${key}`),
          )
          const all = await inner.placeEpochs(accountId)
          return all.filter(({ resource }) => !followed.has(`${accountId} ${resource}`))
        },
      }),
    },
  },
  {
    name: 'last-folder-wins',
    breaks: 'I4',
    what: 'a message is what the folder that was looked at last says, and not what all of its places say',
    substitutes: {
      place: (stored, before, batch) => {
        const resource = batch.places?.resource
        const places = before.places.filter(place => resource === undefined || place.resource === resource)
        return placeMessages(stored, { ...before, places }, batch)
      },
    },
  },
  {
    name: 'removed-folder-kept',
    breaks: 'I9',
    what: 'the places of a folder that is gone are kept, and its messages with them',
    substitutes: {
      store: (inner, { state, mailboxes }): Store => ({
        ...inner,
        placeEpochs: async accountId => {
          const user = state.users.get(state.accounts.get(accountId)?.userId ?? '')
          const mailbox = mailboxes.get(user?.accounts.get(accountId)?.row.email ?? '')
          const there = new Set(mailbox?.resources().map(({ key }) => key))
          return (await inner.placeEpochs(accountId)).filter(({ resource }) => there.has(resource))
        },
      }),
    },
  },
]
