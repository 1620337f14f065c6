import type { Reply } from '../../http/reply.ts'
import { type Place, take } from '../../mailbox/order.ts'
import { badRequest, fail, graphError } from '../errors.ts'
import type { ChangeRecord } from '../mailbox/types.ts'
import { readQuery } from '../odata/query.ts'
import { appliedHeaders, type GraphCall } from './call.ts'
import type { DeltaOptions, OpenChain, Position } from './delta-chains.ts'

/** What a delta walks over and whose changes it tells. */
export interface DeltaSource {
  scope: string
  /** Path of the delta function below the version: `/me/mailFolders('…')/messages/delta`. */
  path: string
  context: string
  /** Everything there is behind a place, in order. */
  walk(options: DeltaOptions, after?: Place): Iterable<{ place: Place; show: () => object }>
  /** One change as an entry of the page; `id` tells repeats apart. Null: this delta does not show it. */
  entry(record: ChangeRecord, options: DeltaOptions): { id: string; show: () => object } | null
}

interface Page {
  value: object[]
  next: Position
  done: boolean
}

const DEFAULT_PAGE = 10
/** With a filter a first round ends here, whatever is left. */
const MAX_FILTERED = 5000

/** Answers a delta function: first requests, nextLinks and deltaLinks alike. */
export function answerDelta(call: GraphCall, source: DeltaSource): Reply {
  const { query, path, method } = call.request
  const { chains, faults } = call.microsoft
  const target = { method, path, account: call.mailbox.email }
  const token = query.get('$skiptoken') ?? query.get('$deltatoken') ?? ''
  // There is no "from now on" for mail: `latest` starts a full round like an empty token.
  const first = token === '' || token === 'latest'
  const fault = first ? undefined : faults.take('delta.gone', target)
  if (fault) return gone(call, source, fault.reason ?? 'syncStateNotFound', fault.message, fault.status)
  const open = first
    ? chains.start(call.mailbox.email, readOptions(call, source.scope), call.mailbox.changes.current)
    : chains.find(call.mailbox.email, source.scope, token)
  if ('refused' in open) {
    return open.refused === 'gone' ? gone(call, source, open.code, open.message) : malformed()
  }
  const { options } = open.chain
  const size = call.prefer.maxPageSize ?? options.top ?? DEFAULT_PAGE
  const page = faults.take('delta.empty-page', target)
    ? { value: [], next: open.position, done: false }
    : open.position.walk
      ? walkPage(source, options, open.position, open.position.walk, size)
      : changesPage(call, source, open, size)
  if (!page) return gone(call, source, 'syncStateNotFound')
  const link = `${call.base}${source.path}?$${page.done ? 'deltatoken' : 'skiptoken'}=${chains.advance(open, page.next)}`
  const value = faults.take('delta.repeat', target) ? [...page.value, ...page.value] : page.value
  return {
    status: 200,
    headers: appliedHeaders(call),
    body: {
      '@odata.context': source.context,
      [page.done ? '@odata.deltaLink' : '@odata.nextLink']: link,
      value,
    },
  }
}

function walkPage(
  source: DeltaSource,
  options: DeltaOptions,
  { at }: Position,
  walk: { after: Place | null; shown: number },
  size: number,
): Page {
  const left = options.since ? MAX_FILTERED - walk.shown : Number.POSITIVE_INFINITY
  const found = take(source.walk(options, walk.after ?? undefined), size + 1)
  const page = found.slice(0, Math.min(size, left))
  const shown = walk.shown + page.length
  const done = found.length === page.length || (options.since !== null && shown >= MAX_FILTERED)
  const after = page.at(-1)?.place ?? walk.after
  return {
    value: page.map(({ show }) => show()),
    next: { at, walk: done ? null : { after, shown } },
    done,
  }
}

/** Changes after the link's number, each in its latest state; null when they are forgotten. */
function changesPage(call: GraphCall, source: DeltaSource, open: OpenChain, size: number): Page | null {
  const { changes } = call.mailbox
  const records = changes.since(open.position.at)
  if (!records) return null
  const entries = new Map<string, () => object>()
  let at = open.position.at
  for (const record of records) {
    const entry = source.entry(record, open.chain.options)
    if (entry && !entries.has(entry.id) && entries.size === size) {
      return { value: [...entries.values()].map(show => show()), next: { at, walk: null }, done: false }
    }
    if (entry) entries.set(entry.id, entry.show)
    at = record.id
  }
  const value = [...entries.values()].map(show => show())
  return { value, next: { at: changes.current, walk: null }, done: true }
}

function readOptions(call: GraphCall, scope: string): DeltaOptions {
  const { select, expand, filter, orderBy, top } = readQuery(call.request.query)
  const filterText = call.request.query.get('$filter') ?? ''
  const since = /^receivedDateTime\s+(ge|gt)\s+(\S+)$/.exec(filterText.trim())
  const time = Date.parse(since?.[2] ?? '')
  if (filter && Number.isNaN(time)) {
    fail(400, 'ErrorInvalidUrlQueryFilter', 'Delta supports $filter=receivedDateTime ge or gt only.')
  }
  const newestFirst = orderBy.length > 0
  if (orderBy.some(({ path, descending }) => path !== 'receivedDateTime' || !descending)) {
    fail(400, 'ErrorInvalidUrlQuery', 'Delta supports $orderby=receivedDateTime desc only.')
  }
  const changeType = call.request.query.get('changeType')
  if (changeType !== null && !isChangeType(changeType)) badRequest(`Unknown changeType '${changeType}'.`)
  return {
    scope,
    select,
    expand,
    top,
    since: filter ? { time, inclusive: since?.[1] === 'ge' } : null,
    newestFirst,
    changeType,
  }
}

function isChangeType(text: string): text is 'created' | 'updated' | 'deleted' {
  return text === 'created' || text === 'updated' || text === 'deleted'
}

function malformed(): never {
  return badRequest('Badly formed token. The sync state token is not one of this resource.')
}

/** 410 with the address at which to begin again. */
function gone(call: GraphCall, source: DeltaSource, code: string, text?: string, status = 410): Reply {
  const message = text ?? 'The sync state is not found. Start a full synchronization.'
  return graphError(status, code, message, { location: `${call.base}${source.path}?$deltatoken=` })
}
