import type { Findings } from '@inlet/protocol/entities'
import type { Stored, Writes } from './plan.ts'
import type { StoredPlace } from './plan-places.ts'
import { NOT_PLACED, type Placed } from './plan-places.ts'
import type { Batch, ListingCursor } from './store-port.ts'

/** What one resource's comparison has set side by side, and found, so far. */
export type Tally = Findings
export type Found = Pick<Findings, 'missing' | 'extra' | 'differing' | 'failed'>

export const NOTHING_FOUND: Found = { missing: 0, extra: 0, differing: 0, failed: 0 }

/** What a batch has mended, in messages: each counts once, whatever of it was wrong. Pure. */
export function foundIn(
  stored: Stored,
  writes: Writes,
  places?: { before: readonly StoredPlace[]; batch: Batch; writes: Placed['writes'] },
): Found {
  const missing = new Set<string>()
  const extra = new Set<string>()
  const differing = new Set<string>()
  for (const { row } of writes.messages) (stored.messages.has(row.id) ? differing : missing).add(row.id)
  for (const { id } of writes.deletions) extra.add(id)
  const byProvider = new Map([...stored.messages].map(([id, { providerId }]) => [providerId, id]))
  for (const [kind, messageId] of places ? placesIn(places) : []) {
    // Of what is not stored its content will tell, which comes after its place.
    const id = byProvider.get(messageId)
    if (kind === 'gone') extra.add(id ?? messageId)
    else if (id !== undefined) (kind === 'new' ? missing : differing).add(id)
  }
  for (const id of [...missing, ...extra]) differing.delete(id)
  for (const id of missing) extra.delete(id)
  const failed = writes.failures.filter(({ code }) => code !== NOT_PLACED).length
  return { missing: missing.size, extra: extra.size, differing: differing.size, failed }
}

type Changed = ['new' | 'other' | 'gone', string]

function placesIn({
  before,
  batch: { places: change },
  writes,
}: NonNullable<Parameters<typeof foundIn>[2]>): Changed[] {
  const here = before.filter(
    place => place.resource === change?.resource && place.epoch === change.epoch && !place.gone,
  )
  const old = new Map(here.map(place => [place.uid, place]))
  const put = writes.put.flatMap(({ uid, messageId, flags }): Changed[] => {
    const was = old.get(uid)
    if (!was) return [['new', messageId]]
    return was.messageId === messageId && was.flags.join(' ') === flags.join(' ')
      ? []
      : [['other', messageId]]
  })
  const gone = [...writes.removed, ...writes.gone].flatMap((uid): Changed[] => {
    const was = old.get(uid)
    return was ? [['gone', was.messageId]] : []
  })
  return [...put, ...gone]
}

export const addFound = <T extends Found>(tally: T, found: Found): T => ({
  ...tally,
  missing: tally.missing + found.missing,
  extra: tally.extra + found.extra,
  differing: tally.differing + found.differing,
  failed: tally.failed + found.failed,
})

/** The cursor that the batch asks for; of a comparison with what the batch has found, so that a crash loses no count. */
export function cursorAfter({ cursor, tallied }: Batch, found: Found): Batch['cursor'] {
  if (!tallied || typeof cursor !== 'string') return cursor
  return JSON.stringify(withFound(JSON.parse(cursor) as ListingCursor, found))
}

export function withFound(state: ListingCursor, found: Found): ListingCursor {
  const { compare } = state
  return compare ? { ...state, compare: { ...compare, tally: addFound(compare.tally, found) } } : state
}
