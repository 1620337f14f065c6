import type { MirrorDb } from '@inlet/client/tables'
import type { Mutant } from './mutant.ts'

type Table = Record<string, (...args: unknown[]) => Promise<unknown>>
type Tables = Record<string, Table>
type Transaction = (
  mode: string,
  names: unknown,
  body: (tables: Tables) => Promise<unknown>,
) => Promise<unknown>

/** A mirror whose transactions are other ones. */
function transacting(change: (transaction: Transaction) => Transaction): (db: MirrorDb) => MirrorDb {
  return db => {
    const inner = db as unknown as { transaction: Transaction }
    return { ...inner, transaction: change(inner.transaction) } as unknown as MirrorDb
  }
}

/** The tables, with some methods replaced. */
const withTable = (tables: Tables, name: string, methods: Table): Tables => {
  const real = tables[name] as Table
  const proxy = new Proxy(real, {
    get: (target, method) => {
      const own = methods[String(method)]
      if (own) return own
      const value = Reflect.get(target, method) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return new Proxy(tables, { get: (all, key) => (key === name ? proxy : Reflect.get(all, key)) })
}

const call = (tables: Tables, name: string, method: string, ...args: unknown[]) => {
  const table = tables[name] as Table
  return (table[method] as (...all: unknown[]) => Promise<unknown>).apply(table, args)
}

type Meta = { cursor: number | null; fill: { position: string | null } }

/** Bugs in the browser's mirror. */
export const mirrorMutants: Mutant[] = [
  {
    name: 'mirror-cursor-apart',
    breaks: 'I5',
    what: 'the mirror’s cursor moves in a transaction of its own, before the rows',
    substitutes: {
      mirror: transacting(transaction => async (mode, names, body) => {
        let moved: unknown = null
        // A look at what the rows' transaction would say of the cursor, without keeping anything.
        const dry = new Error('nothing is kept')
        await transaction(mode, names, async tables => {
          await body(
            withTable(tables, 'meta', {
              put: async row => {
                moved = row
              },
            }),
          )
          throw dry
        }).catch(error => {
          if (error !== dry) throw error
        })
        if (moved !== null) await transaction(mode, names, tables => call(tables, 'meta', 'put', moved))
        const put = async () => {}
        return await transaction(mode, names, tables =>
          body(moved === null ? tables : withTable(tables, 'meta', { put, get: stale(tables, moved) })),
        )
      }),
    },
  },
  {
    name: 'tombstones-ignored-by-fill',
    breaks: 'I4',
    what: 'a page of the fill that was read before a deletion brings the row back',
    substitutes: {
      mirror: transacting(
        transaction => (mode, names, body) =>
          transaction(mode, names, tables =>
            body(
              withTable(tables, 'tombstones', {
                bulkGet: async keys => (keys as unknown[]).map(() => undefined),
              }),
            ),
          ),
      ),
    },
  },
  {
    name: 'older-row-overwrites',
    breaks: 'I4',
    what: 'a page that comes late overwrites newer rows',
    substitutes: {
      mirror: transacting(
        transaction => (mode, names, body) =>
          transaction(mode, names, tables =>
            body(
              ['messages', 'threads', 'labels', 'accounts'].reduce(
                (all, name) =>
                  withTable(all, name, { bulkGet: async keys => (keys as unknown[]).map(() => undefined) }),
                tables,
              ),
            ),
          ),
      ),
    },
  },
  {
    name: 'fill-position-first',
    breaks: 'I5',
    what: 'the fill goes on to the next page before the rows of this one are stored',
    substitutes: {
      mirror: transacting(transaction => async (mode, names, body) => {
        let skipped = false
        return await transaction(mode, names, tables =>
          body(
            withTable(tables, 'messages', {
              bulkPut: async rows => {
                const feed = (await call(tables, 'meta', 'get', 'feed')) as Meta | undefined
                // One row of a page is lost where the tab dies between the two.
                skipped = feed?.fill.position !== null && feed?.fill.position !== 'start'
                return await call(
                  tables,
                  'messages',
                  'bulkPut',
                  skipped ? (rows as unknown[]).slice(1) : rows,
                )
              },
            }),
          ),
        )
      }),
    },
  },
  {
    name: 'ring-trusted-as-content',
    breaks: 'I3',
    what: 'a page from the stream is applied although it does not join on to the cursor',
    substitutes: {
      fetch: inner => async (input, init) => {
        const response = await inner(input, init)
        if (!String(input).startsWith('/api/sse/')) return response
        return joined(response)
      },
    },
  },
  {
    name: 'too-old-unheard',
    breaks: 'I13',
    what: 'a mirror that is told that its cursor is too old goes on as if nothing were new',
    substitutes: {
      fetch: inner => async (input, init) => {
        const response = await inner(input, init)
        const path = String(input)
        if (path.startsWith('/api/sse/')) return deafTo(response, 'resync')
        if (response.status !== 410) return response
        const after = Number(new URL(path, 'http://inlet').searchParams.get('after'))
        const page = { after, changes: [], next: after, head: after, floor: 0, more: false }
        const light = {
          ok: true,
          status: 200,
          headers: response.headers,
          text: async () => JSON.stringify(page),
          body: response.body,
        }
        return light as unknown as Response
      },
    },
  },
]

/** Reads inside the rows' transaction still see the cursor from before, as code would that had it in a variable. */
function stale(tables: Tables, moved: unknown): Table[string] {
  return async key => {
    const feed = (await call(tables, 'meta', 'get', key)) as (Meta & object) | undefined
    return (
      feed && { ...feed, cursor: Math.max(0, ((moved as Meta).cursor ?? 0) - 1), fill: (moved as Meta).fill }
    )
  }
}

/** A stream whose text is changed on its way. */
function rewritten(response: Response, change: (text: string) => string): Response {
  const body = response.body as unknown as {
    getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(): Promise<void> }
  }
  const light = {
    ok: response.ok,
    status: response.status,
    headers: response.headers,
    text: () => response.text(),
    body: {
      cancel: async () => {},
      getReader() {
        const reader = body.getReader()
        return {
          cancel: () => reader.cancel(),
          async read() {
            const { done, value } = await reader.read()
            if (done || !value) return { done, value }
            return { done, value: new TextEncoder().encode(change(new TextDecoder().decode(value))) }
          },
        }
      },
    },
  }
  return light as unknown as Response
}

const joined = (response: Response): Response =>
  response.ok ? rewritten(response, text => text.replace(/"after":\d+/, '"after":0')) : response

const deafTo = (response: Response, event: string): Response =>
  response.ok ? rewritten(response, text => text.replace(`event: ${event}`, 'event: nothing')) : response
