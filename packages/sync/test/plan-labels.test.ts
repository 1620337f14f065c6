import { describe, expect, it } from 'vitest'
import { plan, type Stored } from '../src/plan.ts'
import { ACCOUNT, apply, batch, labelOf, nothing, patch, pulled } from './plan-fixture.ts'

describe('a label that messages carry and no list holds', () => {
  const provisional = (id: string) => ({
    id: labelOf(id),
    accountId: ACCOUNT,
    providerId: id,
    name: id,
    role: null,
    color: null,
    hidden: true,
  })
  const made = { id: 'L1', name: 'Made', role: null, color: null, hidden: false }
  const stored = (messages: Stored, ...labels: Stored['labels'][]) => ({
    ...messages,
    labels: new Map(labels.flatMap(some => [...some])),
  })
  const row = (label: typeof made, total: number): Stored['labels'] =>
    new Map([
      [
        labelOf(label.id),
        { ...label, id: labelOf(label.id), accountId: ACCOUNT, providerId: label.id, total },
      ],
    ])

  it('becomes a hidden row with the message, so that a resync can look for who still carries it', () => {
    const upserts = [pulled('a', 5n, { labelIds: ['L1'] })]
    expect(plan(nothing(), batch({ upserts })).labels).toEqual([provisional('L1')])
  })

  it('becomes one by a patch, and one for all that carry it', () => {
    const before = apply(nothing(), {
      upserts: [pulled('a', 5n, { labelIds: [] }), pulled('b', 5n, { labelIds: [] })],
    })
    const writes = plan(
      before,
      batch({ patches: [patch('a', 6n, ['L1'], []), patch('b', 7n, ['L1', 'L2'], [])] }),
    )
    expect(writes.labels).toEqual([provisional('L1'), provisional('L2')])
  })

  it('is left alone where it is stored or comes with the list', () => {
    const upserts = [pulled('a', 5n, { labelIds: ['L1'] })]
    expect(plan(stored(nothing(), row(made, 0)), batch({ upserts })).labels).toEqual([])
    const listed = plan(nothing(), batch({ upserts, labels: [made] })).labels
    expect(listed).toEqual([{ ...provisional('L1'), name: 'Made', hidden: false }])
  })

  it('becomes none where nothing that carries it is written', () => {
    const before = apply(nothing(), { upserts: [pulled('a', 5n, { labelIds: [] })] })
    const goneAgain = [patch('a', 6n, ['L1'], []), patch('a', 7n, [], ['L1'])]
    expect(plan(before, batch({ patches: goneAgain })).labels).toEqual([])
    expect(plan(before, batch({ patches: [patch('a', 4n, ['L1'], [])] })).labels).toEqual([])
    const deletions = [{ id: 'b', version: 6n }]
    const upserts = [pulled('b', 5n, { labelIds: ['L1'] })]
    expect(plan(before, batch({ upserts, deletions })).labels).toEqual([])
  })

  it('gets its name from the list that holds it, and goes with the last message that carries it', () => {
    const before = apply(nothing(), { upserts: [pulled('a', 5n, { labelIds: ['L1'] })] })
    const shadow = row({ ...made, name: 'L1', hidden: true }, 1)
    expect(plan(stored(before, shadow), batch({ labels: [made] })).labels).toEqual([
      { ...provisional('L1'), name: 'Made', hidden: false },
    ])
    expect(plan(stored(before, shadow), batch({ labels: [] })).deletedLabels).toEqual([])
    const released = batch({ patches: [patch('a', 6n, [], ['L1'])], labels: [] })
    expect(plan(stored(before, shadow), released).deletedLabels).toEqual([labelOf('L1')])
  })
})
