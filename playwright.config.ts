import { defineConfig } from '@playwright/test'
import { chromiumLaunch } from './scripts/test/chromium.ts'

const report = process.env.INLET_TEST_E2E_REPORT

export default defineConfig({
  testDir: 'apps/web/e2e',
  outputDir: 'test-results',
  // Starts a product of its own and puts its addresses into a file: apps/web/e2e/product.ts.
  globalSetup: './scripts/test/e2e-setup.ts',
  globalTimeout: 30 * 60_000,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  // One product, one mailbox: the tests share them, so they run one after another.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  reporter: report ? [['list'], ['json', { outputFile: report }]] : [['list']],
  use: {
    baseURL: process.env.INLET_E2E_BASE_URL,
    browserName: 'chromium',
    headless: true,
    launchOptions: chromiumLaunch,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
})
