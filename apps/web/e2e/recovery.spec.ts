import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import pg from 'pg'
import { demoMailbox, readEnvironment } from '../../../scripts/start/environment.ts'
import { type Running, startAll } from '../../../scripts/start/start-all.ts'
import { silentSteps } from '../../../scripts/start/steps.ts'

/** A product of its own, because it is killed. Each start is the one that `npm start` does. */
const MESSAGES = 1_500
const BURST = 200
let dataDir: string
let running: Running | null = null

test.beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'inlet-recovery-'))
})
test.afterAll(async () => {
  await running?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function start(): Promise<Running> {
  const env = {
    ...readEnvironment(),
    INLET_SANDBOX_ACCOUNTS: `${demoMailbox}:${MESSAGES}`,
    INLET_SANDBOX_OUTLOOK: 'none',
    INLET_SANDBOX_IMAP_ACCOUNTS: 'none',
  }
  running = await startAll({
    dataDir,
    port: 0,
    env,
    steps: silentSteps,
    signal: AbortSignal.timeout(300_000),
  })
  return running
}

/** kill -9 of the server and of what holds its database. The provider, being somebody else's, lives on. */
async function killServer(product: Running): Promise<void> {
  for (const child of product.children)
    if (child.name !== 'sandbox') process.kill(child.identity.pid, 'SIGKILL')
  await product.died
}

async function query<T extends pg.QueryResultRow>(product: Running, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: product.databaseUrl })
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

const stored = async (product: Running) =>
  (await query<{ n: number }>(product, 'SELECT count(*)::int AS n FROM message'))[0]?.n ?? 0

async function control<T>(product: Running, path: string, body?: object): Promise<T> {
  const init = body
    ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    : {}
  const answer = await fetch(`${product.sandboxUrl}/control/${path}`, init)
  return (await answer.json()) as T
}

/** Ids that Gmail holds, by its own API, page by page. */
async function providerIds(product: Running): Promise<string[]> {
  const { access_token } = await control<{ access_token: string }>(product, 'token', { account: demoMailbox })
  const ids: string[] = []
  let pageToken = ''
  do {
    const url = `${product.sandboxUrl}/gmail/v1/users/me/messages?includeSpamTrash=true&maxResults=500${pageToken && `&pageToken=${pageToken}`}`
    const page = (await (
      await fetch(url, { headers: { authorization: `Bearer ${access_token}` } })
    ).json()) as {
      messages?: { id: string }[]
      nextPageToken?: string
    }
    ids.push(...(page.messages ?? []).map(message => message.id))
    pageToken = page.nextPageToken ?? ''
  } while (pageToken)
  return ids.sort()
}

const storedIds = async (product: Running) =>
  (await query<{ provider_id: string }>(product, 'SELECT provider_id FROM message'))
    .map(row => row.provider_id)
    .sort()

test('a server killed during the backfill and during a burst of mail loses nothing and doubles nothing', async () => {
  test.setTimeout(300_000)
  const first = await start()
  await expect.poll(() => stored(first), { intervals: [50], timeout: 60_000 }).toBeGreaterThan(200)
  const before = await stored(first)
  await killServer(first)
  expect(before).toBeLessThan(MESSAGES)
  await first.stop()

  const second = await start()
  const seen = await stored(second)
  await control(second, 'deliver', {
    account: demoMailbox,
    generate: { count: BURST, ratePerSecond: 50, seed: 7 },
  })
  await expect.poll(() => stored(second), { intervals: [50], timeout: 60_000 }).toBeGreaterThan(seen + 20)
  await killServer(second)
  await expect
    .poll(async () => (await providerIds(second)).length, { timeout: 60_000 })
    .toBe(MESSAGES + BURST)
  await second.stop()

  const third = await start()
  const wanted = await providerIds(third)
  await expect.poll(() => storedIds(third), { intervals: [500], timeout: 120_000 }).toEqual(wanted)
  const doubled = await query(
    third,
    'SELECT provider_id FROM message GROUP BY account_id, provider_id HAVING count(*) > 1',
  )
  expect(doubled).toEqual([])
  const counts = await query<{ provider_id: string; total: number; counted: number }>(
    third,
    `SELECT l.provider_id, l.total, count(m.id)::int AS counted FROM label l
       LEFT JOIN message m ON m.user_id = l.user_id AND l.id = ANY(m.label_ids) GROUP BY 1, 2`,
  )
  for (const label of counts) expect(label.total, label.provider_id).toBe(label.counted)
})
