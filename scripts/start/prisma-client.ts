import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runToEnd, spawnHeld } from './child.ts'
import { root } from './root.ts'

const schema = join(root, 'prisma', 'schema.prisma')
const generated = join(root, 'packages', 'db', 'src', 'generated')
const stamp = join(generated, '.schema-hash')

/** Generates Prisma's client if the schema changed since the last time. Returns whether it did. */
export async function ensurePrismaClient(logDir: string, signal: AbortSignal): Promise<boolean> {
  if (!existsSync(schema)) return false
  const hash = createHash('sha256')
  for (const file of [
    schema,
    join(root, 'prisma.config.ts'),
    join(root, 'node_modules', 'prisma', 'package.json'),
  ]) {
    if (existsSync(file)) hash.update(readFileSync(file))
  }
  const wanted = hash.digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false
  const cli = join(root, 'node_modules', 'prisma', 'build', 'index.js')
  const child = spawnHeld([process.execPath, cli, 'generate', '--schema', schema], {
    name: 'prisma generate',
    logFile: join(logDir, 'prisma.log'),
    cwd: root,
    // `generate` needs no schema engine, but the CLI downloads one when none is named. DATABASE_URL is only read by its config file.
    env: {
      DATABASE_URL: 'postgresql://localhost/unused',
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
    graceMs: 3000,
    signal: 'SIGTERM',
    group: true,
  })
  await runToEnd(child, signal, 120_000)
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, wanted)
  return true
}
