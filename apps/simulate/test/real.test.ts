import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChangesPage } from '@inlet/protocol/changes'
import { describe, expect, test } from 'vitest'
import { root } from '../../../scripts/start/root.ts'
import { idOf } from '../src/ids.ts'
import { codeBugs, withBug } from '../src/real/code-bugs.ts'
import { type Connected, compareMailbox, compareReader, difference } from '../src/real/compare.ts'
import { FAULTS } from '../src/real/faults.ts'
import { follow, nothingFollowed } from '../src/real/follower.ts'
import { batchesOf } from '../src/real/main.ts'
import {
  type Act,
  DURATION_MS,
  describe as describeStep,
  KINDS,
  planOf,
  troubled,
  unreadable,
} from '../src/real/plan.ts'
import { mailboxOf } from '../src/real/planted.ts'
import type { Stored } from '../src/real/stored.ts'

describe('a plan', () => {
  const plans = Array.from({ length: 200 }, (_, n) => planOf(n + 1, 30))

  test('is the same for the same seed, and another for another', () => {
    expect(planOf(7, 30)).toEqual(planOf(7, 30))
    expect(planOf(8, 30)).not.toEqual(planOf(7, 30))
  })

  test('may be shorter, harder on the machines, or full of letters that cannot be read', () => {
    const short = planOf(7, 30, { durationMs: 4_000 })
    const steps = [short, troubled(short), unreadable(short)].flatMap(({ acts, troubles }) => [
      acts,
      troubles,
    ])
    for (const times of steps.map(each => each.map(({ at }) => at))) {
      expect(times).toEqual([...times].sort((a, b) => a - b))
      expect(Math.max(0, ...times)).toBeLessThan(4_000)
    }
    expect(troubled(short).troubles.map(({ type }) => type)).toContain('freezeWorker')
    expect(unreadable(short).acts.filter(({ type }) => type === 'break').length).toBeGreaterThanOrEqual(4)
  })

  test('names only mailboxes and browsers that there are, in the order of time', () => {
    for (const { mailboxes, browsers, acts, troubles } of plans) {
      for (const act of acts) {
        if ('mailbox' in act) expect(act.mailbox).toBeLessThan(mailboxes.length)
        if ('browser' in act) expect(act.browser).toBeLessThan(browsers)
      }
      for (const steps of [acts, troubles]) {
        const times = steps.map(({ at }) => at)
        expect(times).toEqual([...times].sort((a, b) => a - b))
        expect(Math.max(0, ...times)).toBeLessThanOrEqual(DURATION_MS)
      }
    }
  })

  test('of many seeds leaves out no kind of mailbox, no fault, no trouble, and nothing that a person does', () => {
    const faults = { gmail: new Set(), outlook: new Set(), imap: new Set() }
    const acts = plans.flatMap(plan => plan.acts)
    for (const { acts, mailboxes } of plans)
      for (const act of acts)
        if (act.type === 'provider') faults[mailboxes[act.mailbox]?.kind ?? 'gmail'].add(act.fault)
    for (const kind of KINDS) expect([...faults[kind]].sort()).toEqual(Object.keys(FAULTS[kind]).sort())
    expect(new Set(acts.map(({ type }) => type)).size).toBe(39)
    expect(new Set(plans.flatMap(plan => plan.troubles).map(({ type }) => type)).size).toBe(13)
  })

  test('asks of each mailbox only for what its provider knows', () => {
    const nowhere = {
      gmail: ['cutOff', 'copy'],
      outlook: ['cutOff', 'copy'],
      imap: ['break', 'heal', 'endWatch', 'removeWatch'],
    }
    for (const { acts, mailboxes, troubles } of plans) {
      for (const act of acts)
        if ('mailbox' in act) expect(nowhere[mailboxes[act.mailbox]?.kind ?? 'gmail']).not.toContain(act.type)
      const ofServer = troubles.filter(({ type }) => type === 'freezeServer' || type === 'restartServer')
      if (mailboxes.every(({ kind }) => kind !== 'imap')) expect(ofServer).toEqual([])
    }
  })

  test('does with a Gmail mailbox what it does without the other kinds', () => {
    for (const { seed, acts, mailboxes, browsers } of plans) {
      const plain = planOf(seed, 30, { kinds: ['gmail'] })
      expect(plain.mailboxes).toEqual(mailboxes.map(({ messages }) => ({ kind: 'gmail', messages })))
      expect(plain.browsers).toBe(browsers)
      const others = new Set(mailboxes.flatMap(({ kind }, index) => (kind === 'gmail' ? [] : [index])))
      const same = (act: Act) => !('mailbox' in act && others.has(act.mailbox))
      const ats = new Set(acts.filter(same).map(({ at, r }) => `${at} ${r}`))
      expect(plain.acts.filter(({ at, r }) => ats.has(`${at} ${r}`))).toEqual(acts.filter(same))
    }
  })

  test('says what happens in one line, without the shares', () => {
    const line = describeStep({ at: 1_500, r: 0.1, s: 0.2, type: 'sleep', browser: 0, forMs: 500 })
    expect(line).toBe('  1.500 s  sleep, browser 0, forMs 500')
  })

  test('is in the same batch whether some seeds run or all', () => {
    const all = batchesOf(plans.slice(0, 40))
    expect(all.map(batch => batch.length)).toEqual([10, 10, 10, 10])
    expect(batchesOf(plans.slice(10, 20))).toEqual([all[1]])
    expect(batchesOf(plans.slice(8, 12)).map(batch => batch.map(({ seed }) => seed))).toEqual([
      [9, 10],
      [11, 12],
    ])
  })
})

