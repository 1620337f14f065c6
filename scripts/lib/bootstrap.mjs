// Plain JavaScript on Node 20 with nothing installed yet: this file runs before the first install.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const began = Date.now()
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const binDir = join(root, 'node_modules', '.bin')
const stampFile = join(root, 'node_modules', '.inlet-install')
const dependencyFields = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']

/**
 * Ends the process with a sentence, without a stack trace.
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(`\n${message}`)
  process.exit(1)
}

function checkMachine() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) {
    fail(
      `Inlet needs Node 20 or newer to begin; this is ${process.version}. See https://nodejs.org/en/download.`,
    )
  }
  if (process.platform === 'win32') fail('Inlet runs on Linux and macOS. On Windows use it inside WSL.')
}

/** Everything that decides what an install would put into node_modules. */
function installFingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const name of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, name)))
  const folders = ['.']
  for (const group of ['apps', 'packages']) {
    for (const name of readdirSync(join(root, group)).sort()) folders.push(join(group, name))
  }
  for (const folder of folders) {
    const file = join(root, folder, 'package.json')
    if (!existsSync(file)) continue
    const manifest = JSON.parse(readFileSync(file, 'utf8'))
    hash.update(JSON.stringify([folder, dependencyFields.map(field => manifest[field])]))
  }
  return hash.digest('hex')
}

/** Installs what pnpm-lock.yaml says, unless node_modules is already in step with it. */
export function ensureInstall() {
  checkMachine()
  const fingerprint = installFingerprint()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint) return
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const started = Date.now()
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`
  console.log(`  install     ${packageManager} install --frozen-lockfile …`)
  // --prod=false: with NODE_ENV=production in the environment pnpm would leave out Node 24 and the build tools.
  const args = [
    '--yes',
    packageManager,
    'install',
    '--frozen-lockfile',
    '--prod=false',
    '--reporter=append-only',
  ]
  const result = spawnSync('npx', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    timeout: 15 * 60_000,
    env: { ...process.env, CI: 'true' },
  })
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`
  const logFile = join(root, '.inlet', 'logs', 'install.log')
  mkdirSync(dirname(logFile), { recursive: true })
  writeFileSync(logFile, output)
  if (result.error || result.status !== 0) {
    const reason = result.error ? result.error.message : `exit code ${result.status}`
    console.error(output.split('\n').slice(-40).join('\n'))
    fail(
      `The install failed after ${seconds()} (${reason}). It needs npm's npx and a package registry it can reach` +
        ` (npm config get registry). The whole output is in ${logFile}.`,
    )
  }
  writeFileSync(stampFile, fingerprint)
  console.log(`  install     done ${' '.repeat(37)}${seconds().padStart(8)}`)
}

/**
 * Node 24 from node_modules: it runs the TypeScript sources as they are.
 * @returns {string}
 */
function node24() {
  const fromPackage = join(binDir, 'node')
  if (existsSync(fromPackage)) return fromPackage
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  return fail(
    `There is no Node 24 for ${process.platform}-${process.arch} in node_modules. Install Node 24 yourself` +
      ' (https://nodejs.org/en/download), then run the command again.',
  )
}

/**
 * Runs a TypeScript file of this folder on Node 24 and ends as it ends.
 *
 * `ownGroup` puts it into a process group of its own, so that Ctrl-C in the terminal reaches it once, from here,
 * and not its children at the same moment; if this process is killed, the closed channel tells it to stop.
 */
export function handOver(/** @type {string} */ script, { ownGroup = false } = {}) {
  const child = spawn(node24(), [join(root, 'scripts', script), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: ownGroup,
    env: {
      ...process.env,
      PATH: `${binDir}${delimiter}${process.env.PATH ?? ''}`,
      INLET_COMMAND_BEGAN: String(began),
    },
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (ownGroup || signal !== 'SIGINT') child.kill(signal)
    })
  }
  child.on('error', error => fail(`${script} could not be started: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
  watchLauncher(() => child.kill('SIGTERM'))
}

/** npm passes on SIGTERM but cannot pass on SIGKILL: a new parent means that npm has gone, and nobody can stop us any more. */
function watchLauncher(/** @type {() => void} */ onGone) {
  if (!process.env.npm_lifecycle_event) return
  const launcher = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === launcher) return
    clearInterval(timer)
    onGone()
  }, 1000)
  timer.unref()
}
