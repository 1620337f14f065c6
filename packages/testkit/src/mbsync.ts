import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** One message on disk. `flags` are Maildir's letters: S seen, F flagged, T to be removed, D draft, R answered. */
export type MaildirEntry = { folder: string; file: string; flags: string; messageId: string }

/** Another mail program of the same person: mbsync keeps a Maildir and the server alike, both ways. */
export interface Mbsync {
  /** One round over all folders. Throws what mbsync says when it fails. */
  sync(): Promise<void>
  entries(): Promise<MaildirEntry[]>
  /** Adds and takes away letters, which the next round tells the server. */
  flag(entry: MaildirEntry, add: string, remove?: string): Promise<void>
  /** Into another folder, as mail programs do it: there it is a new file. */
  move(entry: MaildirEntry, folder: string): Promise<void>
  /** A message that is written here first. */
  add(folder: string, raw: string, flags?: string): Promise<void>
  /** Removes the Maildir. */
  stop(): Promise<void>
}

const ROUND_LIMIT_MS = 60_000
const run = promisify(execFile)

export async function startMbsync(server: { port: number; user: string; password: string }): Promise<Mbsync> {
  const home = await mkdtemp(join(tmpdir(), 'inlet-mbsync-'))
  const mail = join(home, 'mail')
  await mkdir(mail)
  const config = join(home, 'mbsyncrc')
  await writeFile(config, configOf(server, mail), { mode: 0o600 })
  let written = 0

  const rewrite = async ({ folder, file }: MaildirEntry, to: string, name: string) => {
    await rename(join(mail, folder, 'cur', file), join(mail, to, 'cur', name))
  }
  return {
    async sync() {
      try {
        await run('mbsync', ['-q', '-c', config, '-a'], { timeout: ROUND_LIMIT_MS })
      } catch (error) {
        const { code, stderr = '' } = error as { code?: unknown; stderr?: string }
        if (code === 'ENOENT') throw new Error('mbsync is not installed. On Debian: apt-get install isync')
        throw new Error(`mbsync failed: ${stderr.slice(-2_000) || String(error)}`)
      }
      // What is new lies in new/ until a mail program has looked at it.
      for (const folder of await readdir(mail))
        for (const file of await readdir(join(mail, folder, 'new')))
          await rename(
            join(mail, folder, 'new', file),
            join(mail, folder, 'cur', file.includes(':2,') ? file : `${file}:2,`),
          )
    },
    async entries() {
      const all: MaildirEntry[] = []
      for (const folder of await readdir(mail))
        for (const file of await readdir(join(mail, folder, 'cur'))) {
          const source = await readFile(join(mail, folder, 'cur', file), 'utf8')
          const messageId = /^Message-ID: (.+)$/im.exec(source)?.[1]?.trim() ?? ''
          all.push({ folder, file, flags: file.split(':2,')[1] ?? '', messageId })
        }
      return all.sort((a, b) => (a.folder + a.file < b.folder + b.file ? -1 : 1))
    },
    async flag(entry, add, remove = '') {
      const kept = [...entry.flags].filter(each => !remove.includes(each))
      const letters = [...new Set([...kept, ...add])].sort().join('')
      await rewrite(entry, entry.folder, `${entry.file.split(':2,')[0]}:2,${letters}`)
    },
    async move(entry, folder) {
      // The number is the old folder's.
      const base = entry.file.split(':2,')[0]?.replace(/,U=\d+/, '') ?? ''
      await rewrite(entry, folder, `${base}:2,${entry.flags.replace('T', '')}`)
    },
    async add(folder, raw, flags = '') {
      const path = join(mail, folder, 'cur', `1800000000.${++written}.here:2,${flags}`)
      await writeFile(path, raw.replaceAll('\r\n', '\n'))
      await utimes(path, 1_790_000_000 + written, 1_790_000_000 + written)
    },
    stop: () => rm(home, { recursive: true, force: true }),
  }
}

const configOf = (
  { port, user, password }: { port: number; user: string; password: string },
  mail: string,
) => `
IMAPStore far
Host 127.0.0.1
Port ${port}
User ${user}
Pass "${password}"
SSLType None
AuthMechs LOGIN

MaildirStore near
Path ${mail}/
Inbox ${mail}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
Sync All
SyncState *
CopyArrivalDate yes
`
