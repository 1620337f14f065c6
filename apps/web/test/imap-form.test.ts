import { describe, expect, it } from 'vitest'
import { Refusal } from '../src/settings/api.ts'
import { emptyDraft, fromFound, toRequest, wayAt, withSecurity } from '../src/settings/imap/draft.ts'
import { problemOf } from '../src/settings/imap/problem.ts'

const empty = emptyDraft('ann@example.org', 'Ann')
const tls = { host: 'imap.example.org', port: 993, security: 'tls' } as const

describe('a mailbox as it is typed', () => {
  it('takes over what was found, and keeps what was typed', () => {
    const found = {
      ...({ source: 'srv', name: 'example.org', login: 'password', note: null } as const),
      ...{ imap: tls, smtp: null, user: 'ann', consent: null },
    }
    const draft = fromFound({ ...empty, password: 'secret' }, found)
    expect(toRequest(draft)).toEqual({
      email: 'ann@example.org',
      user: 'ann',
      password: 'secret',
      displayName: 'Ann',
      imap: tls,
      smtp: null,
    })
  })

  it('is sent without the spaces around it; a port that is no number is for the server to refuse', () => {
    const imap = { host: ' imap.example.org ', port: 'x', security: 'tls' } as const
    const request = toRequest({ ...empty, email: ' ann@example.org ', user: ' ', password: ' p ', imap })
    expect(request).toMatchObject({ email: 'ann@example.org', password: ' p ', imap: { ...tls, port: 0 } })
    expect(request).not.toHaveProperty('user')
  })

  it('changes the usual port with the security, and no other', () => {
    const server = { host: 'h', port: '993', security: 'tls' } as const
    expect(withSecurity(server, 'imap', 'starttls').port).toBe('143')
    expect(withSecurity({ ...server, port: '' }, 'smtp', 'starttls').port).toBe('587')
    expect(withSecurity({ ...server, port: '1143' }, 'imap', 'starttls').port).toBe('1143')
  })
})

describe('a server that is typed', () => {
  const consent = { id: 'company', name: 'Company' }
  const way = {
    ...({ source: 'configured', name: 'Company', login: 'password', note: null } as const),
    ...{ imap: tls, smtp: null, user: '', consent },
  }
  const configured = [{ way, hosts: ['mail.example.org'] }]
  const typed = (host: string, port = '993') => wayAt({ host, port, security: 'tls' }, configured)

  it.each([
    ['imap.example.org', '993', true],
    [' IMAP.Example.org ', '993', true],
    ['imap.example.org', '1993', false],
    ['imap.example.org', '', false],
    ['mail.example.org', '143', true],
    ['imap.example.or', '993', false],
    ['', '', false],
  ])('%s port %s has a consent page: %s', (host, port, has) => {
    expect(typed(host, port)).toBe(has ? way : undefined)
  })
})

describe('what went wrong', () => {
  const refusal = (server: string, reason: string) =>
    problemOf(
      new Refusal('The server answered with status 422.', {
        error: { code: 'mail_server_refused', message: 'It said no.', server, reason },
      }),
    )

  it.each([
    ['imap', 'wrong_password', 'password'],
    ['imap', 'app_password_needed', 'password'],
    ['smtp', 'wrong_password', 'smtp.host'],
    ['smtp', 'connection_refused', 'smtp.port'],
    ['imap', 'private_address', 'imap.host'],
    ['imap', 'certificate_wrong_host', 'imap.host'],
    ['imap', 'not_tls', 'imap.security'],
    ['imap', 'too_many_connections', null],
  ])('%s %s is said at %s', (server, reason, at) => {
    expect(refusal(server, reason)).toEqual({ message: 'It said no.', at })
  })

  it('is said at the field that the request was refused for', () => {
    const issues = [{ path: 'smtp.port', message: 'A port is a number.' }]
    const error = { code: 'bad_request', message: 'The body is not valid.', issues }
    expect(problemOf(new Refusal('The body is not valid.', { error }))).toEqual({
      message: 'A port is a number.',
      at: 'smtp.port',
    })
    const strange = { ...error, issues: [{ path: 'constructor', message: 'x' }] }
    expect(problemOf(new Refusal('The body is not valid.', { error: strange }))).toEqual({
      message: 'The body is not valid.',
      at: null,
    })
    expect(problemOf(new Error('No network.'))).toEqual({ message: 'No network.', at: null })
  })
})
