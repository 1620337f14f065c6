import { control, deliver, expect, openInbox, product, row, test } from './product.ts'

test('a message delivered to Gmail is on screen without a reload, once, and opens', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  const subject = await deliver()
  await expect(row(page, subject)).toHaveCount(1)
  await row(page, subject).click()
  await expect(page.getByTestId('reader')).toContainText(`This is the text of "${subject}".`)
})

test('a change made elsewhere shows: what is read on the phone is read here', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  const subject = await deliver()
  await expect(row(page, subject)).toHaveAttribute('data-unread', 'true')
  const { access_token } = (await control('token', { account: 'demo@inlet.test' })) as {
    access_token: string
  }
  const gmail = `${product().sandboxUrl}/gmail/v1/users/me/messages`
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
  const found = await fetch(`${gmail}?q=${encodeURIComponent(`subject:"${subject}"`)}`, { headers })
  const { messages } = (await found.json()) as { messages: { id: string }[] }
  await fetch(`${gmail}/${messages[0]?.id}/modify`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ removeLabelIds: ['UNREAD'] }),
  })
  await expect(row(page, subject)).toHaveAttribute('data-unread', 'false')
})

test('reading here reaches Gmail', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  const subject = await deliver()
  await row(page, subject).click()
  await expect(row(page, subject)).toHaveAttribute('data-unread', 'false')
  const { access_token } = (await control('token', { account: 'demo@inlet.test' })) as {
    access_token: string
  }
  await expect
    .poll(async () => {
      const query = encodeURIComponent(`is:unread subject:"${subject}"`)
      const answer = await fetch(`${product().sandboxUrl}/gmail/v1/users/me/messages?q=${query}`, {
        headers: { authorization: `Bearer ${access_token}` },
      })
      return ((await answer.json()) as { messages?: unknown[] }).messages?.length ?? 0
    })
    .toBe(0)
})

test('two tabs share one stream, and both are live', async ({ context, gate }) => {
  const first = await context.newPage()
  await openInbox(first, gate.url)
  const second = await context.newPage()
  await openInbox(second, gate.url)
  const subject = await deliver()
  await expect(row(first, subject)).toHaveCount(1)
  await expect(row(second, subject)).toHaveCount(1)
  expect(gate.live()).toBe(1)
  await first.close()
  const later = await deliver()
  await expect(row(second, later)).toHaveCount(1)
})

test('a cut stream shows a banner and polls; when it comes back nothing is missing', async ({
  page,
  gate,
}) => {
  await openInbox(page, gate.url)
  await expect.poll(() => gate.live()).toBe(1)
  gate.cut()
  await expect(page.getByTestId('connection-banner')).toHaveAttribute('data-phase', 'polling')
  const whilePolling = await deliver()
  await expect(row(page, whilePolling)).toHaveCount(1, { timeout: 60_000 })
  await expect(page.getByTestId('connection-banner')).toBeVisible()
  gate.restore()
  await expect(page.getByTestId('connection-banner')).toBeHidden({ timeout: 70_000 })
  const afterwards = await deliver()
  await expect(row(page, afterwards)).toHaveCount(1)
  await expect(row(page, whilePolling)).toHaveCount(1)
})

test('offline and back: what came meanwhile appears once', async ({ page, context }) => {
  await openInbox(page, product().baseUrl)
  await context.setOffline(true)
  await expect(page.getByTestId('connection-banner')).toHaveAttribute('data-phase', 'offline')
  const subject = await deliver()
  await context.setOffline(false)
  await expect(row(page, subject)).toHaveCount(1, { timeout: 60_000 })
  await expect(page.getByTestId('connection-banner')).toBeHidden({ timeout: 60_000 })
})

test('signing out closes the stream and clears the mirror', async ({ page, gate }) => {
  await openInbox(page, gate.url)
  await expect.poll(() => gate.live()).toBe(1)
  await page.goto(`${gate.url}/settings`)
  await page.getByRole('button', { name: 'Sign out' }).first().click()
  await expect(page).toHaveURL(/sign-in/)
  await expect.poll(() => gate.live()).toBe(0)
  await expect
    .poll(() =>
      page.evaluate(
        async () => (await indexedDB.databases()).filter(db => db.name?.startsWith('inlet-')).length,
      ),
    )
    .toBe(0)
})

test('a session ended at the server ends its stream', async ({ page, gate, context }) => {
  await openInbox(page, gate.url)
  await expect.poll(() => gate.live()).toBe(1)
  const cookies = await context.cookies()
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const answer = await fetch(`${product().baseUrl}/api/auth/sign-out`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json', origin: product().baseUrl },
    body: '{}',
  })
  expect(answer.status).toBe(200)
  await expect.poll(() => gate.live()).toBe(0)
})

test('the account proves that nothing is missing, and Sync now says how it went', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  await page.getByTestId('sync-now').first().click()
  // Somebody else may be at it at that moment, for mail that has just come: then it says so.
  await expect(page.getByText(/up to date|new message|still syncing/i).first()).toBeVisible()
})
