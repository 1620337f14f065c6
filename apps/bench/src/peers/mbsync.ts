import { execFile } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Context } from '../bench.ts'
import type { ImapAccess } from '../imap-access.ts'

const run = promisify(execFile)
const LIMIT_MS = 10 * 60_000

/** null: it is not installed. */
export const mbsyncVersion = (): Promise<string | null> =>
  run('mbsync', ['--version'], { timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  )

/** Pulls the whole mailbox into a fresh Maildir; its settings are those it has by itself. */
export async function pullWithMbsync(
  context: Context,
  access: ImapAccess,
): Promise<{ seconds: number; messages: number }> {
  const home = await context.folder('mbsync')
  const mail = join(home, 'mail')
  const [config, certificate] = [join(home, 'mbsyncrc'), join(home, 'certificate.pem')]
  await mkdir(mail)
  await writeFile(certificate, access.certificate)
  await writeFile(config, settings(access, { mail, certificate }), { mode: 0o600 })
  const began = performance.now()
  await run('mbsync', ['-q', '-c', config, '-a'], { timeout: LIMIT_MS, signal: context.signal })
  const seconds = (performance.now() - began) / 1000
  let messages = 0
  for (const folder of await readdir(mail))
    for (const part of ['new', 'cur']) messages += (await readdir(join(mail, folder, part))).length
  return { seconds, messages }
}

const settings = (
  { port, user, password }: ImapAccess,
  { mail, certificate }: { mail: string; certificate: string },
) => `
IMAPStore far
Host localhost
Port ${port}
User ${user}
Pass "${password}"
SSLType IMAPS
CertificateFile ${certificate}
AuthMechs LOGIN

MaildirStore near
Path ${mail}/
Inbox ${mail}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Near
Sync Pull
SyncState *
`
