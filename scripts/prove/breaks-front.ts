import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const direct = at('unit', 'apps/web/test/direct.test.ts')
const front = at('unit', 'apps/web/test/front-server.test.ts')
const updates = at('unit', 'apps/web/test/email-updates.test.ts')
const hubLife = at('unit', 'packages/realtime/test/hub-life.test.ts')

/** What our own server in front of Next answers, and how. */
export const frontBreaks: readonly Break[] = [
  {
    rule: 'connection-19',
    what: 'the stream lacks the headers of an event stream',
    file: 'apps/web/src/server/direct.ts',
    from: '{ ...securityHeaders, ...sseHeaders }',
    to: '{ ...securityHeaders }',
    test: direct(
      'a stream has the security headers and those of an event stream, and ends when its sink does',
    ),
  },
  {
    rule: 'connection-20',
    what: 'every path that begins like a route is answered by it',
    file: 'apps/web/server/front-server.ts',
    from: 'return query < 0 ? url : url.slice(0, query)',
    to: 'return (query < 0 ? url : url.slice(0, query)).replace(/\\/+$/, "")',
    test: front(
      'a route is answered where method and path are exactly its own; everything else goes on to Next',
    ),
  },
  {
    rule: 'connection-20',
    what: 'an answer lacks the security headers',
    file: 'apps/web/src/server/direct.ts',
    from: 'response.setHeader(name, value)',
    to: 'if (!name) response.setHeader(name, value)',
    test: direct('an answer arrives with its status, its headers, the security headers and its body'),
  },
  {
    rule: 'connection-20',
    what: 'of several headers of one name only the first counts',
    file: 'apps/web/src/server/node-request.ts',
    from: 'else if (value !== undefined) headers.set(name, value)',
    to: "else if (value !== undefined) headers.set(name, value.split(/[,;] ?/)[0] ?? '')",
    test: direct(
      'a handler sees method, path, query, headers as Node has parsed them, and the caller’s address',
    ),
  },
  {
    rule: 'connection-21',
    what: 'headers may take as long as they like',
    file: 'apps/web/server/front-server.ts',
    from: 'headersTimeout: limits.headersMs ?? HEADERS_MS',
    to: 'headersTimeout: 0',
    test: front('who is too slow with its headers is let go; an older stream and a quick caller are not'),
  },
  {
    rule: 'connection-21',
    what: 'a body may take as long as it likes',
    file: 'apps/web/server/front-server.ts',
    from: 'requestTimeout: limits.requestMs ?? REQUEST_MS',
    to: 'requestTimeout: 0',
    test: front('who is too slow with its body is let go, and an older stream is not'),
  },
  {
    rule: 'connection-22',
    what: 'nobody notices who had gone before he was looked for',
    file: 'apps/web/src/server/node-request.ts',
    from: 'if (response.destroyed) look()\n  else ',
    to: '',
    test: direct('who asks for the signal after the caller has gone finds it aborted'),
  },
  {
    rule: 'connection-22',
    what: 'a caller that goes is waited for',
    file: 'apps/web/src/server/node-request.ts',
    from: "response.once('close', look)",
    to: 'look',
    test: direct('the signal aborts when the caller goes before its answer, not when it has it'),
  },
  {
    rule: 'connection-22',
    what: 'a stream is opened for nobody',
    file: 'packages/realtime/src/sink-node.ts',
    from: 'if (response.destroyed) end()\n  else if',
    to: 'if',
    test: direct('a caller that has gone while its session was checked gets a sink that has ended'),
  },
  {
    rule: 'connection-23',
    what: 'an answer quotes the fault',
    file: 'apps/web/src/server/api-error.ts',
    from: "'Something went wrong on our side. It has been logged; trying again is safe.'",
    to: 'String(error)',
    test: direct('what a handler throws becomes an answer; what nobody expected says nothing and is logged'),
  },
  {
    rule: 'connection-23',
    what: 'the front server quotes the fault',
    file: 'apps/web/server/front-server.ts',
    from: "end('Internal Server Error')",
    to: 'end(String(error))',
    test: front(
      'a handler that fails is a 500 without its reason, or a broken connection once it has begun to answer',
    ),
  },
  {
    rule: 'connection-24',
    what: 'a server that stops cuts what it is answering',
    file: 'apps/web/server/front-server.ts',
    from: 'await new Promise<void>(resolve => server.close(() => resolve()))',
    to: 'server.closeAllConnections()\n  await new Promise<void>(resolve => server.close(() => resolve()))',
    test: front('closing waits for answers under way, takes no new connections, and keeps no idle one'),
  },
  {
    rule: 'connection-24',
    what: 'a server that stops tells its streams nothing',
    file: 'packages/realtime/src/hub.ts',
    from: "for (const connection of [...this.#connections()]) this.#close(connection, 'shutdown')",
    to: '',
    test: hubLife('closing the hub sends every reader elsewhere and leaves nothing behind'),
  },
  {
    rule: 'connection-25',
    what: 'anybody may have a stream',
    file: 'apps/web/src/server/handle.ts',
    from: 'const user = await currentSession(request.headers)',
    to: "const user = (await currentSession(request.headers)) ?? { id: 'anybody', name: '', email: '', sessionId: '' }",
    test: updates('without a live session there is no stream, whatever the query says'),
  },
  {
    rule: 'connection-25',
    what: 'the stream is another user’s',
    file: 'apps/web/src/server/email-updates.ts',
    from: 'const { id: userId, sessionId } = user',
    to: "const [userId, sessionId] = ['ben', user.sessionId]",
    test: updates('is of the user and the session that the cookie names'),
  },
  {
    rule: 'connection-26',
    what: 'the query goes before Last-Event-ID',
    file: 'apps/web/src/server/email-updates.ts',
    from: 'resumed ?? query.after ?? null',
    to: 'query.after ?? resumed ?? null',
    test: updates('it begins after Last-Event-ID, or else after the query’s cursor, or else at the head'),
  },
  {
    rule: 'connection-26',
    what: 'a cursor that is none is passed over',
    file: 'apps/web/src/server/email-updates.ts',
    from: "lastId ? check(Cursor, lastId, 'Last-Event-ID is not a cursor of this feed.') : undefined",
    to: 'lastId ? Cursor.safeParse(lastId).data : undefined',
    test: updates('a cursor that is none is refused, and no stream is opened'),
  },
]
