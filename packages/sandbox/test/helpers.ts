import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OAuth2Client } from 'google-auth-library'
import { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { onTestFinished } from 'vitest'
import type { Clock } from '../src/clock.ts'
import { DEFAULT_CLIENT, type Sandbox, type SandboxOptions, startSandbox } from '../src/sandbox.ts'

export const ANNA = 'anna@inlet.test'
export const BEN = 'ben@inlet.test'
export const TOPIC = 'projects/inlet-sandbox/topics/gmail'

/** A sandbox that ends with the test; two empty accounts unless told otherwise. */
export async function sandboxForTest(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({
    accounts: [{ email: ANNA, name: 'Anna Test' }, { email: BEN }],
    ...options,
  })
  onTestFinished(() => sandbox.close())
  return sandbox
}

/** No two readings in the same millisecond, so that the order of arrival is the order of dates. */
export function tickingClock(): Clock {
  let at = Date.now()
  return { now: () => ++at }
}

export function oauthClient(sandbox: Sandbox, redirectUri = 'http://127.0.0.1/callback'): OAuth2Client {
  const { url } = sandbox
  return new OAuth2Client({
    clientId: DEFAULT_CLIENT.id,
    clientSecret: DEFAULT_CLIENT.secret,
    redirectUri,
    endpoints: {
      oauth2AuthBaseUrl: `${url}/o/oauth2/v2/auth`,
      oauth2TokenUrl: `${url}/token`,
      oauth2RevokeUrl: `${url}/revoke`,
      tokenInfoUrl: `${url}/tokeninfo`,
      oauth2FederatedSignonPemCertsUrl: `${url}/oauth2/v1/certs`,
      oauth2FederatedSignonJwkCertsUrl: `${url}/oauth2/v3/certs`,
    },
  })
}

/** The unmodified Gmail client, signed in by refresh token. */
export function gmailFor(sandbox: Sandbox, email = ANNA, scopes?: string[]): gmail_v1.Gmail {
  const auth = oauthClient(sandbox)
  const { refresh_token } = sandbox.control.token(email, scopes)
  auth.setCredentials({ refresh_token })
  return new gmail_v1.Gmail({ auth, rootUrl: `${sandbox.url}/` })
}

export interface MessageOptions {
  subject?: string
  id?: string
  headers?: string[]
  body?: string
}

export function rfc822({ subject = 'Hello', id, headers = [], body = 'Body.' }: MessageOptions = {}): string {
  const lines = ['From: Sender <sender@example.com>', `To: ${ANNA}`, `Subject: ${subject}`, ...headers]
  if (id !== undefined) lines.push(`Message-ID: ${id}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

export function base64url(text: string | Buffer): string {
  return Buffer.from(text).toString('base64url')
}

export interface ReceivedPush {
  headers: IncomingHttpHeaders
  body: {
    message: { data: string; messageId: string; message_id: string; publishTime: string }
    subscription: string
  }
  payload: { emailAddress: string; historyId: number }
}

export interface Hook {
  endpoint: string
  pushes: ReceivedPush[]
  /** Statuses for the next requests; afterwards 204. */
  answers: number[]
}

/** A push endpoint that ends with the test. */
export async function hookForTest(): Promise<Hook> {
  const hook: Hook = { endpoint: '', pushes: [], answers: [] }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as ReceivedPush['body']
      const payload = JSON.parse(
        Buffer.from(body.message.data, 'base64').toString(),
      ) as ReceivedPush['payload']
      hook.pushes.push({ headers: request.headers, body, payload })
      response.writeHead(hook.answers.shift() ?? 204).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  hook.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`
  return hook
}

/** Polls a condition; fails after `limitMs` with what was waited for. */
export async function until(what: string, condition: () => boolean, limitMs = 10_000): Promise<void> {
  const end = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

interface GoogleFailure {
  status: number
  reason: string | undefined
  retryAfter: string | null
}

/** Status and reason of the error a Google client throws; fails when nothing is thrown. */
export async function failureOf(call: Promise<unknown>): Promise<GoogleFailure> {
  try {
    await call
  } catch (error) {
    const { response } = error as { response?: { status: number; data: unknown; headers: Headers } }
    if (!response) throw error
    const data = response.data as { error?: { errors?: { reason?: string }[] } | string }
    const reason = typeof data.error === 'string' ? data.error : data.error?.errors?.[0]?.reason
    return { status: response.status, reason, retryAfter: response.headers.get('retry-after') }
  }
  throw new Error('the call succeeded, but a failure was expected')
}

/** Posts to the control API. */
export async function control(
  sandbox: Sandbox,
  path: string,
  body: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${sandbox.url}/control/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}
