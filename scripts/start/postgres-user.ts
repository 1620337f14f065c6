import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartError } from './errors.ts'

/** How Postgres' programs are run: directly, or as another user because they refuse to be root. */
export interface PostgresUser {
  /** Put before every command. */
  readonly prefix: readonly string[]
  /** Who must own the data folder; undefined: whoever runs this. */
  readonly owner: { uid: number; gid: number } | undefined
}

/**
 * Postgres refuses to run as root. Its usual stand-in, the user `postgres`, cannot enter a private folder such as
 * /root or one made by `mktemp -d` (mode 0700), where both its programs (node_modules) and its data may lie.
 * So it keeps one capability of root's, the right to pass folders. `no_setuid_fixup` keeps it for access(2) too,
 * with which initdb looks for its programs (capabilities(7), "Effect of user ID changes").
 */
export function postgresUser(paths: readonly string[]): PostgresUser {
  if (process.getuid?.() !== 0) return { prefix: [], owner: undefined }
  const owner = userIds() ?? createUser()
  const setpriv = ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups']
  if (spawnSync('setpriv', ['--version']).error) {
    throw new StartError(
      'Postgres does not run as root, and setpriv (package util-linux) is missing. Install it or set DATABASE_URL.',
    )
  }
  const closed = paths.find(path => !othersMayEnter(path))
  if (!closed) return { prefix: setpriv, owner }
  const passing = [
    ...setpriv,
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ]
  if (spawnSync(passing[0] ?? '', [...passing.slice(1), 'true']).status !== 0) {
    throw new StartError(
      `Postgres does not run as root, and the user postgres may not enter ${closed} (a folder above it is private).` +
        ' Open it (chmod o+x), run from another folder, set INLET_DATA_DIR, or set DATABASE_URL to a Postgres of yours.',
    )
  }
  return { prefix: passing, owner }
}

function userIds(): { uid: number; gid: number } | undefined {
  const ids = (['-u', '-g'] as const).map(flag => spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  const [uid, gid] = ids.map(result =>
    result.status === 0 ? Number.parseInt(result.stdout, 10) : Number.NaN,
  )
  return uid && gid ? { uid, gid } : undefined
}

function createUser(): { uid: number; gid: number } {
  try {
    execFileSync('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      'postgres',
    ])
  } catch (error) {
    throw new StartError(
      `Postgres does not run as root and the user postgres could not be created (${error instanceof Error ? error.message : error}).` +
        ' Create it, run as an ordinary user, or set DATABASE_URL.',
    )
  }
  const created = userIds()
  if (!created) throw new StartError('The user postgres was created, but `id postgres` does not know it.')
  return created
}

function othersMayEnter(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & constants.S_IXOTH) === 0) return false
    if (folder === dirname(folder)) break
  }
  accessSync(dirname(path))
  return true
}
