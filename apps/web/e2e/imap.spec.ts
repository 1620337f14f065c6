import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import type { Page } from '@playwright/test'
import { card, control, deliver, expect, openInbox, product, row, signUp, test } from './product.ts'

const left = (process.env.INLET_TEST_SKIP ?? '').split(',').some(name => name.trim() === 'imap')
test.skip(left, 'Dovecot is left out by INLET_TEST_SKIP.')

const domain = 'nobody-has-this.invalid'
const ann = `ann@${domain}`
let dovecot: DovecotServer
test.beforeAll(async () => {
  dovecot = await startDovecot({ users: [ann] })
})
test.afterAll(() => dovecot?.stop())

const mail = (subject: string) =>
  `From: Bo Berg <bo@example.org>\r\nTo: ${ann}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '-')}@example.org>\r\nDate: ${new Date().toUTCString()}\r\n\r\nThis is the text of "${subject}".\r\n`
/** The servers of the sandbox's mailboxes, which have a consent page. */
const configured = () =>
  JSON.parse(readFileSync(join(product().dataDir, 'imap-oauth.json'), 'utf8'))[0] as {
    imap: { host: string; port: number }
  }
const connect = (page: Page) => page.getByRole('button', { name: 'Connect', exact: true })

test('a mailbox of a server that nobody knows is connected by typing its settings, and later again', async ({
  page,
}) => {
  await dovecot.mailbox().append(mail('Before Inlet'))
  await signUp(page, `imap-${process.pid}-${Date.now()}@example.com`)
  await page.getByRole('link', { name: /Any other mailbox/ }).click()
  await page.getByLabel('Email address').fill(ann)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByText(`No mail server answered for ${domain}.`)).toBeVisible({ timeout: 30_000 })
  await expect(page.getByLabel('User name')).toHaveValue(ann)
  const reading = page.getByRole('group', { name: 'Reading (IMAP)' })
  await reading.getByLabel('Server').fill('127.0.0.1')
  await reading.getByLabel('Security').selectOption('none')
  await expect(reading.getByLabel('Port')).toHaveValue('143')
  await reading.getByLabel('Port').fill(String(dovecot.port))
  await page.getByLabel('Send mail from this address').uncheck()

  const password = page.getByLabel('Password', { exact: true })
  await password.fill('not the one')
  await connect(page).click()
  await expect(password).toHaveAccessibleDescription(/^127\.0\.0\.1 refused user name or password/)
  await expect(password).toBeFocused()
  await password.fill(dovecot.passwordOf(ann))
  await connect(page).click()

  await expect(page.getByText(`${ann} is connected`)).toBeVisible()
  await expect(row(page, 'Before Inlet')).toHaveCount(1)
  const account = page.getByTestId('account-row').filter({ hasText: ann })
  await expect(account.getByTestId('account-mark')).toHaveAttribute('data-provider', 'imap')
  await expect(account.getByTestId('status-badge')).toHaveAttribute('data-state', 'active')
  await row(page, 'Before Inlet').click()
  await expect(page.getByTestId('reader')).toContainText('This is the text of "Before Inlet".')

  // The password changes, and every connection that still holds the old one ends.
  await dovecot.setPassword(ann, 'another secret')
  await dovecot.halt()
  await dovecot.start()
  await dovecot.mailbox().append(mail('Meanwhile'))
  await page.goto(`${product().baseUrl}/settings`)
  await card(page, ann).getByRole('button', { name: 'Sync now' }).click()
  await card(page, ann).getByRole('link', { name: 'Reconnect' }).click()
  await expect(page.getByText('Connected with these settings before.')).toBeVisible()
  await page.getByLabel('Password', { exact: true }).fill('another secret')
  await connect(page).click()
  await expect(row(page, 'Meanwhile')).toHaveCount(1)
  await expect(row(page, 'Before Inlet')).toHaveCount(1)
})

test('the wrong way to a server is told at the field that can mend it', async ({ page }) => {
  await openInbox(page, product().baseUrl)
  await page.goto(`${product().baseUrl}/connect/imap?email=${encodeURIComponent(ann)}`)
  await expect(page.getByText(`No mail server answered for ${domain}.`)).toBeVisible({ timeout: 30_000 })
  const reading = page.getByRole('group', { name: 'Reading (IMAP)' })
  await page.getByLabel('Password', { exact: true }).fill(dovecot.passwordOf(ann))
  await reading.getByLabel('Server').fill('127.0.0.1')
  await reading.getByLabel('Port').fill(String(dovecot.port))
  await page.getByLabel('Send mail from this address').uncheck()
  await connect(page).click()
  await expect(reading.getByLabel('Security')).toHaveAccessibleDescription(/does not speak TLS on port/)
  await reading.getByLabel('Security').selectOption('starttls')
  await connect(page).click()
  await expect(reading.getByLabel('Server')).toHaveAccessibleDescription(/self-signed certificate/)
  await reading.getByLabel('Server').fill('192.0.2.1')
  await reading.getByLabel('Security').selectOption('none')
  await connect(page).click()
  await expect(reading.getByLabel('Security')).toHaveAccessibleDescription(/Choose TLS or STARTTLS/)
})

