import { testDatabase } from '@inlet/testkit/test-database'
import { expect, test } from 'vitest'
import { openDatabase } from '../src/client.ts'
import { migrate } from '../src/migrate.ts'

const database = testDatabase()

test('a migrated database has nothing left to apply, and Prisma reads it', async () => {
  expect(await migrate(database.url)).toEqual([])
  const db = openDatabase({ url: database.url })
  await db.prisma.user.create({ data: { id: 'u1', name: 'Ada', email: 'ada@example.com' } })
  expect(await db.prisma.user.findUnique({ where: { email: 'ada@example.com' } })).toMatchObject({ id: 'u1' })
  await db.close()
})
