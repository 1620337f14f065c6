import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlaceChange, PulledPlace } from '../src/places.ts'
import { plan, type Stored, type StoredMessage } from '../src/plan.ts'
import { placeMessages, type StoredPlace } from '../src/plan-places.ts'
import type { Batch } from '../src/store-port.ts'
import { batch, idOf, labelOf, nothing, pulled } from './plan-fixture.ts'

type World = { stored: Stored; places: Map<string, StoredPlace>; deletions: number; failed: Set<string> }
const fresh = (): World => ({ stored: nothing(), places: new Map(), deletions: 0, failed: new Set() })
const keyOf = (place: { resource: string; epoch: string; uid: number }) =>
  `${place.resource} ${place.epoch} ${place.uid}`

/** Commits a batch as a store does. */
function commit(world: World, part: Partial<Batch>, listing = false): World {
  const said = batch({ placed: true, ...part })
  const placed = placeMessages(world.stored, { places: [...world.places.values()], listing }, said)
  const writes = plan(world.stored, placed.batch)
  const places = new Map(world.places)
  const { resource = '', epoch = '' } = said.places ?? {}
  for (const place of placed.writes.put) places.set(keyOf(place), { ...place, gone: false })
  for (const uid of placed.writes.removed) places.delete(keyOf({ resource, epoch, uid }))
  for (const uid of placed.writes.gone)
    places.set(keyOf({ resource, epoch, uid }), {
      resource,
      epoch,
      uid,
      messageId: '',
      flags: [],
      modseq: null,
      gone: true,
    })
  const messages = new Map(world.stored.messages)
  for (const write of writes.messages) messages.set(write.row.id, write)
  for (const { id, version } of writes.versions) {
    const old = messages.get(id)
    if (old) messages.set(id, { ...old, version })
  }
  for (const { id } of writes.deletions) messages.delete(id)
  const labels = new Map(world.stored.labels)
  for (const label of writes.labels) labels.set(label.id, { ...label, total: 0 })
  const failed = new Set(world.failed)
  for (const { providerId } of [...writes.healed, ...placed.healed]) failed.delete(providerId)
  for (const { providerId } of writes.failures) failed.add(providerId)
  return {
    stored: { ...world.stored, messages, labels },
    places,
    deletions: world.deletions + writes.deletions.length,
    failed,
  }
}

const place = (uid: number, messageId: string, flags: string[] = []): PulledPlace => ({
  messageId,
  uid,
  flags,
  modseq: null,
})
const change = (
  resource: string,
  put: PulledPlace[],
  gone: number[] = [],
  more: Partial<PlaceChange> = {},
) => ({
  places: { resource, epoch: '1', put, gone, ...more },
})
const seen = (world: World, id: string) => {
  const message = world.stored.messages.get(idOf(id)) as StoredMessage
  const { labelIds, unread, starred, draft } = message.row
  return { labelIds, unread, starred, draft }
}

describe('a message that lies in folders', () => {
  it('moves its version on with its state, and only then', () => {
    const upserts = [pulled('m', 1n)]
    const first = commit(fresh(), { ...change('a', [place(1, 'm')]), upserts })
    const again = commit(first, { ...change('a', [place(1, 'm')]), upserts })
    const read = commit(again, change('a', [place(1, 'm', ['\\Seen'])]))
    const other = commit(read, change('a', [place(1, 'm', ['\\Seen', '$Work'])]))
    const versions = [first, again, read, other].map(world => world.stored.messages.get(idOf('m'))?.version)
    expect(versions).toEqual([1n, 1n, 2n, 2n])
    expect(seen(other, 'm')).toEqual({
      labelIds: [labelOf('a')],
      unread: false,
      starred: false,
      draft: false,
    })
  })

  it('is a failed item while it lies nowhere, and none as soon as it lies somewhere', () => {
    const upserts = [pulled('m', 1n)]
    const there = commit(fresh(), { ...change('a', [place(1, 'm')]), upserts })
    const gone = commit(there, change('a', [], [1]))
    expect([gone.deletions, [...gone.failed]]).toEqual([0, ['m']])
    const back = commit(gone, change('b', [place(1, 'm')]))
    expect([back.deletions, [...back.failed]]).toEqual([0, []])
    expect(seen(back, 'm').labelIds).toEqual([labelOf('b')])
  })
})

describe('the provider’s word that a message is missing', () => {
  it('counts for nothing where a place says that it is there: it is asked again', () => {
    const placed = commit(fresh(), change('a', [place(1, 'm')]))
    const asked = commit(placed, { missing: ['m'] })
    expect([...asked.failed]).toEqual(['m'])
    const had = commit(asked, { upserts: [pulled('m', 1n)] })
    expect([...had.failed]).toEqual([])
    const again = commit(had, { missing: ['m'] })
    expect([again.deletions, again.stored.messages.has(idOf('m'))]).toEqual([0, true])
  })

  it('ends what lies nowhere', () => {
    const there = commit(fresh(), { ...change('a', [place(1, 'm')]), upserts: [pulled('m', 1n)] })
    const left = commit(there, change('a', [], [1]))
    const over = commit(left, { missing: ['m'] })
    expect([over.deletions, [...over.failed]]).toEqual([1, []])
  })
})

