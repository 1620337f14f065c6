import { afterAll, beforeAll, inject } from 'vitest'
import { cloneDatabase, type TestDatabase } from './postgres.ts'
import type {} from './postgres-global.ts'

/**
 * A migrated database of the test file's own, dropped when the file is done. Call it at the top of a *.pg.test.ts file;
 * read `url` in hooks and tests.
 */
export function testDatabase(): { readonly url: string } {
  let database: TestDatabase | null = null
  beforeAll(async () => {
    database = await cloneDatabase(inject('postgresUrl'))
  })
  afterAll(async () => {
    await database?.drop()
  })
  return {
    get url() {
      if (!database) throw new Error('The database is made in beforeAll; read its url in a hook or a test.')
      return database.url
    },
  }
}
