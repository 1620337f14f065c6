import { expect, test } from '@playwright/test'
import pg from 'pg'
import { control, demoOutlook, product } from './product.ts'

const webhook = () => `${product().baseUrl}/api/webhooks/gmail`

async function signedIn(): Promise<Record<string, string>> {
  const answer = await fetch(product().link, { redirect: 'manual' })
  return {
    cookie: answer.headers
      .getSetCookie()
      .map(each => each.split(';')[0])
      .join('; '),
  }
}
const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(product().baseUrl + path, { headers })
  return { status: answer.status, code: ((await answer.json()) as { error?: { code: string } }).error?.code }
}

test('pushes without a valid token are refused, and too many of them are slowed down', async () => {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': `203.0.113.${process.pid % 250}` }
  const push = (more: Record<string, string> = {}) =>
    fetch(webhook(), { method: 'POST', headers: { ...headers, ...more }, body: '{}' })
  expect((await push()).status).toBe(401)
  expect((await push({ authorization: 'Bearer a.b.c' })).status).toBe(401)
  for (let i = 0; i < 100; i++) await push()
  const refused = await push()
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('a body over 64 KiB is refused before it is read', async () => {
  const answer = await fetch(webhook(), { method: 'POST', body: 'x'.repeat(64 * 1024 + 1) })
  expect(answer.status).toBe(413)
})

test('the API answers what it cannot accept with a stable code', async () => {
  const headers = await signedIn()
  expect(await get('/api/changes?after=0')).toEqual({ status: 401, code: 'unauthorized' })
  expect(await get('/api/changes', headers)).toEqual({ status: 400, code: 'bad_request' })
  expect(await get('/api/changes?after=0&since=1', headers)).toEqual({ status: 400, code: 'bad_request' })
  expect(await get('/api/changes?after=-1', headers)).toEqual({ status: 400, code: 'bad_request' })
  expect(await get('/api/changes?before=nonsense', headers)).toEqual({ status: 400, code: 'invalid_cursor' })
  expect(await get('/api/messages/AAAAAAAAAAAAAAAA/body', headers)).toEqual({
    status: 404,
    code: 'not_found',
  })
  expect(await get('/api/attachments/AAAAAAAAAAAAAAAA', headers)).toEqual({ status: 404, code: 'not_found' })
  expect(await get('/api/search?q=', headers)).toEqual({ status: 400, code: 'bad_request' })
  expect(await get('/api/cron/drain', headers)).toEqual({ status: 401, code: 'unauthorized' })
})

test('changes from another site are refused', async () => {
  const headers = {
    ...(await signedIn()),
    'content-type': 'application/json',
    origin: 'https://evil.example',
  }
  const answer = await fetch(`${product().baseUrl}/api/sync`, { method: 'POST', headers, body: '{}' })
  expect(answer.status).toBe(403)
})

test('the stored count equals the provider’s, of every account', async () => {
  const headers = await signedIn()
  await expect
    .poll(
      async () => {
        await fetch(`${product().baseUrl}/api/cron/reconcile`, {
          headers: { authorization: `Bearer ${product().cronSecret}` },
        })
        const status = await fetch(`${product().baseUrl}/api/sync/status`, { headers })
        const { accounts } = (await status.json()) as {
          accounts: { proof: { stored: number; provider: number } | null }[]
        }
        return accounts.map(({ proof }) => (proof ? proof.provider - proof.stored : null))
      },
      { timeout: 60_000 },
    )
    .toEqual([0, 0, 0])
})

test('an expired history is mended without losing anything', async () => {
  await control('expire-history', { account: 'demo@inlet.test' })
  const headers = { ...(await signedIn()), 'content-type': 'application/json' }
  await fetch(`${product().baseUrl}/api/sync`, { method: 'POST', headers, body: '{}' })
  await expect
    .poll(
      async () => {
        const status = await fetch(`${product().baseUrl}/api/sync/status`, { headers })
        const { accounts } = (await status.json()) as {
          accounts: {
            provider: string
            status: { reason: string | null }
            progress: unknown
            proof: { stored: number; provider: number } | null
          }[]
        }
        const account = accounts.find(({ provider }) => provider === 'gmail')
        return account && account.progress === null && account.status.reason !== 'resyncing' && account.proof
          ? account.proof.provider - account.proof.stored
          : 'not yet'
      },
      { timeout: 60_000 },
    )
    .toBe(0)
})

test('an attachment is what was sent, to the byte, however small', async () => {
  const headers = await signedIn()
  const parts = Array.from({ length: 12 }, (_, at) => `part ${at} `.repeat(1 + at ** 2))
  const subject = `Small parts ${Date.now()}`
  const raw = [
    `From: a@example.com\r\nTo: demo@inlet.test\r\nSubject: ${subject}`,
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n',
    ...parts.map(
      (text, at) =>
        `--cut\r\nContent-Type: application/x-part; name="${at}.bin"\r\nContent-Disposition: attachment; filename="${at}.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(text).toString('base64')}`,
    ),
    '--cut--\r\n',
  ].join('\r\n')
  const client = new pg.Client({ connectionString: product().databaseUrl })
  await client.connect()
  try {
    for (const account of ['demo@inlet.test', demoOutlook, 'demo@mail.inlet.test']) {
      await control('deliver', { account, raw: Buffer.from(raw).toString('base64') })
      const stored = async () =>
        (
          await client.query<{ id: string; filename: string }>(
            `SELECT attachment.id, filename FROM attachment JOIN message ON message.id = message_id
             JOIN account ON account.id = account_id WHERE message.subject = $1 AND account.email = $2`,
            [subject, account],
          )
        ).rows
      await expect.poll(async () => (await stored()).length).toBe(parts.length)
      for (const { id, filename } of await stored()) {
        const answer = await fetch(`${product().baseUrl}/api/attachments/${id}`, { headers })
        expect(await answer.text(), `${filename} of ${account}`).toBe(parts[Number.parseInt(filename, 10)])
      }
    }
  } finally {
    await client.end()
  }
})

test('a verified push that names nobody here is acknowledged, recorded and not sent again', async () => {
  const stranger = `stranger-${Date.now().toString(36)}@inlet.test`
  await control('accounts', { email: stranger, name: 'A Stranger', messages: 0 })
  const { access_token } = (await control('token', { account: stranger })) as { access_token: string }
  const watched = await fetch(`${product().sandboxUrl}/gmail/v1/users/me/watch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ topicName: 'projects/inlet-sandbox/topics/gmail' }),
  })
  expect(watched.status).toBe(200)
  const client = new pg.Client({ connectionString: product().databaseUrl })
  await client.connect()
  try {
    const recorded = async () =>
      (await client.query('SELECT outcome FROM webhook_event WHERE mailbox = $1', [stranger])).rows
    await expect.poll(recorded).toEqual([{ outcome: 'unknown_mailbox' }])
    // A refusal would come back within the subscription's minimal backoff; other pushes pass meanwhile.
    const subject = `After the stranger ${Date.now()}`
    const raw = `From: a@example.com\r\nTo: demo@inlet.test\r\nSubject: ${subject}\r\n\r\nhello`
    await control('deliver', { account: 'demo@inlet.test', raw: Buffer.from(raw).toString('base64') })
    await expect
      .poll(async () => (await client.query('SELECT FROM message WHERE subject = $1', [subject])).rowCount)
      .toBe(1)
    expect(await recorded()).toHaveLength(1)
  } finally {
    await client.end()
  }
})
