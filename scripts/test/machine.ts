import { existsSync } from 'node:fs'
import { runTool } from '../lib/run-tool.ts'
import type { Need, Suite } from './suites.ts'

const aptMs = 10 * 60_000
const quiet = { timeoutMs: aptMs, env: { DEBIAN_FRONTEND: 'noninteractive' } }

/** Installs what the suites miss, where that is possible. Returns why each suite that still misses something cannot run. */
export async function prepareMachine(suites: readonly Suite[]): Promise<Map<string, string>> {
  const missing = new Map<string, Need>()
  for (const need of suites.flatMap(suite => suite.needs)) if (!need.found()) missing.set(need.package, need)
  const reason = missing.size === 0 ? '' : await install([...missing.keys()])
  const problems = new Map<string, string>()
  for (const suite of suites) {
    const lacking = suite.needs.filter(need => !need.found())
    if (lacking.length === 0) continue
    const programs = lacking.map(need => `${need.program} (Debian package ${need.package})`).join(' and ')
    problems.set(suite.name, `needs ${programs}. ${reason}`)
  }
  return problems
}

async function install(packages: readonly string[]): Promise<string> {
  if (!existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get'))
    return 'Install it: this is not a Debian.'
  if (process.getuid?.() !== 0) return `Install it as root: apt-get install ${packages.join(' ')}.`
  console.log(`  apt-get install ${packages.join(' ')} …`)
  const update = await runTool(['apt-get', 'update', '-q'], quiet)
  if (!update.ok) console.log(update.output.trim())
  const result = await runTool(
    ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages],
    quiet,
  )
  if (result.ok) return ''
  console.log(result.output.split('\n').slice(-20).join('\n'))
  return `apt-get could not install it (${result.reason}).`
}
