import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Change, ChangesPage, FillPage, Upsert } from '@inlet/protocol/changes'
import type { Message } from '@inlet/protocol/entities'
import type { Mutation, MutationResult } from '@inlet/protocol/mutations'
import { PROTOCOL_VERSION } from '@inlet/protocol/version'
import { threadOf } from './rows.ts'

export type Route =
  | 'stream'
  | 'follow'
  | 'fill'
  | 'ack'
  | 'mutations'
  | 'messages'
  | 'body'
  | 'sync'
  | 'search'
type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void

/** A feed in memory behind real HTTP: the wire contract of the API, and faults on demand. */
export interface MailServer {
  url: string
  head(): number
  /** Stores a row at the next seq, and tells the open streams. */
  put(...changes: Omit<Upsert, 'seq' | 'op'>[]): void
  /** A message and the thread it is in. */
  deliver(message: Message): void
  remove(kind: Upsert['kind'], id: string): void
  /** Seqs below it are answered with 410 from now on. */
  prune(floor: number): void
  /** Every next request of the route goes to the handler instead, until it is called with null. */
  intercept(route: Route, handler: Handler | null): void
  /** Breaks the sockets of all open streams. */
  cutStreams(): void
  sendToStreams(text: string): void
  /** While true, streams are told nothing of what is stored. */
  loseRings(lose: boolean): void
  /** The feed as it was at this head: later changes never happened. */
  rewind(head: number): void
  /** Rows that the mirror should have, in any order. */
  rows(): Upsert[]
  streams(): number
  requests(route: Route): readonly URL[]
  mutations: Mutation[]
  /** What POST /api/mutations says of each; default done. */
  judge(judge: (mutation: Mutation) => Omit<MutationResult, 'clientId'>): void
  close(): Promise<void>
}