const MESSAGES = ['m1', 'm2', 'm3']
const FOLDERS = ['a', 'b', 'c']
const FLAGS = ['\\Seen', '\\Flagged', '\\Draft', '$Other']

type Step = { put: PulledPlace[]; gone: number[] }
/** What one folder's live lane says, one after the other; a UID is one message for ever and goes once. */
const folderSteps: fc.Arbitrary<Step[]> = fc
  .array(
    fc.record({
      uid: fc.integer({ min: 1, max: 4 }),
      flags: fc.subarray(FLAGS),
      gone: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map(events => {
    const over = new Set<number>()
    return events.flatMap(({ uid, flags, gone }) => {
      if (over.has(uid)) return []
      if (gone) over.add(uid)
      return [
        gone ? { put: [], gone: [uid] } : { put: [place(uid, MESSAGES[uid % 3] ?? '', flags)], gone: [] },
      ]
    })
  })

/** Any order in which the folders' steps may be committed: each folder's own order is kept. */
const interleaved = (folders: Step[][], picks: number[]): { folder: string; step: Step }[] => {
  const left = folders.map(steps => [...steps])
  const order: { folder: string; step: Step }[] = []
  for (let at = 0; left.some(steps => steps.length > 0); at++) {
    const open = left.flatMap((steps, index) => (steps.length > 0 ? [index] : []))
    const index = open[(picks[at] ?? 0) % open.length] ?? 0
    const step = left[index]?.shift()
    if (step) order.push({ folder: FOLDERS[index] ?? '', step })
  }
  return order
}

/** What a message is, from the places alone. */
function stateIn({ places }: World, id: string) {
  const all = [...places.values()].filter(each => !each.gone && each.messageId === id)
  const has = (flag: string) => all.some(each => each.flags.includes(flag))
  const labelIds = [...new Set(all.map(each => labelOf(each.resource)))].sort()
  return { labelIds, unread: !has('\\Seen'), starred: has('\\Flagged'), draft: has('\\Draft') }
}

describe('places in any order', () => {
  const run = (order: ReturnType<typeof interleaved>): World => {
    let world = fresh()
    const stored = new Set<string>()
    for (const { folder, step } of order) {
      // As the engine does: the places first, then what is fetched since it is not stored.
      world = commit(world, change(folder, step.put, step.gone), true)
      for (const { messageId } of step.put) {
        if (stored.has(messageId)) continue
        stored.add(messageId)
        world = commit(world, { upserts: [pulled(messageId, 1n)] })
      }
    }
    return world
  }

  it('end in the same states, and delete nothing', () => {
    const picks = fc.array(fc.nat(2), { minLength: 18, maxLength: 18 })
    fc.assert(
      fc.property(fc.tuple(folderSteps, folderSteps, folderSteps), picks, picks, (folders, one, other) => {
        const [a, b] = [run(interleaved(folders, one)), run(interleaved(folders, other))]
        expect([a.deletions, b.deletions]).toEqual([0, 0])
        for (const id of MESSAGES) {
          const lies = [...a.places.values()].some(each => !each.gone && each.messageId === id)
          expect(a.stored.messages.has(idOf(id))).toBe(b.stored.messages.has(idOf(id)))
          expect([a, b].map(world => world.failed.has(id))).toEqual(
            a.stored.messages.has(idOf(id)) && !lies ? [true, true] : [false, false],
          )
          if (lies) expect(seen(a, id)).toEqual(stateIn(a, id))
          if (lies) expect(seen(b, id)).toEqual(stateIn(a, id))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('that a listing brings late change nothing that the folder’s own lane has said', () => {
    fc.assert(
      fc.property(folderSteps, fc.nat(6), fc.subarray([1, 2, 3, 4]), (steps, at, uids) => {
        const order = (listed: boolean) => {
          let world = fresh()
          const list = () => {
            const put = uids.map(uid => place(uid, MESSAGES[uid % 3] ?? '', ['$Stale']))
            world = commit(world, change('a', put, [], { onlyNew: true }), true)
          }
          for (const [index, step] of steps.entries()) {
            if (listed && index === at) list()
            world = commit(world, change('a', step.put, step.gone), true)
          }
          if (listed && at >= steps.length) list()
          return world
        }
        const said = new Set(steps.flatMap(({ put, gone }) => [...put.map(each => each.uid), ...gone]))
        const only = (world: World) =>
          [...world.places.values()].filter(each => said.has(each.uid)).sort((a, b) => a.uid - b.uid)
        expect(only(order(true))).toEqual(only(order(false)))
      }),
      { numRuns: 300 },
    )
  })
})
