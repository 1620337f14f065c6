import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../start/postgres.ts'

/** One server for all suites, in a temporary folder. Tests make databases of their own in it. */
export async function postgresForTests(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'inlet-test-'))
  const { child, url } = await startPostgres({
    folder: join(folder, 'postgres'),
    logFile: join(folder, 'postgres.log'),
    password: 'test',
    preferredPort: undefined,
    // A crash of the machine may cost a test run its data.
    settings: ['fsync=off', 'full_page_writes=off', 'max_connections=200'],
    signal: AbortSignal.timeout(120_000),
  })
  return {
    url: url.replace(/\/[^/]*$/, '/postgres'),
    async stop() {
      await child.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
