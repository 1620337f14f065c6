import { card, deliver, expect, openInbox, product, row, test } from './product.ts'

const gmail = 'demo@inlet.test'

test('a stopped account keeps its mail and gets no more; started again it catches up', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  await page.goto(`${product().baseUrl}/settings`)
  await card(page, gmail).getByRole('button', { name: 'Stop live sync' }).click()
  await expect(card(page, gmail).getByRole('button', { name: 'Start live sync' })).toBeVisible()
  const subject = await deliver()
  await page.goto(product().baseUrl)
  await expect(page.getByTestId('thread-row').first()).toBeVisible()
  await expect(row(page, subject)).toHaveCount(0)
  await page.goto(`${product().baseUrl}/settings`)
  await card(page, gmail).getByRole('button', { name: 'Start live sync' }).click()
  await expect(card(page, gmail).getByRole('button', { name: 'Stop live sync' })).toBeVisible()
  await page.goto(product().baseUrl)
  await expect(row(page, subject)).toHaveCount(1)
})

test('comparing everything says how far it is, and ends with the proof', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  await page.goto(`${product().baseUrl}/settings`)
  const started = Date.now()
  await card(page, gmail).getByRole('button', { name: 'Compare everything' }).click()
  await expect
    .poll(async () => {
      const answer = await page.request.get(`${product().baseUrl}/api/sync/history`)
      const { runs } = (await answer.json()) as {
        runs: { kind: string; outcome: string; startedAt: number }[]
      }
      return runs.find(run => run.kind === 'reconcile' && run.startedAt > started - 1_000)?.outcome
    })
    .toBe('done')
  await expect(
    card(page, gmail)
      .getByText(/\b([\d,]+) of \1\b/)
      .first(),
  ).toBeVisible()
  await expect(card(page, gmail).getByTestId('compared')).toContainText('no differences', { timeout: 30_000 })
  await card(page, gmail).getByText('Past comparisons').click()
  await expect(card(page, gmail).getByTestId('comparison').first()).toContainText('on request')
})

test('disconnecting removes the mail and the account; connecting again brings both back', async ({
  page,
}) => {
  await openInbox(page, product().baseUrl)
  const subject = await deliver()
  await expect(row(page, subject)).toHaveCount(1)
  await page.goto(`${product().baseUrl}/settings`)
  await card(page, gmail).getByRole('button', { name: 'Disconnect' }).click()
  await page
    .getByRole('dialog')
    .or(page.getByRole('alertdialog'))
    .getByRole('button', { name: /disconnect/i })
    .click()
  await expect(card(page, gmail)).toHaveCount(0)
  await page.goto(product().baseUrl)
  await expect(page.getByTestId('account-row')).not.toHaveCount(0)
  await expect(page.getByTestId('account-row').filter({ hasText: gmail })).toHaveCount(0)
  await expect(row(page, subject)).toHaveCount(0)

  await page.goto(`${product().baseUrl}/connect`)
  await page.getByRole('link', { name: /gmail/i }).first().click()
  await page.getByText(gmail).first().click()
  await page
    .getByRole('button', { name: /allow|continue|approve/i })
    .first()
    .click()
  await expect(row(page, subject)).toHaveCount(1, { timeout: 60_000 })
})
