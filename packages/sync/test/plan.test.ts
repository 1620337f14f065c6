import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plan, type Stored } from '../src/plan.ts'
import type { PulledMessage } from '../src/provider-port.ts'
import { rowId } from '../src/row-id.ts'
import type { Batch } from '../src/store-port.ts'
import { ACCOUNT, apply, batch, idOf, labelOf, nothing, patch, pulled } from './plan-fixture.ts'

describe('merging what the provider said into what is stored', () => {
  it('stores a new message with its labels and counts', () => {
    const writes = plan(nothing(), batch({ upserts: [pulled('a', 5n)] }))
    expect(writes.messages.map(write => write.row.id)).toEqual([idOf('a')])
    expect(writes.labelCounts.get(labelOf('INBOX'))).toEqual({ total: 1, unread: 1 })
    expect(writes.threads).toEqual([rowId(ACCOUNT, 'thread', 't-a')])
  })

  it('writes nothing when the same batch comes again', () => {
    const upserts = [pulled('a', 5n), pulled('b', 7n)]
    const part = { upserts, patches: [patch('a', 6n, ['STARRED'], ['UNREAD'])] }
    const once = apply(nothing(), part)
    const again = plan(once, batch(part))
    expect(again.messages).toEqual([])
    expect(again.bodies).toEqual([])
    expect(again.labelCounts.size).toBe(0)
    expect(again.threads).toEqual([])
  })

  it('lets a late backfill of an older state change nothing', () => {
    const live = apply(nothing(), { upserts: [pulled('a', 10n, { labelIds: ['INBOX'] })] })
    expect(plan(live, batch({ upserts: [pulled('a', 5n)] })).messages).toEqual([])
  })

  it('does not let an older patch undo what a newer state already says', () => {
    const ahead = apply(nothing(), { upserts: [pulled('a', 10n, { labelIds: ['INBOX'] })] })
    const writes = plan(ahead, batch({ patches: [patch('a', 7n, ['UNREAD'], [])] }))
    expect(writes.messages).toEqual([])
    expect(writes.versions).toEqual([])
  })

  it('does not let a listing in flight bring back what was deleted meanwhile', () => {
    const deleted = apply(nothing(), { deletions: [{ id: 'a', version: 10n }] })
    const writes = plan(deleted, batch({ upserts: [pulled('a', 5n)] }))
    expect(writes.messages).toEqual([])
    expect(writes.revived).toEqual([])
  })

  it('revives a row whose newer state arrives after a deletion', () => {
    const deleted = apply(nothing(), { deletions: [{ id: 'a', version: 10n }] })
    const writes = plan(deleted, batch({ upserts: [pulled('a', 11n)] }))
    expect(writes.messages).toHaveLength(1)
    expect(writes.revived).toEqual([idOf('a')])
  })

  it('keeps a patch on a message that is not stored as a failed item, so that it is fetched', () => {
    const writes = plan(nothing(), batch({ patches: [patch('a', 6n, [], ['UNREAD'])] }))
    expect(writes.failures).toMatchObject([{ providerId: 'a', code: 'not_fetched', retryAt: 5_000 }])
  })

  it('deletes what the provider says is missing only where it is stored', () => {
    const stored = apply(nothing(), { upserts: [pulled('a', 5n)] })
    const writes = plan(stored, batch({ missing: ['a', 'b'] }))
    expect(writes.deletions).toEqual([{ id: idOf('a'), version: 5n }])
    expect(writes.tombstones).toEqual([{ id: idOf('b'), version: 0n }])
    expect(writes.labelCounts.get(labelOf('INBOX'))).toEqual({ total: -1, unread: -1 })
  })

  it('ends a failed item with a fetch of live sync, not with what a listing fetched earlier', () => {
    const upserts = [pulled('a', 5n)]
    expect(plan(nothing(), batch({ upserts })).healed).toEqual([{ providerId: 'a', attempts: null }])
    expect(plan(nothing(), batch({ upserts, heals: false })).healed).toEqual([])
  })

  it('ends with a retry only the failure that it set out from', () => {
    const part = { upserts: [pulled('a', 5n), pulled('b', 5n)], heals: new Map([['a', 3]]) }
    expect(plan(nothing(), batch(part)).healed).toEqual([{ providerId: 'a', attempts: 3 }])
  })

  it('ends no failed item with a state older than what is stored: that may miss the very change that failed', () => {
    const stored = apply(nothing(), { upserts: [pulled('a', 6n)] })
    expect(plan(stored, batch({ upserts: [pulled('a', 5n)] })).healed).toEqual([])
    expect(plan(stored, batch({ upserts: [pulled('a', 6n)] })).healed).toHaveLength(1)
  })

  it('stores a body that came late without telling anyone of a change', () => {
    const stored = apply(nothing(), { upserts: [pulled('a', 5n, { body: null })] })
    const writes = plan(stored, batch({ upserts: [pulled('a', 5n)] }))
    expect(writes.messages).toEqual([])
    expect(writes.bodies).toHaveLength(1)
  })

  it('replaces labels by the complete list and drops those that are gone', () => {
    const inbox = { id: 'INBOX', name: 'Inbox', role: 'inbox' as const, color: null, hidden: false }
    const first = plan(nothing(), batch({ labels: [inbox] }))
    expect(first.labels).toHaveLength(1)
    const withTotal = (total: number): Stored => ({
      ...nothing(),
      labels: new Map(first.labels.map(row => [row.id, { ...row, total }])),
    })
    expect(plan(withTotal(0), batch({ labels: [] })).deletedLabels).toEqual([labelOf('INBOX')])
    expect(plan(withTotal(0), batch({ labels: [inbox] })).labels).toEqual([])
    // Somebody still carries it: its removals were missed, and a resync finds them through the row.
    expect(plan(withTotal(1), batch({ labels: [] })).deletedLabels).toEqual([])
  })
})

