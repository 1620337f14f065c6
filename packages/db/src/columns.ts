/** Turns rows into one array per column, the form that unnest takes. */
export function columns<R>(rows: readonly R[], pick: ((row: R) => unknown)[]): unknown[][] {
  return pick.map(value => rows.map(row => value(row)))
}
