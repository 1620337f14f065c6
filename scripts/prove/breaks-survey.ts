import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const engine = at('unit', 'packages/sync/test/survey.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const counters = at('unit', 'packages/providers/test/imap-survey.test.ts')
const contract = at('imap', 'packages/providers/test/imap.contract.imap.test.ts')
const places = at('imap', 'packages/runtime/test/places.imap.test.ts')

const expiry = at('pg', 'packages/runtime/test/expiry.pg.test.ts')
const roles = at('imap', 'packages/runtime/test/roles.imap.test.ts')

const sync = 'packages/sync/src/sync-resource.ts'
const survey = 'packages/sync/src/survey.ts'
const imap = 'packages/providers/src/imap/survey.ts'
const silent = 'packages/db/src/sql/silent-lanes.ts'

/** What one look at the account tells, and what is done where looking leads nowhere. */
export const surveyBreaks: readonly Break[] = [
  {
    rule: 'cursor-37',
    what: 'silence passes for “nothing new”',
    file: survey,
    from: "(looks.get(key) ?? 'pull')",
    to: "(looks.get(key) ?? 'same')",
    test: engine('of what rests exactly that is marked which may have news'),
  },
  {
    rule: 'cursor-37',
    what: 'a folder that is being listed is passed over',
    file: survey,
    from: 'if (cursor !== null && !listed.has(key)) cursors.set(key, cursor)',
    to: 'if (cursor !== null) cursors.set(key, cursor)',
    test: engine('what is being listed, or has no cursor yet, is pulled whatever would be said of it'),
  },
  {
    rule: 'cursor-37',
    what: 'the same few have their turn each time',
    file: survey,
    from: '(a.lastSyncedAt ?? 0) - (b.lastSyncedAt ?? 0)',
    to: '(b.lastSyncedAt ?? 0) - (a.lastSyncedAt ?? 0)',
    test: engine('what cannot be told is pulled in turn, the longest not pulled first'),
  },
  {
    rule: 'cursor-37',
    what: 'what is surveyed is never pulled by itself',
    file: silent,
    from: 'ELSE least($3, $8) END',
    to: 'ELSE 0 END',
    test: store('that one is polled, and the others once an hour'),
  },
  {
    rule: 'cursor-37',
    what: 'a survey that fails is waited for',
    file: silent,
    from: 'AND t.attempts < $7',
    to: 'AND t.attempts < $7 + 1000',
    test: store('each is polled by itself while that one goes on failing'),
  },
  {
    rule: 'place-24',
    what: 'expunges that move no MODSEQ are passed over',
    file: imap,
    from: ' && messages === stored.places',
    to: '',
    test: counters('and never when %s'),
  },
  {
    rule: 'place-24',
    what: 'equal counts pass for equal flags',
    file: imap,
    from: "return unseen === stored.unseen ? 'unsure' : 'pull'",
    to: "return unseen === stored.unseen ? 'same' : 'pull'",
    test: counters('and where nothing numbers its changes it is unsure at best'),
  },
  {
    rule: 'place-24',
    what: 'a selected folder is counted as the connection knew it last',
    file: imap,
    from: 'if (client.mailbox) await client.noop()',
    to: '',
    test: contract('sees reading, starring, filing and deleting'),
  },
  {
    rule: 'place-24',
    what: 'another UIDVALIDITY is not looked at, nor a cursor that says nothing',
    file: imap,
    from: 'if (!cursor || sweepDue(cursor, world)) continue',
    to: "if (!cursor || cursor.uidValidity !== String(some.get(path)?.uidValidity)) {\n      looks.set(key, 'same')\n      continue\n    }",
    test: contract('with a cursor that has expired or says nothing never passes over'),
  },
  {
    rule: 'place-24',
    what: 'every folder is run with each look',
    file: imap,
    from: "if (modseq !== null) return 'same'",
    to: "if (modseq === '') return 'same'",
    test: places('finds with one look at the account what changed in which folder, and runs no other'),
  },
  {
    rule: 'cursor-38',
    what: 'a cursor that expires again is followed by another at once',
    file: sync,
    from: 'return afterExpiry(error, work)',
    to: 'return { ok: true }',
    test: expiry('is waited for longer each time, and the account says what is the matter'),
  },
  {
    rule: 'cursor-38',
    what: 'that it expired before is forgotten',
    file: sync,
    from: 'claim.failedWith === error.kind',
    to: "claim.failedWith === 'never'",
    test: expiry('is followed as before once they hold, and nothing is lost'),
  },
  {
    rule: 'cursor-38',
    what: 'the first one is waited for, too',
    file: sync,
    from: '{ ...end, nextAttemptAt: world.now() }',
    to: 'end',
    test: expiry('that expired once is no failure'),
  },
  {
    rule: 'cursor-38',
    what: 'a listing begins again for ever',
    file: 'packages/sync/src/list-resource.ts',
    from: 'position !== null && !restarted &&',
    to: 'position !== null &&',
    test: expiry('a listing whose positions never hold is waited for, and ends when they do'),
  },
  {
    rule: 'place-25',
    what: 'only what a batch changes is derived',
    file: 'packages/sync/src/plan-places.ts',
    from: '[...batch.missing, ...(batch.again ?? [])]',
    to: 'batch.missing',
    test: store('a message that is not what its places make of it is found, and derived anew'),
  },
  {
    rule: 'place-25',
    what: 'drafts stay drafts when their folder is another',
    file: sync,
    from: 'if (work.port.placed && labels && page.labelsChanged) {',
    to: 'if (work.port.placed && !labels && page.labelsChanged) {',
    test: roles('a folder that becomes the drafts, or is it no more, takes its messages with it'),
  },
  {
    rule: 'place-25',
    what: 'the list’s cursor moves first',
    file: sync,
    from: 'await work.commit({ labels, resources })',
    to: 'await work.commit({ labels, resources, ...(page.cursor !== null && { cursor: page.cursor }) })',
    test: roles('also when the process dies between the two'),
  },
  {
    rule: 'place-26',
    what: 'a comparison looks at places alone',
    file: 'packages/sync/src/list-resource.ts',
    from: 'await settleStates(work, state, save, signal)',
    to: '',
    test: places('finds, mends and records rows that are not what their places say'),
  },
  {
    rule: 'place-26',
    what: 'rows are set right by places that are wrong',
    file: 'packages/sync/src/list-resource.ts',
    from: 'if (at !== null) return { ok: true, again: { at } }\n    await settleUnplaced',
    to: 'void at\n    await settleUnplaced',
    test: places('finds, mends and records what was done to places behind its back, flags too'),
  },
]
