import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { makeCertificate } from './dovecot-certificate.ts'
import { type DovecotOptions, dovecotConfig, introspectionConfig } from './dovecot-config.ts'
import { type DovecotMailbox, dovecotMailbox } from './dovecot-mailbox.ts'
import { freePort } from './free-port.ts'

export interface DovecotServer {
  readonly host: '127.0.0.1'
  /** Unencrypted, with STARTTLS offered. */
  readonly port: number
  /** TLS from the first byte. */
  readonly tlsPort: number
  /** The self-signed certificate, PEM: trust it to get in. */
  readonly certificate: string
  passwordOf(user: string): string
  /** Resolves when it counts. */
  setPassword(user: string, password: string): Promise<void>
  mailbox(user?: string): DovecotMailbox
  /** Runs Dovecot's own administration tool on this server and returns what it prints. */
  doveadm(...args: string[]): Promise<string>
  /** Gives a folder another UIDVALIDITY; its messages and their UIDs stay. */
  setUidValidity(folder: string, uidValidity: number, user?: string): Promise<void>
  /** Stops answering, as a machine under load does, with all connections open. */
  pause(): void
  resume(): void
  /** Ends the server and all connections; mail and ports stay. */
  halt(): Promise<void>
  /** Starts it again after `halt`. */
  start(): Promise<void>
  log(): Promise<string>
  /** Ends the server and removes its folder. Idempotent. */
  stop(): Promise<void>
}

const START_LIMIT_MS = 15_000
const END_LIMIT_MS = 3_000
const TOOL_LIMIT_MS = 20_000
/** Dovecot runs no mail process as root: as root all of it runs as this user, who owns nothing. */
const NOBODY = { uid: 65_534, gid: 65_534, user: 'nobody', group: 'nogroup' }

const run = promisify(execFile)

/** A real Dovecot on free ports of 127.0.0.1, apart from any that the system runs; resolves when it greets. */
export async function startDovecot(options: DovecotOptions = {}): Promise<DovecotServer> {
  const { users = ['ann@inlet.test'] } = options
  const owner = process.getuid?.() === 0 ? NOBODY : await self()
  for (let attempt = 1; ; attempt++) {
    const [port, tlsPort] = [await freePort(), await freePort()]
    const folder = await mkdtemp(join(tmpdir(), 'inlet-dovecot-'))
    await prepare(folder, owner, { port, tlsPort, users, options })
    let child = launch(folder, owner)
    const stop = once(async () => {
      await end(child)
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    })
    try {
      await greets(child, port, folder)
    } catch (error) {
      await stop()
      // Somebody else took a port between the look and the start.
      if (attempt < 3 && error instanceof Error && /in use/i.test(error.message)) continue
      throw error
    }
    const passwords = new Map(users.map(user => [user, passwordFor(user)]))
    const passwordOf = (user: string) => passwords.get(user) ?? passwordFor(user)
    const doveadm = async (...args: string[]) => {
      const limits = { uid: owner.uid, gid: owner.gid, timeout: TOOL_LIMIT_MS }
      const { stdout } = await run('doveadm', ['-c', join(folder, 'dovecot.conf'), ...args], limits)
      return stdout
    }
    const first = users[0] ?? ''
    return {
      host: '127.0.0.1',
      port,
      tlsPort,
      certificate: await readFile(join(folder, 'certificate.pem'), 'utf8'),
      passwordOf,
      async setPassword(user, password) {
        passwords.set(user, password)
        await writeUsers(folder, passwords)
        // Dovecot looks at the file once a second.
        const until = Date.now() + START_LIMIT_MS
        const known = () =>
          doveadm('auth', 'test', user, password).then(
            () => true,
            () => false,
          )
        while (!(await known()))
          if (Date.now() > until) throw new Error(`Dovecot did not take the new password of ${user}.`)
      },
      mailbox: (user = first) => dovecotMailbox(port, user, passwordOf(user)),
      doveadm,
      setUidValidity: async (target, uidValidity, user = first) =>
        void (await doveadm('mailbox', 'update', '-u', user, '--uid-validity', `${uidValidity}`, target)),
      pause: () => signal(child, 'SIGSTOP'),
      resume: () => signal(child, 'SIGCONT'),
      halt: () => end(child),
      async start() {
        child = launch(folder, owner)
        await greets(child, port, folder)
      },
      log: () => readFile(join(folder, 'log'), 'utf8'),
      stop,
    }
  }
}

