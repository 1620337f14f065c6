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

let count = 0
/** Drops a message into the demo mailbox at the provider, and tells its subject. */
export async function deliver(
  subject = `Hello number ${++count} of ${process.pid}-${Date.now()}`,
): Promise<string> {
  const raw = [
    'From: Ada Lovelace <ada@example.com>',
    'To: demo@inlet.test',
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString()}`,
    `Message-ID: <${Date.now()}.${count}@example.com>`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    `This is the text of "${subject}".`,
  ].join('\r\n')
  await control('deliver', { account: 'demo@inlet.test', raw: Buffer.from(raw).toString('base64') })
  return subject
}

export const row = (page: Page, subject: string) =>
  page.getByTestId('thread-row').filter({ hasText: subject })
