import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const machine = at('unit', 'packages/client/test/connection-state.test.ts')
const stream = at('unit', 'packages/client/test/transport-sse.test.ts')
const live = at('unit', 'packages/client/test/live-mirror.test.ts')
const tabs = at('unit', 'packages/client/test/tabs.test.ts')
const parser = at('unit', 'packages/client/test/sse-parser.test.ts')
const hubLife = at('unit', 'packages/realtime/test/hub-life.test.ts')
const hubHttp = at('unit', 'packages/realtime/test/hub-http.test.ts')
const sessions = at('pg', 'packages/runtime/test/sessions.pg.test.ts')

export const streamsBreaks: readonly Break[] = [
  {
    rule: 'connection-12',
    what: 'a tab leads without asking for the lock',
    file: 'packages/client/src/leader.ts',
    from: '  if (!locks) lead()\n  else\n',
    to: '  lead()\n  if (locks)\n',
    test: tabs('share one stream, one state and one mirror'),
  },
  {
    rule: 'connection-13',
    what: 'a leader that is frozen leads for ever',
    file: 'packages/client/src/tabs.ts',
    from: 'if (!isLeader() && world.visible()) onLeaderSilent()',
    to: '',
    test: tabs('take leadership from a leader that answers no more'),
  },
  {
    rule: 'connection-13',
    what: 'a leader that answers is robbed all the same',
    file: 'packages/client/src/tabs.ts',
    from: "} else if (message?.type === 'state') {\n      cancelLimit()\n",
    to: "} else if (message?.type === 'state') {\n",
    test: tabs('leave leadership with a leader that answers'),
  },
  {
    rule: 'connection-14',
    what: 'a ring that says signed out closes nothing',
    file: 'packages/realtime/src/hub.ts',
    from: 'connection.sessionId === sessionId)\n',
    to: "connection.sessionId === 'nobody')\n",
    test: hubLife(
      'signing out closes the streams of that session at once, here and by the bus, and of no other',
    ),
  },
  {
    rule: 'connection-14',
    what: 'a stream whose session nobody vouches for is kept',
    file: 'packages/realtime/src/hub.ts',
    from: 'now - connection.sessionSeenAt > sessionGraceMs',
    to: 'now - connection.sessionSeenAt > 100 * sessionGraceMs',
    test: hubLife(
      'while the session store does not answer, a stream is kept for 30 s and then sent to ask again',
    ),
  },
  {
    rule: 'connection-15',
    what: 'the last read is written after signed_out',
    file: 'packages/realtime/src/hub.ts',
    from: 'if (this.#users.get(userId)?.remove(connection) === 0) this.#users.delete(userId)',
    to: "connection.phase = 'level'",
    test: hubLife('nothing is written after signed_out, even by a read that was under way'),
  },
  {
    rule: 'connection-15',
    what: 'a signed-out tab connects again',
    file: 'packages/client/src/connection-state.ts',
    from: '  signed_out: {},\n',
    to: '  signed_out: { leader_gained: (s, _, input) => connect(s, 0, input) },\n',
    test: machine('signed out is the end'),
  },
  {
    rule: 'connection-16',
    what: 'a user may have any number of streams',
    file: 'packages/realtime/src/hub-options.ts',
    from: 'streamsPerUser: 5,',
    to: 'streamsPerUser: 500,',
    test: hubLife('the sixth stream of a user closes the oldest, which is told so'),
  },
  {
    rule: 'connection-16',
    what: 'a superseded tab takes its stream back at once',
    file: 'packages/client/src/connection-state.ts',
    from: 'supersede(s, input),',
    to: 'connect(s, 0, input),',
    test: live(
      'keeps polling slowly when another tab of the world took its stream, and takes one again when looked at',
    ),
  },
  {
    rule: 'connection-17',
    what: 'a line of any length is kept',
    file: 'packages/client/src/sse-parser.ts',
    from: 'if (size > limit)',
    to: 'if (size > limit * 1_000)',
    test: parser('takes a line and an event of exactly the limit, and refuses one more character'),
  },
  {
    rule: 'connection-17',
    what: 'a request waits for its answer for an hour',
    file: 'packages/client/src/http.ts',
    from: 'timeoutMs = REQUEST_TIMEOUT_MS,',
    to: 'timeoutMs = 240 * REQUEST_TIMEOUT_MS,',
    test: stream('gives up on a server that takes the connection and sends no headers'),
  },
  {
    rule: 'connection-18',
    what: 'a tab that is online again goes on waiting',
    file: 'packages/client/src/connection-state.ts',
    from: 'online: (s, _, input) => (s.needsRefill ? resync(s, input) : connect(s, 0, input)),',
    to: '',
    test: live('waits while offline and catches up when it is online'),
  },
  {
    rule: 'connection-19',
    what: 'proxies may hold frames back',
    file: 'packages/realtime/src/sse-encode.ts',
    from: "'Cache-Control': 'no-cache, no-transform',",
    to: "'Cache-Control': 'no-cache',",
    test: hubHttp('a stream over a real socket has the headers that keep proxies from holding it back'),
  },
  {
    rule: 'connection-13',
    what: 'a leader that closes keeps the lock',
    file: 'packages/client/src/leader.ts',
    from: 'stop: () => stopped.abort(),',
    to: 'stop: () => {},',
    test: tabs('pass leadership on when the leading one closes'),
  },
  {
    rule: 'connection-14',
    what: 'a session that has ended is not let go',
    file: 'packages/realtime/src/hub.ts',
    from: "if (!live.has(connection.sessionId)) this.#close(connection, 'signed_out')",
    to: '',
    test: hubLife('a session that ended unnoticed loses its streams within 30 s'),
  },
  {
    rule: 'connection-14',
    what: 'a session that has expired counts as live',
    file: 'packages/runtime/src/sessions.ts',
    from: 'AND expires_at > $2',
    to: 'AND $2::timestamptz IS NOT NULL',
    test: sessions('of many sessions only those are live that are there and have not expired'),
  },
  {
    rule: 'connection-15',
    what: 'a stream that says signed out is asked for again',
    file: 'packages/client/src/feed-session.ts',
    from: "case 'signed_out':\n        return dispatch({ type: 'signed_out' })",
    to: "case 'signed_out':\n        return dispatch({ type: 'stream_lost', token, reason: 'ended', retryAfterMs: null })",
    test: live('says signed out and stops when the session is over'),
  },
  {
    rule: 'connection-14',
    what: 'a database that does not answer says that every session has ended',
    file: 'packages/runtime/src/sessions.ts',
    from: '        [sessionIds, new Date()],\n      )\n',
    to: '        [sessionIds, new Date()],\n      ).catch(() => ({ rows: [] as { id: string }[] }))\n',
    test: sessions('a database that does not answer is an error, not an answer'),
  },
]
