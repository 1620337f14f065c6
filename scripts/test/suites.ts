import { existsSync, globSync } from 'node:fs'
import { root } from '../start/root.ts'

/** A group of tests with what it needs from the machine. `INLET_TEST_SKIP` names suites by these names. */
export interface Suite {
  name: string
  /** Test files, to know whether there is anything to run. */
  files: readonly string[]
  needs: readonly Need[]
}

/** A program that npm does not bring. */
export interface Need {
  program: string
  /** Debian's package. */
  package: string
  found(): boolean
}

const onPath = (program: string) =>
  [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'].some(folder =>
    existsSync(`${folder}/${program}`),
  )

export const redis: Need = {
  program: 'redis-server',
  package: 'redis-server',
  found: () => onPath('redis-server'),
}
export const dovecot: Need = { program: 'dovecot', package: 'dovecot-imapd', found: () => onPath('dovecot') }
const mbsync: Need = { program: 'mbsync', package: 'isync', found: () => onPath('mbsync') }
const chromium: Need = {
  program: 'chromium',
  package: 'chromium',
  found: () => Boolean(process.env.INLET_CHROMIUM) || existsSync('/usr/bin/chromium'),
}

const tests = (suffix: string) => [
  `packages/*/test/**/*.${suffix}.test.{ts,tsx}`,
  `apps/*/test/**/*.${suffix}.test.{ts,tsx}`,
]
const find = (patterns: readonly string[]) => globSync([...patterns], { cwd: root })

export function vitestSuites(): Suite[] {
  const special = { pg: [], redis: [redis], imap: [dovecot, mbsync], web: [chromium] } as const
  const suites = Object.entries(special).map(([name, needs]) => ({ name, needs, files: find(tests(name)) }))
  const taken = new Set(suites.flatMap(suite => suite.files))
  const all = find(['packages/*/test/**/*.test.{ts,tsx}', 'apps/*/test/**/*.test.{ts,tsx}'])
  return [{ name: 'unit', needs: [], files: all.filter(file => !taken.has(file)) }, ...suites]
}

/** Its tests that need Dovecot are left out with the suite imap. */
export function e2eSuite(skip: ReadonlySet<string>): Suite {
  const needs = skip.has('imap') ? [chromium] : [chromium, dovecot]
  return { name: 'e2e', needs, files: find(['apps/web/e2e/**/*.spec.ts']) }
}

/** The suites that the person left out. An unknown name is an error: it would leave out nothing, silently. */
export function skippedNames(text: string | undefined): Set<string> {
  const known = ['check', 'unit', 'pg', 'redis', 'imap', 'web', 'e2e']
  const names = (text ?? '')
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
  const unknown = names.filter(name => !known.includes(name))
  if (unknown.length > 0) {
    throw new Error(`INLET_TEST_SKIP names ${unknown.join(', ')}; the suites are ${known.join(', ')}.`)
  }
  return new Set(names)
}
