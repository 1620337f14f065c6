import type { Page } from '@playwright/test'
import { control, deliver, demoOutlook, expect, openInbox, product, row, signUp, test } from './product.ts'

const account = demoOutlook
const accountRow = (page: Page, email: string) => page.getByTestId('account-row').filter({ hasText: email })

type Subscription = { id: string }
/** The ids of the subscriptions that Outlook knows of the mailbox. */
async function subscriptions(email: string): Promise<string[]> {
  const { accounts } = (await control('microsoft/state', undefined, 'GET')) as {
    accounts: { email: string; subscriptions: Subscription[] }[]
  }
  return accounts.find(each => each.email === email)?.subscriptions.map(({ id }) => id) ?? []
}

/** What Outlook itself says of a message, by Graph. */
async function atOutlook(subject: string): Promise<{ isRead: boolean } | undefined> {
  const { access_token } = (await control('microsoft/token', { account })) as { access_token: string }
  const query = new URLSearchParams({ $filter: `subject eq '${subject}'`, $select: 'isRead' })
  const answer = await fetch(`${product().sandboxUrl}/v1.0/me/messages?${query}`, {
    headers: { authorization: `Bearer ${access_token}` },
  })
  return ((await answer.json()) as { value: { isRead: boolean }[] }).value[0]
}

test('a new person connects an Outlook mailbox through the consent page, sees its mail, and is live', async ({
  page,
}) => {
  const id = `${process.pid}-${Date.now().toString(36)}`
  const mailbox = `${id}@outlook.inlet.test`
  await control('microsoft/accounts', { email: mailbox, name: 'New Person', messages: 40 })
  await signUp(page, `outlook-${id}@example.com`)
  await page.getByRole('link', { name: /outlook/i }).click()
  await expect(page).toHaveURL(/\/common\/oauth2\/v2\.0\/authorize/)
  await page.getByText(mailbox).click()
  await page.getByRole('button', { name: 'Accept' }).click()
  await expect(page.getByText(`${mailbox} is connected`)).toBeVisible()
  await expect(page.getByTestId('thread-row').first()).toBeVisible({ timeout: 60_000 })
  await expect(page.getByTestId('account-proof').first()).toContainText('40 of 40', { timeout: 60_000 })
  await expect(accountRow(page, mailbox).getByTestId('account-mark')).toHaveAttribute(
    'data-provider',
    'graph',
  )
  // From then on each folder has its doorbell, and nothing is amiss.
  await expect(page.getByTestId('status-badge').first()).toHaveAttribute('data-state', 'active')
  const subject = await deliver(mailbox)
  await expect(row(page, subject)).toHaveCount(1)
  await row(page, subject).click()
  // Outlook gives every message as HTML, which has a frame of its own.
  const mail = page.getByTestId('reader').frameLocator('iframe')
  await expect(mail.locator('body')).toContainText(`This is the text of "${subject}".`)
})

test('a refused consent says so, and one that came back too late names Microsoft', async ({ page }) => {
  await page.goto(product().link)
  await page.goto(`${product().baseUrl}/connect`)
  await page.getByRole('link', { name: /outlook/i }).click()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(page).toHaveURL(/\/connect\?error=access_denied/)
  await expect(page.getByRole('alert').first()).toContainText('nothing was connected')
  await page.goto(`${product().baseUrl}/api/accounts/callback/graph?code=stolen&state=guessed`)
  await expect(page.getByRole('alert').first()).toContainText('Microsoft’s answer')
})

test('the mail of both providers is in one list, which says whose it is', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  const [here, there] = [await deliver(), await deliver(account)]
  const mark = (subject: string) => row(page, subject).getByTestId('account-mark')
  await expect(mark(here)).toHaveAttribute('data-provider', 'gmail')
  await expect(mark(there)).toHaveAttribute('data-provider', 'graph')
  await row(page, there).click()
  await expect(page.getByTestId('reader').getByText(account).first()).toBeVisible()
  await accountRow(page, account).getByRole('link').first().click()
  await expect(row(page, there)).toHaveCount(1)
  await expect(row(page, here)).toHaveCount(0)
  await expect(mark(there)).toHaveCount(0)
})

test('reading here reaches Outlook', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  const subject = await deliver(account)
  await expect(row(page, subject)).toHaveAttribute('data-unread', 'true')
  expect(await atOutlook(subject)).toMatchObject({ isRead: false })
  await row(page, subject).click()
  await expect(row(page, subject)).toHaveAttribute('data-unread', 'false')
  await expect.poll(() => atOutlook(subject)).toMatchObject({ isRead: true })
})

test('what is moved at Outlook moves here: one message, in its new folder', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  const subject = await deliver(account)
  await expect(row(page, subject)).toHaveCount(1)
  await control('microsoft/move', { account, from: 'inbox', to: 'archive', count: 1 })
  await expect(row(page, subject)).toHaveCount(0)
  await page.getByRole('link', { name: 'Archive', exact: true }).click()
  await expect(row(page, subject)).toHaveCount(1)
})

test('a subscription that Outlook has removed is made again, and mail is live again', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  const before = await subscriptions(account)
  expect(before.length).toBeGreaterThan(3)
  await control('microsoft/lifecycle', { account, event: 'subscriptionRemoved' })
  await expect
    .poll(async () => {
      const now = await subscriptions(account)
      return { now: now.length, old: now.filter(id => before.includes(id)).length }
    })
    .toEqual({ now: before.length, old: 0 })
  const subject = await deliver(account)
  await expect(row(page, subject)).toHaveCount(1)
})

test('when Microsoft no longer accepts our access, the person is sent to Microsoft, and it goes on', async ({
  page,
}) => {
  await openInbox(page, product().baseUrl)
  const badge = accountRow(page, account).getByTestId('status-badge')
  await control('microsoft/revoke', { account })
  const meanwhile = await deliver(account)
  await expect(badge).toHaveAttribute('data-reason', 'reconnect_needed')
  await badge.click()
  await page.getByRole('link', { name: 'Reconnect' }).click()
  await expect(page).toHaveURL(/\/oauth2\/v2\.0\/authorize/)
  await expect(page.getByRole('radio', { checked: true })).toHaveValue(account)
  await page.getByRole('button', { name: 'Accept' }).click()
  await expect(row(page, meanwhile)).toHaveCount(1)
  await expect(badge).toHaveAttribute('data-state', 'active')
})
