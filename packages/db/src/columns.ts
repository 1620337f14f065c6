import type { Column } from './copy-in.ts'

/** Turns rows into one array per column, the form that unnest takes. */
export function columns<R>(rows: readonly R[], pick: ((row: R) => unknown)[]): unknown[][] {
  return pick.map(value => rows.map(row => value(row)))
}

/** A JSON column's text. */
export const json = JSON.stringify as (value: unknown) => string

/** An array column of row ids, none of which needs quotes. */
export const idArray = (ids: readonly string[]): string => `{${ids.join(',')}}`

/**
 * UPDATE of rows that are there, one statement for all of them. Its values are those of `updateValues`, the user first,
 * and `key` is their column beside user_id.
 */
export function updateRows<R>(table: string, key: string, all: readonly Column<R>[]): string {
  const set = all.filter(column => column.name !== key && column.name !== 'user_id')
  return `
UPDATE ${table} AS t SET ${set.map(({ name, type }) => `${name} = u.${name}::${type}`).join(', ')}
  FROM unnest(${all.map((_, at) => `$${at + 2}::text[]`).join(', ')}) AS u (${all.map(({ name }) => name).join(', ')})
 WHERE t.user_id = $1 AND t.${key} = u.${key}`
}