type Op = { type: 'label'; label: string; on: boolean } | { type: 'delete' }

describe('any order and any repetition of what happened', () => {
  const op: fc.Arbitrary<Op> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('label' as const),
        label: fc.constantFrom('UNREAD', 'INBOX', 'STARRED'),
        on: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'delete' as const }) },
  )

  it('ends in the provider’s state when the live lane applies every record in order, whatever a backfill commits in between', () => {
    fc.assert(
      fc.property(
        fc.array(op, { maxLength: 12 }),
        fc.array(fc.nat(12), { maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 13, maxLength: 13 }),
        (ops, snapshots, backfillFirst) => {
          // The provider's history of one message: its state after each record, null once it is deleted.
          const states: (PulledMessage | null)[] = [pulled('a', 1n)]
          const records: Partial<Batch>[] = []
          for (const [index, step] of ops.entries()) {
            const version = BigInt(index + 2)
            const before = states.at(-1)
            if (!before) break
            if (step.type === 'delete') {
              states.push(null)
              records.push({ deletions: [{ id: 'a', version }] })
            } else {
              const labels = new Set(before.labelIds)
              if (step.on) labels.add(step.label)
              else labels.delete(step.label)
              states.push(pulled('a', version, { labelIds: [...labels].sort() }))
              records.push({
                patches: [patch('a', version, step.on ? [step.label] : [], step.on ? [] : [step.label])],
              })
            }
          }
          // A backfill may commit, at any moment, a state it fetched at any earlier moment; the live lane fetches what it lacks.
          let stored = backfillFirst[12]
            ? apply(nothing(), { upserts: [states[0] as PulledMessage] })
            : nothing()
          for (const [index, record] of records.entries()) {
            const late = states[Math.min(snapshots[index] ?? 0, index)]
            if (backfillFirst[index] && late) stored = apply(stored, { upserts: [late] })
            const known = stored.messages.has(idOf('a')) || stored.tombstones.has(idOf('a'))
            const fetched = states[index + 1]
            if (!known && record.patches && fetched) stored = apply(stored, { upserts: [fetched] })
            stored = apply(stored, record)
            if (backfillFirst[index] && late) stored = apply(stored, { upserts: [late] })
          }
          const last = states.at(-1)
          const row = stored.messages.get(idOf('a'))?.row
          if (last === null) expect(row).toBeUndefined()
          else if (records.length > 0 || row) {
            expect(row?.unread).toBe(last?.unread)
            expect(row?.starred).toBe(last?.starred)
            expect(row?.labelIds).toEqual(last?.labelIds.map(labelOf).sort())
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