export async function startMailServer(): Promise<MailServer> {
  const rows = new Map<string, Change>()
  const intercepts = new Map<Route, Handler>()
  const log = new Map<Route, URL[]>()
  const streams = new Map<ServerResponse, { sent: number }>()
  const mutations: Mutation[] = []
  let judge: (mutation: Mutation) => Omit<MutationResult, 'clientId'> = () => ({ state: 'done', error: null })
  let head = 0
  let floor = 0
  let losing = false

  function pageAfter(after: number, limit: number): ChangesPage {
    const later = [...rows.values()].filter(change => change.seq > after).sort((a, b) => a.seq - b.seq)
    const changes = later.slice(0, limit)
    const more = later.length > limit
    return { after, changes, next: more ? (changes.at(-1)?.seq ?? head) : head, head, floor, more }
  }

  /** The opaque position is an index into the walk's order; what changes below it shows above the first head. */
  function fillPage(before: string, limit: number): FillPage {
    const upserts = [...rows.values()].filter(change => change.op === 'upsert')
    const rank = (change: Upsert) => (change.kind === 'account' || change.kind === 'label' ? 1 : 0)
    const time = (change: Upsert) =>
      change.kind === 'message'
        ? change.row.receivedAt
        : change.kind === 'thread'
          ? change.row.lastMessageAt
          : 0
    upserts.sort((a, b) => rank(b) - rank(a) || time(b) - time(a) || (a.id < b.id ? -1 : 1))
    const from = before === 'start' ? 0 : Number(before)
    const changes = upserts.slice(from, from + limit)
    return { changes, next: from + limit < upserts.length ? String(from + limit) : null, head, floor }
  }

  function ring() {
    if (losing) return
    for (const [response, stream] of streams) {
      const page = pageAfter(stream.sent, 500)
      if (page.changes.length === 0) continue
      stream.sent = page.next
      response.write(`event: changes\nid: ${page.next}\ndata: ${JSON.stringify(page)}\n\n`)
    }
  }

  const handlers: Record<Route, Handler> = {
    stream(_, response, url) {
      const after = Number(url.searchParams.get('after'))
      if (after < floor) return tooOld(response, floor)
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
      })
      const hello = { head, protocol: PROTOCOL_VERSION, lifetimeMs: 300_000 }
      response.write(`retry: 3000\n: ok\n\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`)
      streams.set(response, { sent: after })
      response.on('close', () => streams.delete(response))
      ring()
    },
    follow(_, response, url) {
      const after = Number(url.searchParams.get('after'))
      if (after < floor) return tooOld(response, floor)
      json(response, pageAfter(after, Number(url.searchParams.get('limit') ?? 500)))
    },
    fill(_, response, url) {
      json(
        response,
        fillPage(url.searchParams.get('before') ?? '', Number(url.searchParams.get('limit') ?? 500)),
      )
    },
    ack(_, response) {
      response.writeHead(204).end()
    },
    async mutations(request, response) {
      const { mutations: batch } = (await readJson(request)) as { mutations: Mutation[] }
      mutations.push(...batch)
      json(response, {
        results: batch.map(mutation => ({ clientId: mutation.clientId, ...judge(mutation) })),
      })
    },
    messages(_, response, url) {
      const before = Number(url.searchParams.get('before') ?? Number.MAX_SAFE_INTEGER)
      const limit = Number(url.searchParams.get('limit') ?? 50)
      const [labelId, threadId] = [url.searchParams.get('labelId'), url.searchParams.get('threadId')]
      const all = [...rows.values()].filter(change => change.op === 'upsert')
      const messages = all.filter(change => change.kind === 'message')
      if (threadId)
        return json(response, {
          changes: messages.filter(({ row }) => row.threadId === threadId),
          next: null,
        })
      const threads = all
        .filter(change => change.kind === 'thread')
        .filter(({ row }) => row.lastMessageAt < before && (!labelId || row.labelIds.includes(labelId)))
        .sort((a, b) => b.row.lastMessageAt - a.row.lastMessageAt)
      const page = threads.slice(0, limit)
      const newest = messages.filter(({ id }) => page.some(({ row }) => row.lastMessageId === id))
      const next = threads.length > limit ? (page.at(-1)?.row.lastMessageAt ?? null) : null
      json(response, { changes: [...newest, ...page], next })
    },
    body(_, response, url) {
      const id = url.pathname.split('/')[3] ?? ''
      if (!rows.has(`message ${id}`)) return failure(response, 404, 'not_found')
      json(response, { id, html: null, text: `Body of ${id}`, attachments: [], warning: null })
    },
    sync(_, response) {
      json(response, { accounts: [] })
    },
    search(_, response, url) {
      const q = url.searchParams.get('q') ?? ''
      const all = [...rows.values()].filter(change => change.op === 'upsert')
      json(response, {
        changes: all.filter(change => change.kind === 'message' && change.row.subject.includes(q)),
        next: null,
      })
    },
  }

  const server = createServer((request, response) => {
    // Pages of a browser test come from another origin.
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    response.setHeader('access-control-expose-headers', '*')
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    const url = new URL(request.url ?? '/', 'http://localhost')
    const route = routeOf(url)
    if (!route) return failure(response, 404, 'not_found')
    log.set(route, [...(log.get(route) ?? []), url])
    ;(intercepts.get(route) ?? handlers[route])(request, response, url)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))

  const store = (change: Change) => rows.set(`${change.kind} ${change.id}`, change)
  const put: MailServer['put'] = (...changes) => {
    for (const change of changes) store({ ...change, op: 'upsert', seq: ++head } as Upsert)
    ring()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    head: () => head,
    put,
    deliver(message) {
      const siblings = [...rows.values()].flatMap(change =>
        change.op === 'upsert' &&
        change.kind === 'message' &&
        change.row.threadId === message.threadId &&
        change.id !== message.id
          ? [change.row]
          : [],
      )
      const thread = threadOf([...siblings, message])
      put({ kind: 'message', id: message.id, row: message }, { kind: 'thread', id: thread.id, row: thread })
    },
    remove(kind, id) {
      store({ kind, op: 'delete', id, seq: ++head })
      ring()
    },
    prune(to) {
      floor = to
      for (const [key, change] of rows) if (change.op === 'delete' && change.seq <= to) rows.delete(key)
    },
    intercept: (route, handler) => void (handler ? intercepts.set(route, handler) : intercepts.delete(route)),
    cutStreams() {
      for (const response of streams.keys()) response.destroy()
    },
    sendToStreams(text) {
      for (const response of streams.keys()) response.write(text)
    },
    loseRings(lose) {
      losing = lose
    },
    rewind(to) {
      head = to
      for (const [key, change] of rows) if (change.seq > to) rows.delete(key)
    },
    rows: () => [...rows.values()].filter(change => change.op === 'upsert'),
    streams: () => streams.size,
    requests: route => log.get(route) ?? [],
    mutations,
    judge(next) {
      judge = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function routeOf(url: URL): Route | null {
  const path = url.pathname
  if (path === '/api/sse/email-updates') return 'stream'
  if (path === '/api/changes') return url.searchParams.has('before') ? 'fill' : 'follow'
  if (path === '/api/changes/ack') return 'ack'
  if (path === '/api/mutations') return 'mutations'
  if (path === '/api/messages') return 'messages'
  if (path === '/api/sync') return 'sync'
  if (path === '/api/search') return 'search'
  return /^\/api\/messages\/[^/]+\/body$/.test(path) ? 'body' : null
}

export function json(response: ServerResponse, body: unknown) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export function failure(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
) {
  const body = { error: { code, message: `The test server says ${code}.` } }
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

const tooOld = (response: ServerResponse, floor: number) => {
  const body = { error: { code: 'cursor_too_old', message: `Changes before ${floor} are gone.`, floor } }
  response.writeHead(410, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}
