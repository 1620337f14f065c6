import type { OpenStream } from '@inlet/realtime/hub'
import type { Sink } from '@inlet/realtime/sink'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emailUpdates } from '../src/server/email-updates.ts'
import { handle } from '../src/server/handle.ts'

const place = globalThis as typeof globalThis & { inletServer?: unknown }
const sink = {} as Sink
const opened: OpenStream[] = []

/** As better-auth answers: a cookie that names no live session has no user. */
const sessions = new Map([
  ['session=a1', { session: { id: 's-a1' }, user: { id: 'ada', name: 'Ada', email: 'ada@x.test' } }],
  ['session=b1', { session: { id: 's-b1' }, user: { id: 'ben', name: 'Ben', email: 'ben@x.test' } }],
])

beforeEach(() => {
  opened.length = 0
  const getSession = async ({ headers }: { headers: Headers }) =>
    sessions.get(headers.get('cookie') ?? '') ?? null
  place.inletServer = Promise.resolve({
    runtime: {
      hub: { open: (stream: OpenStream) => opened.push(stream) },
      limit: async () => ({ ok: true, retryAfterS: 0 }),
      config: { baseUrl: 'http://inlet' },
    },
    auth: { api: { getSession } },
  })
})
afterEach(() => {
  delete place.inletServer
})

/** The status of the answer; a stream is begun, as whoever serves it would. */
async function ask(query: string, headers: Record<string, string>): Promise<number> {
  const request = {
    method: 'GET',
    url: `http://inlet/api/sse/email-updates${query}`,
    headers: new Headers(headers),
    body: null,
    signal: new AbortController().signal,
  }
  const answer = await handle(emailUpdates, request, { params: {}, afterwards: () => {} })
  if (answer instanceof Response) return answer.status
  answer.stream(sink)
  return 200
}

const ada = { cookie: 'session=a1' }

describe('the stream', () => {
  it('is of the user and the session that the cookie names', async () => {
    expect(await ask('?after=7', ada)).toBe(200)
    expect(await ask('?after=7', { cookie: 'session=b1' })).toBe(200)
    expect(opened).toEqual([
      { userId: 'ada', sessionId: 's-a1', after: 7, sink },
      { userId: 'ben', sessionId: 's-b1', after: 7, sink },
    ])
    for (const query of ['?user=ben', '?userId=ben', '?after=7&sessionId=s-b1'])
      expect(await ask(query, ada), query).toBe(400)
    expect(opened).toHaveLength(2)
  })

  it('without a live session there is no stream, whatever the query says', async () => {
    for (const headers of [{}, { cookie: 'session=ended' }, { authorization: 'Bearer a1' }])
      for (const query of ['', '?after=0', '?after=x']) expect(await ask(query, headers)).toBe(401)
    expect(opened).toEqual([])
  })

  it('it begins after Last-Event-ID, or else after the query’s cursor, or else at the head', async () => {
    await ask('?after=7', { ...ada, 'last-event-id': '9' })
    await ask('?after=7', { ...ada, 'last-event-id': '' })
    await ask('?after=0', ada)
    await ask('', ada)
    expect(opened.map(stream => stream.after)).toEqual([9, 7, 0, null])
  })

  it('a cursor that is none is refused, and no stream is opened', async () => {
    for (const bad of ['x', '-1', '1.5', '99999999999999999999', 'NaN', '7;8']) {
      expect(await ask(`?after=${bad}`, ada), bad).toBe(400)
      expect(await ask('', { ...ada, 'last-event-id': bad }), bad).toBe(400)
    }
    expect(await ask('?after=1&after=2', ada)).toBe(400)
    expect(await ask('?since=1', ada)).toBe(400)
    expect(opened).toEqual([])
  })
})