describe('a follower', () => {
  const change = (seq: number, id = `m${seq}`) => ({ kind: 'message', op: 'delete', id, seq }) as const
  const page = (after: number, seqs: number[], more: Partial<ChangesPage> = {}): ChangesPage => {
    const next = more.head ?? seqs.at(-1) ?? after
    return { after, changes: seqs.map(seq => change(seq)), next, head: next, floor: 0, more: false, ...more }
  }

  test('takes pages that join on, also where seqs were passed over by later ones', () => {
    const state = nothingFollowed()
    expect(follow(state, page(0, [1, 4], { head: 9, next: 4, more: true }))).toBeNull()
    expect(follow(state, page(4, [9]))).toBeNull()
    expect(state.cursor).toBe(9)
  })

  test.each([
    ['a page that begins elsewhere', page(3, [4])],
    ['seqs out of order', page(2, [4, 3], { head: 4 })],
    ['a seq twice', page(2, [3, 3])],
    ['what lies before the cursor', page(2, [2, 3])],
    ['a page that leads to less than it holds', page(2, [3, 4], { next: 3, head: 4, more: true })],
    ['a page that leads beyond the head', page(2, [3], { next: 5, head: 4 })],
    ['a last page that stops short', page(2, [3], { next: 3, head: 4 })],
    ['more to come, and no way there', page(2, [], { next: 2, head: 4, more: true })],
    ['a head that goes back', page(2, [], { next: 1, head: 1 })],
  ])('refuses %s', (_, wrong) => {
    const state = nothingFollowed()
    expect(follow(state, page(0, [1, 2]))).toBeNull()
    expect(follow(state, wrong)).not.toBeNull()
  })
})

const ACCOUNT = 'account-1'
const label = (id: string) => idOf(ACCOUNT, 'label', id)

type World = { mailbox: Connected; rows: Map<string, Stored> }

/** Two messages in one thread, as their provider and as Postgres have them. `ids`: whether the provider gives any. */
function world(ids = true): World {
  const atProvider = (id: string, labels: string[], receivedAt: number) => ({
    id: ids ? id : null,
    thread: 't1',
    labels,
    row: {
      ...{ unread: labels.includes('UNREAD'), starred: false, draft: false, receivedAt },
      ...{ sizeBytes: 100, subject: 'Hello', messageIdHeader: `<${id}@x>` },
    },
  })
  const stored = (id: string, labelIds: string[], receivedAt: number) => ({
    id: idOf(ACCOUNT, 'message', id),
    accountId: ACCOUNT,
    threadId: idOf(ACCOUNT, 'thread', 't1'),
    subject: 'Hello',
    from: { name: '', email: 'a@example.com' },
    to: [],
    cc: [],
    snippet: id,
    receivedAt,
    unread: labelIds.includes('UNREAD'),
    starred: false,
    draft: false,
    labelIds: labelIds.map(label).sort(),
    attachmentCount: 1,
    sizeBytes: 100,
    messageIdHeader: `<${id}@x>`,
  })
  const m1 = stored('m1', ['INBOX', 'UNREAD'], 1)
  const m2 = stored('m2', ['INBOX'], 2)
  const thread = {
    id: m1.threadId,
    accountId: ACCOUNT,
    subject: 'Hello',
    snippet: 'm2',
    participants: [m1.from],
    lastMessageId: m2.id,
    lastMessageAt: 2,
    messageCount: 2,
    unreadCount: 1,
    starred: false,
    labelIds: [label('INBOX'), label('UNREAD')].sort(),
    attachmentCount: 2,
  }
  const labelRow = (id: string, total: number, unread: number) => ({
    id: label(id),
    accountId: ACCOUNT,
    name: id,
    total,
    unread,
  })
  const rows: [string, Stored['row']][] = [
    ['message', m1],
    ['message', m2],
    ['thread', thread],
    ['label', labelRow('INBOX', 2, 1)],
    ['label', labelRow('UNREAD', 1, 1)],
    ['label', labelRow('Label_1', 0, 0)],
  ]
  return {
    mailbox: {
      email: 'a@inlet.test',
      accountId: ACCOUNT,
      messages: [atProvider('m1', ['INBOX', 'UNREAD'], 1), atProvider('m2', ['INBOX'], 2)],
      labels: ['INBOX', 'UNREAD', 'Label_1'].map(name => ({ key: name, id: ids ? name : null, name })),
    },
    rows: new Map(rows.map(([kind, row], index) => [`${kind} ${row.id}`, { seq: index + 1, row }])),
  }
}

