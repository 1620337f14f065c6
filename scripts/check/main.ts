import { join } from 'node:path'
import { dataDirOf, readEnvironment } from '../start/environment.ts'
import { explain } from '../start/errors.ts'
import { ensurePrismaClient } from '../start/prisma-client.ts'
import { runChecks } from './run-checks.ts'

try {
  const logDir = join(dataDirOf(readEnvironment()), 'logs')
  await ensurePrismaClient(logDir, AbortSignal.timeout(5 * 60_000))
  const { passed, failed } = await runChecks()
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
} catch (error) {
  console.error(explain(error))
  process.exit(1)
}
