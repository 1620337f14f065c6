import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from './generated/client.ts'
import { createPool, type Pool, type PoolOptions } from './pool.ts'

export type Database = { pool: Pool; prisma: PrismaClient; close(): Promise<void> }

/** One pool for hand-written SQL and for Prisma (better-auth and whatever is not bulk). */
export function openDatabase(options: PoolOptions): Database {
  const pool = createPool(options)
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  return {
    pool,
    prisma,
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}
