import { readFile } from 'node:fs/promises'
import { testDatabase } from '@inlet/testkit/test-database'
import pg from 'pg'
import { expect, test } from 'vitest'

/** schema.prisma and the hand-written migrations describe one database. */

const database = testDatabase()

type Column = { type: string; nullable: boolean; defaulted: boolean }
type Table = { columns: Map<string, Column>; primaryKey: string[]; uniques: string[][]; indexes: string[][] }

const types: Record<string, string> = {
  String: 'text',
  BigInt: 'int8',
  Int: 'int4',
  Boolean: 'bool',
  Json: 'jsonb',
  Bytes: 'bytea',
  DateTime: 'timestamptz',
}

/** Enough of a parser for this one file: a field a line, as Prisma formats it. */
async function prismaTables(): Promise<Map<string, Table>> {
  const schema = await readFile(new URL('../../../prisma/schema.prisma', import.meta.url), 'utf8')
  const tables = new Map<string, Table>()
  for (const [, body = ''] of schema.matchAll(/^model \w+ \{\n([\s\S]*?)^\}/gm)) {
    const name = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? ''
    const table: Table = { columns: new Map(), primaryKey: [], uniques: [], indexes: [] }
    const columnOf = new Map<string, string>()
    for (const line of body.split('\n')) {
      const field = /^ {2}(\w+)\s+(\w+(?:\("\w+"\))?)(\?|\[\])?(.*)$/.exec(line)
      if (!field || line.trimStart().startsWith('//')) continue
      const [, key = '', type = '', mark, rest = ''] = field
      const base = /^Unsupported\("(\w+)"\)$/.exec(type)?.[1] ?? types[type]
      if (base === undefined) continue // a relation
      const column = /@map\("(\w+)"\)/.exec(rest)?.[1] ?? key
      columnOf.set(key, column)
      table.columns.set(column, {
        type: mark === '[]' ? `_${base}` : base,
        nullable: mark === '?',
        defaulted: /@default/.test(rest),
      })
      if (/@id\b/.test(rest)) table.primaryKey = [column]
      if (/@unique\b/.test(rest)) table.uniques.push([column])
    }
    for (const [, kind, fields = ''] of body.matchAll(/@@(id|unique|index)\(\[((?:[^[\]]|\([^)]*\))*)\]/g)) {
      const columns = fields
        .split(/,\s*(?![^(]*\))/)
        .map(each => columnOf.get(each.replace(/\(.*/, '').trim()) ?? each)
      if (kind === 'id') table.primaryKey = columns
      else (kind === 'unique' ? table.uniques : table.indexes).push(columns)
    }
    tables.set(name, table)
  }
  return tables
}

async function databaseTables(client: pg.Client): Promise<Map<string, Table>> {
  const tables = new Map<string, Table>()
  const columns = await client.query<{
    table_name: string
    column_name: string
    udt_name: string
    is_nullable: string
    defaulted: boolean
  }>(
    `SELECT table_name, column_name, udt_name, is_nullable,
            column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS' AS defaulted
       FROM information_schema.columns
      WHERE table_schema = 'public' AND table_name <> '_prisma_migrations' ORDER BY ordinal_position`,
  )
  for (const row of columns.rows) {
    const table = tables.get(row.table_name) ?? {
      columns: new Map(),
      primaryKey: [],
      uniques: [],
      indexes: [],
    }
    tables.set(row.table_name, table)
    table.columns.set(row.column_name, {
      type: row.udt_name,
      nullable: row.is_nullable === 'YES',
      defaulted: row.defaulted,
    })
  }
  const indexes = await client.query<{ table: string; columns: string[]; unique: boolean; primary: boolean }>(
    `SELECT c.relname AS table, i.indisunique AS unique, i.indisprimary AS primary,
            ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k (n, place)
                    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.place) AS columns
       FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> '_prisma_migrations' AND i.indpred IS NULL`,
  )
  for (const row of indexes.rows) {
    const table = tables.get(row.table)
    if (row.primary && table) table.primaryKey = row.columns
    else (row.unique ? table?.uniques : table?.indexes)?.push(row.columns)
  }
  return tables
}

/** Made for row-level security or by extensions; Prisma has no form for them. Partial indexes are left out above. */
const withoutPrisma = new Map([['message_search', [['user_id', 'vector']]]])

test('the tables, columns, keys and indexes of the migrations are those of schema.prisma', async () => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const [wanted, found] = [await prismaTables(), await databaseTables(client)]
  await client.end()
  expect([...found.keys()].toSorted()).toEqual([...wanted.keys()].toSorted())
  for (const [name, table] of wanted) {
    const there = found.get(name)
    const plain = (columns: Table['columns'] | undefined) =>
      Object.fromEntries([...(columns ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    expect(plain(there?.columns), name).toEqual(plain(table.columns))
    expect(there?.primaryKey, `primary key of ${name}`).toEqual(table.primaryKey)
    expect(there?.uniques.map(String).toSorted(), `unique indexes of ${name}`).toEqual(
      table.uniques.map(String).toSorted(),
    )
    const indexes = [...table.indexes, ...(withoutPrisma.get(name) ?? [])]
    expect(there?.indexes.map(String).toSorted(), `indexes of ${name}`).toEqual(
      indexes.map(String).toSorted(),
    )
  }
})

test('the primary key of every table with a user’s mail begins with the user', async () => {
  const mirrored = [
    'account',
    'message',
    'message_body',
    'message_search',
    'attachment',
    'thread',
    'label',
    'failed_item',
    'feed',
    'tombstone',
    'sync_run',
    'mutation',
  ]
  const tables = await prismaTables()
  for (const name of mirrored) expect(tables.get(name)?.primaryKey[0], name).toBe('user_id')
})
