import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { testDatabase } from '@inlet/testkit/test-database'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MIGRATIONS, migrate, readMigrations } from '../src/migrate.ts'

const database = testDatabase()
let folder = ''
let empty = ''

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'inlet-migrations-')), 'migrations')
  await cp(MIGRATIONS, folder, { recursive: true })
  await query(database.url, 'CREATE DATABASE fresh')
  const url = new URL(database.url)
  url.pathname = '/fresh'
  empty = url.href
})
afterAll(async () => {
  await rm(join(folder, '..'), { recursive: true })
  await query(database.url, 'DROP DATABASE fresh WITH (FORCE)')
})

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function addMigration(name: string, sql: string) {
  await mkdir(join(folder, name))
  await writeFile(join(folder, name, 'migration.sql'), sql)
}

test('four processes at once migrate an empty database once, with the rows that Prisma keeps', async () => {
  const names = (await readMigrations(folder)).map(migration => migration.name)
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(empty, folder)))
  expect(applied.flat()).toEqual(names)
  const rows = await query(empty, 'SELECT * FROM _prisma_migrations')
  expect(rows).toMatchObject(
    names.map(name => ({ migration_name: name, applied_steps_count: 1, rolled_back_at: null, logs: null })),
  )
  expect(rows[0].checksum).toMatch(/^[0-9a-f]{64}$/)
  expect(rows[0].finished_at).toBeInstanceOf(Date)
})

test('a migration that fails leaves nothing behind and says which it was', async () => {
  await addMigration('99990101000000_bad', 'CREATE TABLE half (id int); SELECT 1/0;')
  await expect(migrate(empty, folder)).rejects.toThrow(
    /99990101000000_bad failed and was rolled back: division by zero/,
  )
  expect(await query(empty, `SELECT to_regclass('half') AS half`)).toEqual([{ half: null }])
  await rm(join(folder, '99990101000000_bad'), { recursive: true })
})

test('an applied migration that was edited afterwards is refused', async () => {
  await addMigration('99990101000001_good', 'CREATE TABLE good (id int);')
  expect(await migrate(empty, folder)).toEqual(['99990101000001_good'])
  await writeFile(join(folder, '99990101000001_good', 'migration.sql'), 'CREATE TABLE better (id int);')
  await expect(migrate(empty, folder)).rejects.toThrow(/99990101000001_good was changed after/)
})

test('plain node runs the command, and the generated Prisma client', async () => {
  const run = promisify(execFile)
  const cli = fileURLToPath(new URL('../src/migrate-cli.ts', import.meta.url))
  expect((await run(process.execPath, [cli, database.url])).stdout).toBe('The database is up to date.\n')
  await expect(run(process.execPath, [cli], { env: {} })).rejects.toMatchObject({ code: 2 })
  const client = new URL('../src/client.ts', import.meta.url).href
  const script = `const { openDatabase } = await import('${client}')
    const db = openDatabase({ url: '${database.url}' })
    await db.prisma.user.create({ data: { id: 'u1', name: 'Ada', email: 'ada@example.com' } })
    console.log(await db.prisma.user.count(), await db.prisma.mailAccount.count())
    await db.close()`
  expect((await run(process.execPath, ['--input-type=module', '-e', script])).stdout).toBe('1 0\n')
})
