import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readCertificates } from '../src/imap.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inlet-certificates-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function reading(text: string) {
  const file = join(folder, 'own.pem')
  await writeFile(file, text)
  return readCertificates(file)
}

it('reads every certificate of the file, whatever stands between them', async () => {
  const [first = '', second = ''] = rootCertificates
  expect(await reading(`Our own\n${first}\n# and another\n${second}\n`)).toEqual([
    first.trim(),
    second.trim(),
  ])
})

it('names the file and what is wrong with it', async () => {
  expect(() => readCertificates(join(folder, 'missing.pem'))).toThrow(
    /^INLET_IMAP_CERTIFICATES: .*missing\.pem cannot be read \(ENOENT\)\.$/,
  )
  await expect(reading('hello')).rejects.toThrow(/holds no certificate in PEM form/)
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  await expect(reading(`${rootCertificates[0]}\n${broken}`)).rejects.toThrow(/the 2\. in it/)
})
