import { readFileSync } from 'node:fs'
import { test as base, expect, type Page } from '@playwright/test'
import { streamGate } from './stream-gate.ts'

/** What global set-up has started. */
export type Product = {
  baseUrl: string
  link: string
  sandboxUrl: string
  databaseUrl: string
  cronSecret: string
  /** Holds its secrets and logs. */
  dataDir: string
}

export function product(): Product {
  const file = process.env.INLET_E2E_PRODUCT
  if (!file)
    throw new Error(
      'INLET_E2E_PRODUCT is not set: run the end-to-end tests through npm test or playwright.config.ts.',
    )
  return JSON.parse(readFileSync(file, 'utf8')) as Product
}

type Gate = Awaited<ReturnType<typeof streamGate>>

/** Fails on any error that the page itself reports. `gate` stands between browser and server. */
export const test = base.extend<{ gate: Gate; problems: string[] }>({
  gate: async ({ browserName: _ }, use) => {
    const gate = await streamGate(product().baseUrl)
    await use(gate)
    await gate.close()
  },
  problems: [
    async ({ page }, use) => {
      const problems: string[] = []
      page.on('pageerror', error => problems.push(String(error)))
      await use(problems)
      expect(problems, 'errors of the page').toEqual([])
    },
    { auto: true },
  ],
})
export { expect }

/** Signs the demo user in at `origin` (the server itself or a gate before it) and waits for mail. */
export async function openInbox(page: Page, origin: string): Promise<void> {
  await page.goto(product().link.replace(product().baseUrl, origin))
  await expect(page.getByTestId('thread-row').first()).toBeVisible({ timeout: 60_000 })
}

export async function control(path: string, body?: object, method = 'POST'): Promise<unknown> {
  const init =
    body === undefined
      ? { method }
      : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(`${product().sandboxUrl}/control/${path}`, init)
  if (!response.ok)
    throw new Error(`The sandbox answered ${response.status} to ${method} ${path}: ${await response.text()}`)
  return await response.json()
}

export const demoOutlook = 'demo@outlook.inlet.test'

let count = 0
/** Drops a message into a mailbox at its provider, by default the demo user's at Gmail, and tells its subject. */
export async function deliver(to = 'demo@inlet.test'): Promise<string> {
  const subject = `Hello number ${++count} of ${process.pid}-${Date.now()}`
  const raw = [
    'From: Ada Lovelace <ada@example.com>',
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString()}`,
    `Message-ID: <${Date.now()}.${count}@example.com>`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    `This is the text of "${subject}".`,
  ].join('\r\n')
  await control('deliver', { account: to, raw: Buffer.from(raw).toString('base64') })
  return subject
}

/** Signs a new person up, and leaves them where mailboxes are connected. */
export async function signUp(page: Page, email: string): Promise<void> {
  await page.goto(`${product().baseUrl}/sign-in`)
  await page
    .getByRole('link', { name: /create|sign up/i })
    .or(page.getByRole('button', { name: /create an account|sign up/i }))
    .first()
    .click()
  await page.getByLabel('Name').fill('New Person')
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill('a long enough password')
  await page
    .getByRole('button', { name: /create|sign up/i })
    .last()
    .click()
  await page.waitForURL(url => url.pathname !== '/sign-in')
  await page.goto(`${product().baseUrl}/connect`)
}

/** An account's part of the settings. */
export const card = (page: Page, email: string) => page.getByRole('article', { name: email, exact: true })

export const row = (page: Page, subject: string) =>
  page.getByTestId('thread-row').filter({ hasText: subject })
