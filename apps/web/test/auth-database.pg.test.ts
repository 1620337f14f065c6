import { createRuntime, type Runtime } from '@inlet/runtime/compose'
import { readConfig } from '@inlet/runtime/env'
import { cloneDatabase } from '@inlet/testkit/postgres'
import type {} from '@inlet/testkit/postgres-global'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { authDatabase } from '../src/server/auth-database.ts'

const options = { secret: 'x'.repeat(32) }
let database: Awaited<ReturnType<typeof cloneDatabase>>
let runtime: Runtime
let asked: string[]
let ours: ReturnType<ReturnType<typeof authDatabase>>
let prisma: ReturnType<ReturnType<typeof prismaAdapter>>

beforeAll(async () => {
  database = await cloneDatabase(inject('postgresUrl'))
  runtime = await createRuntime(
    readConfig({
      DATABASE_URL: database.url,
      INLET_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
      BETTER_AUTH_SECRET: options.secret,
      INLET_LOG_LEVEL: 'silent',
    }),
  )
  asked = []
  const spied = (token: string) => {
    asked.push(token)
    return runtime.sessionByToken(token)
  }
  ours = authDatabase({ prisma: runtime.prisma, sessionByToken: spied })(options)
  prisma = prismaAdapter(runtime.prisma, { provider: 'postgresql' })(options)
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(
    `INSERT INTO "user" (id, name, email, email_verified, image) VALUES
     ('ada', 'Ada', 'ada@example.com', true, 'https://example.com/ada.png'), ('ben', 'Ben', 'ben@example.com', false, NULL)`,
  )
  await client.query(
    `INSERT INTO session (id, user_id, token, expires_at, ip_address, user_agent) VALUES
     ('s1', 'ada', 'live', now() + interval '1 day', '192.0.2.1', 'a browser'),
     ('s2', 'ben', 'over', now() - interval '1 day', NULL, NULL)`,
  )
  await client.end()
})
afterAll(async () => {
  await runtime?.stop()
  await database?.drop()
})

const withUser = { user: true }

test.each(['live', 'over', 'nobody’s', ''])(
  'the session of the token "%s" is what Prisma finds',
  async value => {
    const question = { model: 'session', where: [{ field: 'token', value }], join: withUser }
    const found = await ours.findOne(question)
    expect(asked.at(-1)).toBe(value)
    expect(found).toEqual(await prisma.findOne(question))
  },
)

test('any other question is Prisma’s', async () => {
  const questions = [
    { model: 'session', where: [{ field: 'token', value: 'live' }] },
    { model: 'session', where: [{ field: 'token', value: 'live' }], join: withUser, select: ['id'] },
    { model: 'session', where: [{ field: 'id', value: 's1' }], join: withUser },
    {
      model: 'session',
      where: [
        { field: 'token', value: 'live' },
        { field: 'userId', value: 'ben' },
      ],
      join: withUser,
    },
    { model: 'user', where: [{ field: 'email', value: 'ada@example.com' }] },
  ]
  const before = asked.length
  for (const question of questions)
    expect(await ours.findOne(question)).toEqual(await prisma.findOne(question))
  expect(asked.length).toBe(before)
})
