import { createTransport } from 'nodemailer'
import { expect, onTestFinished, test } from 'vitest'
import { DEFAULT_MAIL_CLIENT } from '../../src/imap/oauth.ts'
import type { Sandbox } from '../../src/sandbox.ts'
import { control } from '../helpers.ts'
import { clientFor, IDA, JAN, mailForTest, wireFor } from './helpers.ts'

const REDIRECT = 'http://127.0.0.1:3000/back'

/** The person on the consent page, and the application at the token endpoint. */
async function consent(sandbox: Sandbox, account = IDA) {
  const query = new URLSearchParams({
    ...{ client_id: DEFAULT_MAIL_CLIENT.id, redirect_uri: REDIRECT, response_type: 'code' },
    scope: 'mail offline_access',
  })
  const page = await fetch(`${sandbox.url}/imap/oauth/authorize?${query}`, {
    method: 'POST',
    body: new URLSearchParams({ account, answer: 'allow' }),
    redirect: 'manual',
  })
  const code = new URL(page.headers.get('location') ?? '').searchParams.get('code') ?? ''
  return await tokens(sandbox, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
}

async function tokens(sandbox: Sandbox, form: Record<string, string>) {
  const client = { client_id: DEFAULT_MAIL_CLIENT.id, client_secret: DEFAULT_MAIL_CLIENT.secret }
  const body = new URLSearchParams({ ...client, ...form })
  const answer = await fetch(`${sandbox.url}/imap/oauth/token`, { method: 'POST', body })
  return (await answer.json()) as { access_token: string; refresh_token?: string; error?: string }
}

const initial = (...fields: string[]) => Buffer.from([...fields, '', ''].join('\x01')).toString('base64')
const xoauth2 = (user: string, token: string) => initial(`user=${user}`, `auth=Bearer ${token}`)

test('a granted token opens its own mailbox, at IMAP by both mechanisms, and at SMTP', async () => {
  const sandbox = await mailForTest()
  const { access_token: token } = await consent(sandbox)
  for (const sent of [
    `XOAUTH2 ${xoauth2(IDA, token)}`,
    `OAUTHBEARER ${initial(`n,a=${IDA},`, 'host=x', 'port=1', `auth=Bearer ${token}`)}`,
  ])
    expect(await (await wireFor(sandbox, false)).command('a', `AUTHENTICATE ${sent}`)).toMatch(/^a OK/)
  await clientFor(sandbox, { auth: { user: IDA, accessToken: token } })
  const transport = createTransport({
    ...{ host: '127.0.0.1', port: sandbox.imap?.smtpPort ?? 0, ignoreTLS: true },
    auth: { type: 'OAuth2', user: IDA, accessToken: token },
  })
  onTestFinished(() => transport.close())
  const mail = { from: IDA, to: JAN, subject: 'By token', text: 'Hello.' }
  expect((await transport.sendMail(mail)).accepted).toEqual([JAN])
})

test('another’s token, and one that has ended, are refused with a challenge and then NO', async () => {
  const sandbox = await mailForTest()
  const granted = await consent(sandbox)
  const wire = await wireFor(sandbox, false)
  const refused = async (tag: string, user: string) => {
    const sent = initial(`n,a=${user},`, 'host=x', 'port=1', `auth=Bearer ${granted.access_token}`)
    wire.said = ''
    wire.socket.write(`${tag} AUTHENTICATE OAUTHBEARER ${sent}\r\n`)
    await wire.heard(/^\+ /m)
    const challenge = Buffer.from(wire.said.slice(2), 'base64').toString()
    expect(JSON.parse(challenge)).toMatchObject({ status: 'invalid_token' })
    wire.socket.write('AQ==\r\n')
    await wire.heard(new RegExp(`^${tag} NO \\[AUTHENTICATIONFAILED\\] `, 'm'))
  }
  await refused('a', JAN)
  expect((await control(sandbox, 'imap/expire-tokens', { account: IDA })).body).toEqual({ tokens: 1 })
  await refused('b', IDA)
  const refreshing = { grant_type: 'refresh_token', refresh_token: granted.refresh_token ?? '' }
  const fresh = await tokens(sandbox, refreshing)
  expect(await wire.command('c', `AUTHENTICATE XOAUTH2 ${xoauth2(IDA, fresh.access_token)}`)).toMatch(/^c OK/)
  await control(sandbox, 'imap/revoke', { account: IDA })
  expect(await tokens(sandbox, refreshing)).toMatchObject({ error: 'invalid_grant' })
})

test('a mail server may ask what a token is worth', async () => {
  const sandbox = await mailForTest()
  const { access_token: token } = await consent(sandbox)
  const ask = async () => {
    const body = new URLSearchParams({ token })
    return await (await fetch(`${sandbox.url}/imap/oauth/introspect`, { method: 'POST', body })).json()
  }
  expect(await ask()).toMatchObject({ active: true, email: IDA, scope: 'mail offline_access' })
  sandbox.control.imap.revoke(IDA)
  expect(await ask()).toEqual({ active: false })
})
