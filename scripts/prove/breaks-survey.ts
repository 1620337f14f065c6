import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const engine = at('unit', 'packages/sync/test/survey.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const counters = at('unit', 'packages/providers/test/imap-survey.test.ts')
const contract = at('imap', 'packages/providers/test/imap.contract.imap.test.ts')
const places = at('imap', 'packages/runtime/test/places.imap.test.ts')

const survey = 'packages/sync/src/survey.ts'
const imap = 'packages/providers/src/imap/survey.ts'
const silent = 'packages/db/src/sql/silent-lanes.ts'

/** What one look at the account tells. */
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
]