test('a mailbox is connected on its provider’s consent page, and again when the provider ended it', async ({
  page,
}) => {
  const id = `${process.pid}-${Date.now().toString(36)}`
  const [ida, other] = [`ida-${id}@mail.inlet.test`, `other-${id}@mail.inlet.test`]
  await control('imap/accounts', { email: ida, name: 'Ida', messages: 20 })
  await control('imap/accounts', { email: other, name: 'Other' })
  await signUp(page, `imap-consent-${id}@example.com`)
  await page.getByRole('link', { name: /Any other mailbox/ }).click()
  await page.getByLabel('Email address').fill(ida)
  await page.getByRole('button', { name: 'Continue' }).click()
  const onward = page.getByRole('button', { name: 'Continue with Sandbox Mail' })
  await expect(onward).toBeFocused()
  await expect(page.getByLabel('Password', { exact: true })).toHaveCount(0)

  // A password is the other way, and stays one.
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password', { exact: true }).fill('not the one')
  await connect(page).click()
  await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(/refused/)
  await onward.click()

  // The wrong account on the page: the mail server's own words, and the same way again.
  await expect(page).toHaveURL(/\/imap\/oauth\/authorize/)
  await expect(page.getByRole('radio', { checked: true })).toHaveValue(ida)
  await page.getByText(other).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await expect(page).toHaveURL(/error=mail_server_refused.*reason=token_refused/)
  await expect(page.getByRole('alert').first()).toContainText('The token is not for this mailbox')
  await onward.click()
  await page.getByRole('button', { name: 'Deny' }).click()
  await expect(page.getByRole('alert').first()).toContainText('Access was not granted')
  await onward.click()
  await page.getByRole('button', { name: 'Allow' }).click()

  await expect(page.getByText(`${ida} is connected`)).toBeVisible()
  const account = page.getByTestId('account-row').filter({ hasText: ida })
  const badge = account.getByTestId('status-badge')
  await expect(account.getByTestId('account-mark')).toHaveAttribute('data-provider', 'imap')
  await expect(badge).toHaveAttribute('data-state', 'active')
  await expect(page.getByTestId('account-proof').first()).toContainText('20 of 20', { timeout: 60_000 })
  const live = await deliver(ida)
  await expect(row(page, live)).toHaveCount(1)

  // The provider ends it, with the connections: the person is led to its page at once.
  await control('imap/revoke', { account: ida })
  await control('imap/disconnect', { account: ida })
  const meanwhile = await deliver(ida)
  await expect(badge).toHaveAttribute('data-reason', 'reconnect_needed', { timeout: 60_000 })
  await badge.click()
  await page.getByRole('link', { name: 'Reconnect' }).click()
  await expect(page).toHaveURL(/\/imap\/oauth\/authorize/)
  await expect(page.getByRole('radio', { checked: true })).toHaveValue(ida)
  await page.getByRole('button', { name: 'Allow' }).click()
  await expect(row(page, meanwhile)).toHaveCount(1)
  await expect(row(page, live)).toHaveCount(1)
  await expect(badge).toHaveAttribute('data-state', 'active')
})

test('whoever types the server of a provider with a consent page is offered it, and a password is the other way', async ({
  page,
}) => {
  const id = `${process.pid}-${Date.now().toString(36)}`
  const eve = `eve-${id}@${domain}`
  await control('imap/accounts', { email: eve, name: 'Eve', messages: 3 })
  await signUp(page, `imap-typed-${id}@example.com`)
  await page.getByRole('link', { name: /Any other mailbox/ }).click()
  await page.getByLabel('Email address').fill(eve)
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByText(`No mail server answered for ${domain}.`)).toBeVisible({ timeout: 30_000 })
  const reading = page.getByRole('group', { name: 'Reading (IMAP)' })
  const onward = page.getByRole('button', { name: 'Continue with Sandbox Mail' })
  const password = page.getByLabel('Password', { exact: true })
  const { imap } = configured()
  await reading.getByLabel('Server').fill(imap.host)
  await expect(onward).toHaveCount(0)
  // It shows up while the port is typed, which goes on.
  await reading.getByLabel('Port').fill('')
  await reading.getByLabel('Port').pressSequentially(String(imap.port))
  await expect(onward).toBeVisible()
  await expect(reading.getByLabel('Port')).toBeFocused()
  await expect(password).toHaveCount(0)
  await expect(page.getByText('Sandbox Mail asks for your consent on its own page')).toBeVisible()
  await reading.getByLabel('Port').press('Backspace')
  await expect(onward).toHaveCount(0)
  await expect(password).toBeVisible()
  await reading.getByLabel('Port').pressSequentially(String(imap.port).slice(-1))
  await expect(onward).toBeVisible()

  await page.getByRole('button', { name: 'Use a password' }).click()
  await expect(password).toBeFocused()
  await expect(reading.getByLabel('Security')).toHaveValue('none')
  await password.fill('not the one')
  await connect(page).click()
  await expect(password).toHaveAccessibleDescription(/refused/)
  await onward.click()
  await expect(page).toHaveURL(/\/imap\/oauth\/authorize/)
  await expect(page.getByRole('radio', { checked: true })).toHaveValue(eve)
  await page.getByRole('button', { name: 'Deny' }).click()

  // Back, the server is typed already.
  await expect(page.getByRole('alert').first()).toContainText('Access was not granted')
  await expect(onward).toBeFocused({ timeout: 30_000 })
  await expect(reading.getByLabel('Port')).toHaveValue(String(imap.port))
  await onward.click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await expect(page.getByText(`${eve} is connected`)).toBeVisible()
  const live = await deliver(eve)
  await expect(row(page, live)).toHaveCount(1)

  // Connected again it goes the same way.
  await page.goto(`${product().baseUrl}/connect/imap?email=${encodeURIComponent(eve)}`)
  await expect(page.getByText('Connected with these settings before.')).toBeVisible()
  await expect(onward).toBeFocused()
})
