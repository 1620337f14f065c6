import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readImapOAuth } from '../src/imap-oauth.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inlet-imap-oauth-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const least = {
  id: 'company',
  name: 'Company',
  imap: { host: 'IMAP.company.example', port: 993, security: 'tls' },
  authorizeUrl: 'https://login.company.example/authorize?realm=mail',
  tokenUrl: 'https://login.company.example/token',
  clientId: 'inlet',
  scopes: ['mail', 'offline_access'],
}

async function reading(content: unknown) {
  const file = join(folder, 'oauth.json')
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return readImapOAuth(file)
}
const problem = (content: unknown) =>
  reading(content).then(
    () => 'none',
    (error: Error) => error.message,
  )

describe('the file of mail providers with a consent page', () => {
  it('needs little: the rest is a public client that takes passwords as well', async () => {
    expect(await reading([least])).toEqual([
      {
        ...least,
        ...{ domains: [], hosts: [], smtp: null, revokeUrl: null, clientSecret: null },
        ...{ clientAuthentication: 'post', authorizeParameters: {}, passwords: true },
        imap: { ...least.imap, host: 'imap.company.example' },
      },
    ])
    expect(await reading([])).toEqual([])
  })

  it('takes the example of the documentation', async () => {
    const docs = await readFile(new URL('../../../docs/providers/imap.md', import.meta.url), 'utf8')
    const [example] = await reading(/```json\n(.*?)```/s.exec(docs)?.[1] ?? '')
    expect(example?.scopes).toContain('offline_access')
  })

  it.each([
    ['a missing field', { tokenUrl: undefined }, /0\.tokenUrl: /],
    ['an address that is none', { tokenUrl: 'login/token' }, /0\.tokenUrl: /],
    ['secrets in the open', { tokenUrl: 'http://login.company.example/token' }, /0\.tokenUrl: must be https/],
    ['a field that there is not', { client_id: 'x' }, /client_id/],
    ['a name that is no address part', { id: 'My Company' }, /0\.id: must be of small letters/],
    ['a port', { imap: { ...least.imap, port: 0 } }, /0\.imap\.port: A port is/],
    ['a security', { smtp: { ...least.imap, security: 'ssl' } }, /0\.smtp\.security: /],
    ['no scopes', { scopes: [] }, /0\.scopes: /],
    ['scopes in one', { scopes: ['mail offline_access'] }, /0\.scopes\.0: must be one scope/],
    ['what is set here', { authorizeParameters: { state: 'x' } }, /0\.authorizeParameters: must not contain/],
  ])('names %s', async (_, change, expected) => {
    const said = await problem([{ ...least, ...change }])
    expect(said).toMatch(/^INLET_IMAP_OAUTH: .*oauth\.json is not valid:\n {2}/)
    expect(said).toMatch(expected)
  })

  it('lets no two providers have one name or one domain', async () => {
    const other = { ...least, domains: ['company.example'] }
    const said = await problem([other, other])
    expect(said).toContain('1.id: "company" is taken already')
    expect(said).toContain('1.domains: "company.example" is taken already')
  })

  it('says of a file that cannot be used why, and never what is in it', async () => {
    expect(() => readImapOAuth(join(folder, 'missing.json'))).toThrow(
      /missing\.json cannot be read \(ENOENT\)/,
    )
    for (const content of [
      '{"clientSecret": "hunter2-hunter2"',
      [{ ...least, clientSecret: ['hunter2-hunter2'] }],
    ]) {
      const said = await problem(content)
      expect(said).toContain('is not valid')
      expect(said).not.toContain('hunter2')
    }
  })
})
