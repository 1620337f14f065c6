import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { StartError } from './errors.ts'
import type { PostgresPrograms } from './postgres-programs.ts'
import type { PostgresUser } from './postgres-user.ts'

const major = '18'

/** The name of the database inside the embedded server. */
export const databaseName = 'inlet'

/**
 * Makes the data folder of a new server, with the database in it. It is built beside its place and renamed,
 * so that a start killed half-way leaves nothing that looks like data. Returns whether it was made now.
 */
export function ensureData(
  folder: string,
  password: string,
  programs: PostgresPrograms,
  user: PostgresUser,
): boolean {
  if (existsSync(join(folder, 'PG_VERSION'))) {
    const version = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
    if (version === major) return false
    throw new StartError(
      `The data in ${folder} is of Postgres ${version}; this is Postgres ${major}. npm run reset clears it.`,
    )
  }
  const draft = `${folder}.new`
  const passwordFile = `${folder}.password`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (user.owner) for (const path of [draft, passwordFile]) chownSync(path, user.owner.uid, user.owner.gid)
  chmodSync(draft, 0o700)
  try {
    const access = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`]
    // Postgres' own collation: sorting does not change with the machine's C library, and macOS needs no C.UTF-8 locale.
    const text = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    run(user, programs.initdb, ['-D', draft, ...access, ...text])
    run(user, programs.postgres, ['--single', '-D', draft, 'postgres'], `CREATE DATABASE ${databaseName}\n`)
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(draft, folder)
  return true
}

function run(user: PostgresUser, program: string, args: readonly string[], input = ''): void {
  const [command = '', ...rest] = [...user.prefix, program, ...args]
  const result = spawnSync(command, rest, { input, encoding: 'utf8', timeout: 120_000, cwd: '/' })
  if (result.status === 0) return
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim()
  throw new StartError(
    `Postgres could not make its data folder: ${result.error?.message ?? `exit code ${result.status}`}\n${output}`,
  )
}
