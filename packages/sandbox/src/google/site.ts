import { noContent, type Reply, ReplyError } from '../http/reply.ts'
import { type Request, Router } from '../http/router.ts'
import { answerBatch } from './batch.ts'
import { googleError, unauthorized } from './errors.ts'
import { selectFields } from './fields.ts'
import type { GmailCall } from './gmail/context.ts'
import { gmailRoutes } from './gmail/routes.ts'
import type { Google } from './google.ts'
import { answerConsent, showConsent } from './oauth/consent.ts'
import { identityToken, tokenInfo, userinfo } from './oauth/identity.ts'
import { revokeEndpoint, tokenEndpoint } from './oauth/token-endpoint.ts'
import type { Caller } from './oauth/tokens.ts'
import { pullRoutes } from './pubsub/pull.ts'

export interface Answer {
  reply: Reply
  template: string
}

type Site = { google: Google; request: Request }

/** Answers everything Google does; undefined when the path is none of Google's. */
export class GoogleSite {
  readonly google: Google
  #gmail: Router<GmailCall> = gmailRoutes()
  #pull = pullRoutes()
  #open = openRoutes()

  constructor(google: Google) {
    this.google = google
  }

  caller(request: Request): Caller | undefined {
    const bearer =
      /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? request.query.get('access_token')
    return bearer ? this.google.tokens.caller(bearer) : undefined
  }

  async answer(request: Request): Promise<Answer | undefined> {
    try {
      return await this.#answer(request)
    } catch (error) {
      if (error instanceof ReplyError) return { reply: error.reply, template: request.path }
      throw error
    }
  }

  async #answer(request: Request): Promise<Answer | undefined> {
    const { method, path } = request
    if (method === 'POST' && (path === '/batch/gmail/v1' || path === '/batch')) {
      return { reply: await answerBatch(request, inner => this.answer(inner)), template: path }
    }
    const open = this.#open.find(method, path)
    if ('run' in open)
      return { reply: await open.run({ google: this.google, request }), template: open.template }
    const gmail = this.#gmail.find(method, path)
    if ('run' in gmail) return { reply: await this.#gmailCall(request, gmail), template: gmail.template }
    const pull = this.#pull.find(method, path)
    if ('run' in pull)
      return { reply: await pull.run({ google: this.google, request }), template: pull.template }
    const allowed = [...open.allowed, ...gmail.allowed, ...pull.allowed]
    if (allowed.length > 0)
      return {
        reply: googleError(405, 'httpMethodNotAllowed', `Use ${allowed.join(' or ')}.`),
        template: path,
      }
    if (!/^\/(upload\/)?(gmail|batch|oauth2|o|v1)\//.test(path)) return undefined
    return {
      reply: googleError(404, 'notFound', `The sandbox does not simulate ${method} ${path}.`),
      template: path,
    }
  }

  async #gmailCall(
    request: Request,
    found: { run: (call: GmailCall) => Reply | Promise<Reply>; template: string },
  ): Promise<Reply> {
    const caller = this.caller(request) ?? unauthorized()
    const fault = this.google.faults.take('status', {
      method: request.method,
      path: request.path,
      account: caller.email,
    })
    if (fault) return faultReply(fault)
    const mailbox = this.google.mailboxes.get(caller.email) ?? unauthorized()
    try {
      const reply = await found.run({ google: this.google, request, caller, mailbox })
      const fields = request.query.get('fields')
      return fields && reply.body !== undefined ? { ...reply, body: selectFields(reply.body, fields) } : reply
    } catch (error) {
      if (error instanceof ReplyError) return error.reply
      throw error
    }
  }
}

/** The error a `status` fault asks for, in Google's form, with a fitting reason where none is given. */
export function faultReply(fault: {
  status?: number
  reason?: string
  message?: string
  retryAfter?: number
}): Reply {
  const status = fault.status ?? 500
  const usual: Record<number, string> = {
    401: 'authError',
    403: 'userRateLimitExceeded',
    404: 'notFound',
    429: 'rateLimitExceeded',
  }
  const reason = fault.reason ?? usual[status] ?? 'backendError'
  return googleError(status, reason, fault.message ?? 'A fault asked for this answer.', {
    ...(/RateLimit|quota/i.test(reason) && { domain: 'usageLimits' }),
    ...(fault.retryAfter !== undefined && { headers: { 'retry-after': String(fault.retryAfter) } }),
  })
}

function openRoutes(): Router<Site> {
  return new Router<Site>()
    .on('GET', '/o/oauth2/v2/auth', ({ google, request }) => showConsent(google, request.query))
    .on('POST', '/o/oauth2/v2/auth', ({ google, request }) => answerConsent(google, request))
    .on('POST', '/token', ({ google, request }) =>
      tokenEndpoint(google, request, (...grant) => identityToken(google, ...grant)),
    )
    .on('POST', '/revoke', ({ google, request }) => revokeEndpoint(google, request))
    .on('GET', '/oauth2/v1/certs', ({ google }) =>
      certificates({ [google.keys.kid]: google.keys.certificate }),
    )
    .on('GET', '/oauth2/v3/certs', async ({ google }) => certificates(await google.keys.jwks()))
    .on('GET', '/oauth2/v3/userinfo', userinfoRoute)
    .on('GET', '/v1/userinfo', userinfoRoute)
    .on('GET', '/tokeninfo', ({ google, request }) =>
      tokenInfo(google, request.query.get('access_token') ?? ''),
    )
    .on('POST', '/tokeninfo', ({ google, request }) => {
      const form = new URLSearchParams(request.body.toString('utf8'))
      return tokenInfo(
        google,
        form.get('access_token') ?? request.query.get('access_token') ?? bearerOf(request),
      )
    })
    .on('GET', '/generate_204', () => noContent)
}

function bearerOf(request: Request): string {
  return (request.headers.authorization ?? '').replace(/^Bearer /i, '')
}

function userinfoRoute({ google, request }: Site): Reply {
  return userinfo(google, google.tokens.caller(bearerOf(request)) ?? unauthorized())
}

function certificates(body: object): Reply {
  return { status: 200, headers: { 'cache-control': 'public, max-age=3600' }, body }
}
