import { badRequest, fail } from '../errors.ts'
import { type Filter, parseFilter } from './filter.ts'

export interface ODataQuery {
  /** Property names, or null for the default set. */
  select: string[] | null
  expand: string[]
  filter: Filter | null
  orderBy: { path: string; descending: boolean }[]
  /** Null when not given. */
  top: number | null
  skip: number
  count: boolean
}

const MAX_TOP = 1000

/** `$select` and its companions; Graph takes them with and without the dollar. */
export function option(query: URLSearchParams, name: string): string | null {
  return query.get(`$${name}`) ?? query.get(name)
}

export function readQuery(query: URLSearchParams): ODataQuery {
  if (option(query, 'search') !== null) badRequest('$search is not simulated.')
  const filterText = option(query, 'filter')
  const filter = filterText === null ? null : parseFilter(filterText)
  const orderBy = list(option(query, 'orderby')).map(clause => {
    const [path = '', direction = 'asc'] = clause.split(/\s+/)
    if (direction !== 'asc' && direction !== 'desc') badRequest(`Invalid $orderby: ${clause}`)
    return { path, descending: direction === 'desc' }
  })
  refuseInefficient(filter, orderBy)
  return {
    select: option(query, 'select') === null ? null : list(option(query, 'select')),
    expand: list(option(query, 'expand')).map(item => item.replace(/\(.*$/, '')),
    filter,
    orderBy,
    top: whole(query, 'top', MAX_TOP),
    skip: whole(query, 'skip', Number.MAX_SAFE_INTEGER) ?? 0,
    count: option(query, 'count') === 'true',
  }
}

/** With both, what is sorted by must be filtered by too, first and in the same order. */
function refuseInefficient(filter: Filter | null, orderBy: ODataQuery['orderBy']): void {
  if (!filter) return
  if (orderBy.every(({ path }, i) => filter.paths[i]?.toLowerCase() === path.toLowerCase())) return
  fail(400, 'InefficientFilter', 'The restriction or sort order is too complex for this operation.')
}

function whole(query: URLSearchParams, name: string, max: number): number | null {
  const text = option(query, name)
  if (text === null) return null
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > max || (name === 'top' && value === 0)) {
    badRequest(
      `Invalid value '${text}' for $${name} query option found. It must be a whole number up to ${max}.`,
    )
  }
  return value
}

function list(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map(item => item.trim())
    .filter(Boolean)
}

/** Sorts a copy by the clauses, using each item's own properties. */
export function sorted<T>(
  items: readonly T[],
  orderBy: ODataQuery['orderBy'],
  resolve: (item: T, path: string) => unknown,
): T[] {
  const keyed = items.map(item => ({ item, keys: orderBy.map(({ path }) => resolve(item, path)) }))
  keyed.sort((a, b) => {
    for (const [i, { descending }] of orderBy.entries()) {
      const [x, y] = [sortKey(a.keys[i]), sortKey(b.keys[i])]
      if (x !== y) return x < y === descending ? 1 : -1
    }
    return 0
  })
  return keyed.map(({ item }) => item)
}

function sortKey(value: unknown): string | number {
  return typeof value === 'number' || typeof value === 'boolean'
    ? Number(value)
    : String(value ?? '').toLowerCase()
}

/** The path's value inside a plain resource: `from/emailAddress/address`. */
export function dig(value: unknown, path: string): unknown {
  let at: unknown = value
  for (const step of path.split('/')) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Object.entries(at).find(([key]) => key.toLowerCase() === step.toLowerCase())?.[1]
  }
  return at
}
