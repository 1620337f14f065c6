import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumLaunch } from './scripts/test/chromium.ts'

const inTests = (pattern: string) => [`packages/*/test/**/${pattern}`, `apps/*/test/**/${pattern}`]
const suffixed = ['pg', 'redis', 'imap', 'web'].flatMap(suffix => inTests(`*.${suffix}.test.{ts,tsx}`))
const postgresGlobal = join(import.meta.dirname, 'packages', 'testkit', 'src', 'postgres-global.ts')
const withPostgres = existsSync(postgresGlobal) ? { globalSetup: [postgresGlobal] } : {}

/** Suites that start servers: real time passes in them, so a busy machine gets more of it. */
const serverTimeouts = { testTimeout: 60_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    // The reference machine has two cores.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: inTests('*.test.{ts,tsx}'),
          exclude: [...suffixed, '**/node_modules/**'],
          setupFiles: ['./scripts/test/no-console-error.ts'],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: { name: 'pg', include: inTests('*.pg.test.ts'), ...withPostgres, ...serverTimeouts },
      },
      {
        test: { name: 'redis', include: inTests('*.redis.test.ts'), ...withPostgres, ...serverTimeouts },
      },
      {
        test: { name: 'imap', include: inTests('*.imap.test.ts'), ...withPostgres, ...serverTimeouts },
      },
      {
        // Scanned at the start: a dependency found during the run would reload the page under a running test.
        optimizeDeps: { entries: inTests('*.web.test.{ts,tsx}') },
        test: {
          name: 'web',
          include: inTests('*.web.test.{ts,tsx}'),
          ...serverTimeouts,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromiumLaunch }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
