import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const TOOL_LIMIT_MS = 20_000
const run = promisify(execFile)

/** A key and a self-signed certificate for these names (`key.pem`, `certificate.pem`), by the openssl that Dovecot brings. */
export async function makeCertificate(
  folder: string,
  options: { certificateNames?: readonly string[]; certificateExpired?: boolean },
): Promise<void> {
  const { certificateNames = ['localhost', '127.0.0.1'], certificateExpired = false } = options
  await mkdir(join(folder, 'ca'))
  const names = certificateNames.map(name => (/^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`))
  const key = join(folder, 'key.pem')
  const certificate = join(folder, 'certificate.pem')
  const request = join(folder, 'ca', 'request.pem')
  const extensions = join(folder, 'ca', 'extensions')
  const subject = ['-subj', `/CN=${certificateNames[0] ?? 'localhost'}`]
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  await openssl('req', '-new', ...newKey, ...subject, '-out', request)
  await writeFile(extensions, `subjectAltName=${names.join(',')}\n`)
  const config = join(folder, 'ca', 'config')
  const database = join(folder, 'ca', 'index')
  await writeFile(database, '')
  await writeFile(
    config,
    `[ca]\ndefault_ca=own\n[own]\ndatabase=${database}\nnew_certs_dir=${join(folder, 'ca')}\nserial=${join(folder, 'ca', 'serial')}\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n`,
  )
  const day = (offset: number) =>
    `${new Date(Date.now() + offset * 86_400_000).toISOString().replace(/[-T:]/g, '').slice(0, 14)}Z`
  const [from, until] = certificateExpired ? [day(-30), day(-2)] : [day(-1), day(30)]
  const dates = ['-startdate', from, '-enddate', until]
  const own = ['-selfsign', '-keyfile', key, '-in', request, '-out', certificate, '-extfile', extensions]
  await openssl('ca', '-batch', '-notext', '-create_serial', '-config', config, ...own, ...dates)
}

async function openssl(...args: string[]): Promise<void> {
  await run('openssl', args, { timeout: TOOL_LIMIT_MS })
}
