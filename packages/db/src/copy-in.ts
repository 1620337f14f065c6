import pg from 'pg'

/** A column: its name, its type in SQL, and its value, of which `String()` is the form that Postgres reads. */
export type Column<R> = {
  name: string
  type: string
  of: (row: R, index: number) => string | number | bigint | boolean | null
}

export type Copy<R> = { table: string; columns: readonly Column<R>[]; rows: readonly R[] }

/** Rows encoded at a time: the server writes the first while the next are still being encoded. */
const AT_ONCE = 64

/** What pg's connection does beyond its types. */
type Wire = {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

/**
 * COPY … FROM STDIN of rows that are all there: sent in one go, without waiting for the server to ask for them, so that
 * statements may follow at once. Where the COPY fails, the server drops what comes for it (protocol: "CopyData … are
 * ignored when not in COPY-in mode").
 */
export function copyIn<R>(client: pg.PoolClient, { table, columns, rows }: Copy<R>): Promise<void> {
  return new Promise((resolve, reject) => {
    const text = `COPY ${table} (${columns.map(column => column.name).join(', ')}) FROM STDIN`
    const query = new pg.Query(text, undefined, error => (error ? reject(error) : resolve()))
    const submit = (wire: Wire) => {
      wire.query(text)
      try {
        for (let from = 0; from < rows.length; from += AT_ONCE)
          wire.sendCopyFromChunk(
            Buffer.from(encode(columns, rows, from, Math.min(from + AT_ONCE, rows.length))),
          )
        wire.endCopyFrom()
      } catch (error) {
        wire.sendCopyFail(error instanceof Error ? error.message : String(error))
      }
    }
    client.query(Object.assign(query, { submit, handleCopyInResponse() {} }))
  })
}

function encode<R>(columns: readonly Column<R>[], rows: readonly R[], from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) {
    const row = rows[at] as R
    let separator = ''
    for (const { of } of columns) {
      const value = of(row, at)
      text += separator
      text += value === null ? '\\N' : typeof value === 'string' ? escaped(value) : value
      separator = '\t'
    }
    text += '\n'
  }
  return text
}

const SPECIAL = /[\\\t\n\r]/
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, special => ESCAPES[special] ?? special) : text
}
