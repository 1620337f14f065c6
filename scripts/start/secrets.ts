import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from './errors.ts'

/** Made once for a data folder. Losing them means that the stored provider tokens cannot be read any more. */
export interface Secrets {
  /** `id:base64key`, the first is the current one. */
  encryptionKeys: string
  betterAuthSecret: string
  cronSecret: string
  demoToken: string
  postgresPassword: string
}

export function ensureSecrets(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json')
  const fresh: Secrets = {
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
    betterAuthSecret: randomBytes(32).toString('base64url'),
    cronSecret: randomBytes(24).toString('base64url'),
    demoToken: randomBytes(18).toString('base64url'),
    postgresPassword: randomBytes(18).toString('hex'),
  }
  if (!existsSync(file) && existsSync(join(dataDir, 'postgres', 'PG_VERSION'))) {
    throw new StartError(
      `${file} is missing, but there is a database beside it that only those secrets open. Put the file back, or clear the data with npm run reset.`,
    )
  }
  const stored = existsSync(file) ? read(file) : {}
  const secrets = { ...fresh, ...stored }
  if (Object.keys(stored).length < Object.keys(secrets).length) {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  return secrets
}

function read(file: string): Partial<Secrets> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>
  } catch (error) {
    throw new StartError(
      `${file} cannot be read (${error}). Put it right, or clear the data with npm run reset.`,
    )
  }
}
