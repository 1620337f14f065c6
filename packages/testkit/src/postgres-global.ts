import type { TestProject } from 'vitest/node'
import { startPostgres, TEMPLATE, type TestPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the server that all *.pg.test.ts files share; each clones a database of its own. */
    postgresUrl: string
  }
}

/** Projects of one run share the server: the module is loaded once for each of them, the process is one. */
const shared = globalThis as { inletTestPostgres?: { users: number; started: Promise<TestPostgres> } }

/** For vitest's `globalSetup`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.inletTestPostgres ??= { users: 0, started: startPostgres(migrateTemplate, TEMPLATE) }
  const { inletTestPostgres: server } = shared
  server.users += 1
  const postgres = await server.started
  project.provide('postgresUrl', postgres.url)
  return async () => {
    server.users -= 1
    if (server.users > 0) return
    delete shared.inletTestPostgres
    await postgres.stop()
  }
}

/** Not a static import: db's tests use this package, so it cannot depend on db. */
async function migrateTemplate(url: string): Promise<void> {
  const file = new URL('../../db/src/migrate.ts', import.meta.url).href
  const { migrate } = (await import(/* @vite-ignore */ file)) as {
    migrate: (url: string) => Promise<unknown>
  }
  await migrate(url)
}