type Owner = typeof NOBODY

async function self(): Promise<Owner> {
  const { uid, gid, username } = userInfo()
  const { stdout } = await run('id', ['-gn'], { timeout: TOOL_LIMIT_MS })
  return { uid, gid, user: username, group: stdout.trim() }
}

const passwordFor = (user: string): string => `secret of ${user}`

async function prepare(
  folder: string,
  owner: Owner,
  {
    port,
    tlsPort,
    users,
    options,
  }: { port: number; tlsPort: number; users: readonly string[]; options: DovecotOptions },
): Promise<void> {
  for (const name of ['run', 'state', 'home']) {
    await mkdir(join(folder, name))
    await chown(join(folder, name), owner.uid, owner.gid)
  }
  await chown(folder, owner.uid, owner.gid)
  const config = dovecotConfig(options, { folder, ...owner, port, tlsPort })
  await writeFile(join(folder, 'dovecot.conf'), config)
  const { introspectionUrl } = options
  if (introspectionUrl !== undefined)
    await writeFile(join(folder, 'oauth2.conf'), introspectionConfig(introspectionUrl))
  await writeFile(join(folder, 'log'), '')
  await chown(join(folder, 'log'), owner.uid, owner.gid)
  await writeUsers(folder, new Map(users.map(user => [user, passwordFor(user)])))
  await makeCertificate(folder, options)
  await chown(join(folder, 'key.pem'), owner.uid, owner.gid)
}

/** Whole at any moment: it is read while others log in. */
async function writeUsers(folder: string, passwords: ReadonlyMap<string, string>): Promise<void> {
  const file = join(folder, 'users')
  await writeFile(
    `${file}.new`,
    [...passwords].map(([user, password]) => `${user}:{PLAIN}${password}\n`).join(''),
  )
  await rename(`${file}.new`, file)
}

function launch(folder: string, owner: Owner): ChildProcess {
  // In a group of its own, so that pausing and ending reach the processes of its sessions too.
  return spawn('dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
    // Next's types want a NODE_ENV in every environment.
    env: { NODE_ENV: process.env.NODE_ENV, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` },
    uid: owner.uid,
    gid: owner.gid,
  })
}

async function greets(child: ChildProcess, port: number, folder: string): Promise<void> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000)
  })
  const gone = new Promise<never>((_, reject) => {
    child.once('error', error => {
      const missing = 'code' in error && error.code === 'ENOENT'
      reject(
        missing ? new Error('Dovecot is not installed. On Debian: apt-get install dovecot-imapd') : error,
      )
    })
    child.once('exit', async code => {
      const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '')
      reject(new Error(`dovecot ended with ${code} before it greeted: ${said}${log.slice(-2_000)}`))
    })
  })
  gone.catch(() => {})
  const until = Date.now() + START_LIMIT_MS
  for (;;) {
    if (await Promise.race([greeting(port), gone])) return
    if (Date.now() > until) throw new Error(`Dovecot did not greet in ${START_LIMIT_MS} ms: ${said}`)
    await sleep(20)
  }
}

function greeting(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const settle = (value: boolean) => {
      socket.destroy()
      resolve(value)
    }
    socket.setTimeout(1_000, () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('data', data => settle(data.toString().startsWith('* OK')))
  })
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, name)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ESRCH') throw error
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  // Stopped processes can not act on SIGTERM.
  signal(child, 'SIGCONT')
  signal(child, 'SIGTERM')
  const late = new AbortController()
  const slow = sleep(END_LIMIT_MS, true, { signal: late.signal }).catch(() => false)
  if (await Promise.race([exited.then(() => false), slow])) signal(child, 'SIGKILL')
  late.abort()
  await exited
  // Sessions outlive the master for a moment; what they would still write is on no one's disk any more.
  signalGroup(child.pid)
}

function signalGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  return () => {
    running ??= work()
    return running
  }
}