describe.each([true, false])('a mailbox (with ids: %s) and what is stored of it', ids => {
  const found = (spoil: (world: World) => void) => {
    const spoiled = world(ids)
    spoil(spoiled)
    return compareMailbox(spoiled.mailbox, spoiled.rows)
  }
  const rowOf = (rows: Map<string, Stored>, key: string) => rows.get(key)?.row ?? {}
  const M1 = `message ${idOf(ACCOUNT, 'message', 'm1')}`
  const T1 = `thread ${idOf(ACCOUNT, 'thread', 't1')}`

  test('are the same when they are', () => {
    expect(found(() => {})).toEqual([])
  })

  test.each([
    ['a message that is missing', ({ rows }) => rows.delete(M1), /m1.* is not stored/],
    ['one that is gone', ({ mailbox }) => mailbox.messages.pop(), /the provider has it no more/],
    [
      'a flag',
      ({ rows }) => Object.assign(rowOf(rows, M1), { unread: false }),
      /unread false \(wanted true\)/,
    ],
    ['a label', ({ rows }) => Object.assign(rowOf(rows, M1), { labelIds: [] }), /labelIds/],
    ['a subject', ({ rows }) => Object.assign(rowOf(rows, M1), { subject: 'Bye' }), /subject "Bye"/],
    ['a thread’s count', ({ rows }) => Object.assign(rowOf(rows, T1), { messageCount: 3 }), /messageCount 3/],
    [
      'a message in another thread',
      ({ rows }) => Object.assign(rowOf(rows, M1), { threadId: 'another' }),
      /stored with threadId/,
    ],
    ['a thread that is missing', ({ rows }) => rows.delete(T1), /thread "Hello" is stored with nothing/],
    [
      'a label’s count',
      ({ rows }) => Object.assign(rowOf(rows, `label ${label('INBOX')}`), { total: 9 }),
      /INBOX is stored with total 9 \(wanted 2\)/,
    ],
    [
      'a label’s name',
      ({ rows }) => Object.assign(rowOf(rows, `label ${label('Label_1')}`), { name: 'Old' }),
      ids ? /name "Old"/ : /Label_1 is not stored/,
    ],
    ['a label that is gone', ({ mailbox }) => mailbox.labels.pop(), /Label_1 is stored, and the provider/],
  ] satisfies [string, Parameters<typeof found>[0], RegExp][])('differ by %s', (_, spoil, text) => {
    expect(found(spoil).join('\n')).toMatch(text)
  })
})

test('a reader that lacks, keeps or holds something else is told by name', () => {
  const { rows } = world()
  const held = structuredClone(rows)
  expect(compareReader('it', rows, held)).toEqual([])
  const [first = '', second = '', third = ''] = held.keys()
  held.delete(first)
  held.set('message gone', { seq: 99, row: { id: 'gone' } })
  const old = held.get(second)
  if (old) old.seq = 0
  Object.assign(held.get(third)?.row ?? {}, { starred: true })
  const found = compareReader('it', rows, held)
  expect(found).toHaveLength(4)
  expect(found.join('\n')).toMatch(/it lacks .*it holds .* as of 0.*starred true.*message gone .*gone/s)
})

test('the order of keys is no difference, a missing field is one', () => {
  expect(difference({ a: 1, b: { c: 1, d: [2, 3] } }, { b: { d: [2, 3], c: 1 }, a: 1 })).toBe('')
  expect(difference({ a: 1 }, { a: 1, b: null })).toBe('b nothing (wanted null)')
  expect(difference({ a: [1, 2] }, { a: [2, 1] })).toBe('a [1,2] (wanted [2,1])')
})

test.each(codeBugs)('the bug $name has its place in the code', bug => {
  const source = readFileSync(join(root, bug.file), 'utf8')
  expect(withBug(source, bug)).not.toBe(source)
  expect(() => withBug(source.replace(bug.from, ''), bug)).toThrow('0 times instead of once')
})

test('a push tells its mailbox, and rubbish tells none', () => {
  const data = Buffer.from(JSON.stringify({ emailAddress: 'a@x', historyId: 1 })).toString('base64')
  expect(mailboxOf(JSON.stringify({ message: { data } }))).toBe('a@x')
  expect(mailboxOf('{')).toBe('')
})
