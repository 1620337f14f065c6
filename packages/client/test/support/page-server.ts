import type { Change, Upsert } from '@inlet/protocol/changes'
import type { Message } from '@inlet/protocol/entities'
import type { Mutation } from '@inlet/protocol/mutations'
import { PROTOCOL_VERSION } from '@inlet/protocol/version'
import { threadOf } from './rows.ts'

/** The API as a fetch function, for tests inside a page, where no HTTP server can be started. */
export interface PageServer {
  fetch: typeof fetch
  put(...changes: Omit<Upsert, 'seq' | 'op'>[]): void
  deliver(message: Message): void
  head(): number
  streams(): number
  setDown(down: boolean): void
  mutations: Mutation[]
}

export function pageServer(): PageServer {
  const rows = new Map<string, Change>()
  const streams = new Map<ReadableStreamDefaultController<Uint8Array>, { sent: number }>()
  const mutations: Mutation[] = []
  const encoder = new TextEncoder()
  let head = 0
  let down = false

  const later = (after: number) =>
    [...rows.values()].filter(change => change.seq > after).sort((a, b) => a.seq - b.seq)
  const page = (after: number) => ({ after, changes: later(after), next: head, head, floor: 0, more: false })
  const send = (to: ReadableStreamDefaultController<Uint8Array>, event: string, data: unknown) =>
    to.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`))

  function ring() {
    for (const [stream, state] of streams) {
      if (state.sent === head) continue
      send(stream, 'changes', page(state.sent))
      state.sent = head
    }
  }

  function stream(after: number, signal: AbortSignal | null | undefined): Response {
    let mine: ReadableStreamDefaultController<Uint8Array>
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        mine = controller
        streams.set(controller, { sent: after })
        send(controller, 'hello', { head, protocol: PROTOCOL_VERSION, lifetimeMs: 60_000 })
        signal?.addEventListener('abort', () => {
          if (streams.delete(controller)) controller.error(signal.reason)
        })
        queueMicrotask(ring)
      },
      cancel() {
        streams.delete(mine)
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }

  async function answer(url: URL, init?: RequestInit): Promise<Response> {
    init?.signal?.throwIfAborted()
    if (down) throw new TypeError('The page server is down.')
    const after = Number(url.searchParams.get('after') ?? 0)
    if (url.pathname === '/api/sse/email-updates') return stream(after, init?.signal)
    if (url.pathname === '/api/changes' && url.searchParams.has('after')) return Response.json(page(after))
    if (url.pathname === '/api/changes') {
      const changes = later(0).filter(change => change.op === 'upsert')
      return Response.json({ changes, next: null, head, floor: 0 })
    }
    if (url.pathname === '/api/mutations') {
      const batch = JSON.parse(String(init?.body)).mutations as Mutation[]
      mutations.push(...batch)
      return Response.json({
        results: batch.map(({ clientId }) => ({ clientId, state: 'done', error: null })),
      })
    }
    if (url.pathname === '/api/sync') return Response.json({ accounts: [] })
    if (url.pathname.endsWith('/body')) {
      const id = url.pathname.split('/')[3]
      return Response.json({ id, html: null, text: `Body of ${id}`, attachments: [], warning: null })
    }
    return new Response(null, { status: 204 })
  }

  const put: PageServer['put'] = (...changes) => {
    for (const change of changes)
      rows.set(`${change.kind} ${change.id}`, { ...change, op: 'upsert', seq: ++head } as Upsert)
    ring()
  }
  return {
    fetch: (input, init) => answer(new URL(String(input), 'http://page.test'), init),
    put,
    deliver(row) {
      const siblings = [...rows.values()].flatMap(change =>
        change.op === 'upsert' &&
        change.kind === 'message' &&
        change.row.threadId === row.threadId &&
        change.id !== row.id
          ? [change.row]
          : [],
      )
      const thread = threadOf([...siblings, row])
      put({ kind: 'message', id: row.id, row }, { kind: 'thread', id: thread.id, row: thread })
    },
    head: () => head,
    streams: () => streams.size,
    setDown(value) {
      down = value
      if (down) for (const stream of streams.keys()) stream.error(new TypeError('The page server is down.'))
      if (down) streams.clear()
    },
    mutations,
  }
}
