import { realWorld } from '@inlet/sync/world'
import { describe, expect, test, vi } from 'vitest'
import type { SessionWorld } from '../src/imap/session.ts'
import { type MailAccess, type ServerSettings, withDefaults } from '../src/imap/settings.ts'
import { tryLogin } from '../src/imap/try-login.ts'
import { fakeImap, fakeServer, saying } from './imap-fake-server.ts'
import { fakeSmtp } from './imap-fake-smtp.ts'
import { never } from './imap-world.ts'

const PASSWORD = 'correct horse battery'
const from: SessionWorld = {
  settings: withDefaults({ allowPrivateHosts: true }),
  world: realWorld,
  lookup: async () => ['127.0.0.1'],
}
const at = (port: number): ServerSettings => ({ host: 'mail.example.org', port, security: 'none' })
const limits = { tryMs: 2_000, connectMs: 500, greetingMs: 500, silenceMs: 5_000 }
const attempt = (imap: number, smtp: number | null = null, more: Partial<typeof limits> = {}) => {
  const access: MailAccess = {
    accountId: 'a',
    imap: at(imap),
    smtp: smtp === null ? null : at(smtp),
    user: 'ann@example.org',
    secret: async () => ({ password: PASSWORD }),
  }
  return tryLogin(access, from, never, { ...limits, ...more })
}

describe('trying to log in', () => {
  test('both servers take it, and nothing is sent', async () => {
    const smtp = await fakeSmtp({ password: PASSWORD })
    expect(await attempt((await fakeImap({})).port, smtp.port)).toBeNull()
    expect(smtp.mails).toEqual([])
    expect(smtp.lines.filter(line => /^(MAIL|RCPT|DATA)/.test(line))).toEqual([])
  })

  test('a refusal by IMAP is not tried again on SMTP', async () => {
    const smtp = await fakeSmtp()
    const imap = await fakeImap({
      on: { LOGIN: ({ end }) => end('NO [AUTHENTICATIONFAILED] Authentication failed.') },
    })
    const problem = await attempt(imap.port, smtp.port)
    expect(problem).toMatchObject({ server: 'imap', code: 'wrong_password' })
    expect(problem?.message).toMatch(/^mail\.example\.org refused user name or password/)
    expect(smtp.connections()).toBe(0)
  })

  test('a refusal by SMTP is told as its own', async () => {
    const smtp = await fakeSmtp({ password: 'another' })
    expect(await attempt((await fakeImap({})).port, smtp.port)).toMatchObject({
      server: 'smtp',
      code: 'wrong_password',
    })
  })

  test('a server that crashes at the farewell takes nobody with it', async () => {
    const imap = await fakeImap({})
    const answer = (line: string) => (/^QUIT/.test(line) ? 'reset' : null)
    const smtp = await fakeSmtp({ password: PASSWORD, answer })
    expect(await attempt(imap.port, smtp.port)).toBeNull()
    await vi.waitFor(() => expect(smtp.lines).toContain('QUIT'))
    // Where the reset were nobody's, it would have ended the process by the end of another login.
    expect(await attempt(imap.port, smtp.port)).toBeNull()
  })

  test('what the servers repeat of the password is not', async () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const echo = `${PASSWORD} ${base64(PASSWORD)} ${base64(`\0ann@example.org\0${PASSWORD}`)}`
    const imap = await fakeImap({ on: { LOGIN: ({ end }) => end(`NO wrong password ${echo} indeed`) } })
    const smtp = await fakeSmtp({
      answer: line => (/^AUTH/.test(line) ? `535 wrong password ${echo} indeed` : null),
    })
    const problems = [await attempt(imap.port), await attempt((await fakeImap({})).port, smtp.port)]
    for (const problem of problems) expect(problem?.message).toContain('wrong password … … … indeed')
  })

  test('a server that hangs is waited for no longer than a person would', async () => {
    const silent = await saying('')
    expect(await attempt(silent.port)).toMatchObject({ server: 'imap', code: 'no_greeting' })
    expect(await attempt((await fakeImap({})).port, silent.port)).toMatchObject({
      server: 'smtp',
      code: 'no_greeting',
    })
    const hanging = await fakeImap({ on: { LOGIN: () => {} } })
    const problem = await attempt(hanging.port, null, { tryMs: 400 })
    expect(problem).toEqual({
      server: 'imap',
      code: 'timeout',
      message: 'mail.example.org took longer than 0.4 s to log in. Check host and port, or try again later.',
    })
  })

  test('another service is told, and nothing is promised to go on by itself', async () => {
    const imap = await fakeImap({})
    expect(await attempt(imap.port, imap.port)).toMatchObject({ server: 'smtp', code: 'wrong_service' })
    const crowded = await fakeServer(socket => socket.end('* BYE too many connections\r\n'))
    const problem = await attempt(crowded.port)
    expect(problem).toMatchObject({ code: 'too_many_connections' })
    expect(problem?.message).not.toMatch(/by itself|tried again|made anew/)
  })
})
