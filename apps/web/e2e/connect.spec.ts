import { control, expect, product, signUp, test } from './product.ts'

const unique = () => `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`

test('a new person signs up, connects a mailbox through the consent page, and sees its mail', async ({
  page,
}) => {
  const id = unique()
  const mailbox = `${id}@inlet.test`
  await control('accounts', { email: mailbox, name: 'New Person', messages: 40 })

  await signUp(page, `${id}@example.com`)
  await page.getByRole('link', { name: /gmail/i }).first().click()
  await expect(page).toHaveURL(/\/o\/oauth2\/v2\/auth/)
  await page.getByText(mailbox).click()
  await page
    .getByRole('button', { name: /allow|continue|approve/i })
    .first()
    .click()
  await expect(page.getByTestId('thread-row').first()).toBeVisible({ timeout: 60_000 })
  await expect(page.getByTestId('account-proof').first()).toContainText('40 of 40', { timeout: 60_000 })
})

test('a refused consent comes back with a plain sentence', async ({ page }) => {
  await page.goto(product().link)
  await page.goto(`${product().baseUrl}/connect`)
  await page.getByRole('link', { name: /gmail/i }).first().click()
  await page
    .getByRole('button', { name: /deny|cancel/i })
    .first()
    .click()
  await expect(page).toHaveURL(/\/connect\?error=access_denied/)
  await expect(page.getByRole('alert').first()).toBeVisible()
})

test('a callback that nobody asked for connects nothing', async ({ page }) => {
  await page.goto(product().link)
  await page.goto(`${product().baseUrl}/api/accounts/callback/gmail?code=stolen&state=guessed`)
  await expect(page).toHaveURL(/\/connect\?error=state_mismatch/)
})
