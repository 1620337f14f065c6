import { setTimeout as sleep } from 'node:timers/promises'
import { type Reply, ReplyError } from '../http/reply.ts'
import { type Request, Router } from '../http/router.ts'
import { answerSignIn, showSignIn } from './entra/authorize.ts'
import type { EntraCaller } from './entra/entra-tokens.ts'
import { openidConfiguration, userinfo } from './entra/identity.ts'
import { tokenEndpoint } from './entra/token-endpoint.ts'
import { faultReply, graphError, unauthorized } from './errors.ts'
import { answerBatch } from './graph/batch.ts'
import { createCall, type GraphCall } from './graph/call.ts'
import { canonicalPath } from './graph/path.ts'
import { graphRoutes } from './graph/routes.ts'
import type { Microsoft } from './microsoft.ts'
import type { Place } from './throttle.ts'

export interface Answer {
  reply: Reply
  template: string
}

type Entra = { microsoft: Microsoft; request: Request }

const GRAPH = /^\/v1\.0(\/|$)/
const ENTRA = /^\/[^/]+\/(oauth2\/v2\.0|discovery\/v2\.0|v2\.0\/\.well-known)\/|^\/oidc\/userinfo$/

/** Answers everything Entra and Graph do; undefined when the path is none of Microsoft's. */
export class MicrosoftSite {
  readonly microsoft: Microsoft
  #graph = graphRoutes()
  #entra = entraRoutes()
  /** Places among the concurrent requests, from arrival until the answer is out. */
  #places = new Map<Request, Place | Reply>()

  constructor(microsoft: Microsoft) {
    this.microsoft = microsoft
  }

  owns(path: string): boolean {
    return GRAPH.test(path) || ENTRA.test(path)
  }

  /** The request under its one spelling, by which faults and counters know it. */
  canonical(request: Request): Request {
    return GRAPH.test(request.path) ? { ...request, path: canonicalPath(request.path) } : request
  }

  caller(request: Request): EntraCaller | undefined {
    const found = this.microsoft.tokens.caller(bearerOf(request))
    return typeof found === 'string' ? undefined : found
  }

  /** Takes the request's place before anything can hold it up. */
  begin(request: Request): void {
    const caller = this.caller(request)
    if (caller && isLimited(canonicalPath(request.path))) this.#places.set(request, this.#enter(caller))
  }

  finished(request: Request): void {
    const place = this.#places.get(request)
    if (place && 'leave' in place) place.leave()
    this.#places.delete(request)
  }

  async answer(request: Request): Promise<Answer | undefined> {
    try {
      if (GRAPH.test(request.path)) return await this.#answerGraph(request)
      if (!this.owns(request.path)) return undefined
      const found = this.#entra.find(request.method, request.path)
      if (!('run' in found)) return undefined
      return { reply: await found.run({ microsoft: this.microsoft, request }), template: found.template }
    } catch (error) {
      if (error instanceof ReplyError) return { reply: error.reply, template: request.path }
      throw error
    }
  }

  async #answerGraph(outer: Request): Promise<Answer> {
    const caller = this.#authorised(outer)
    const request = asMe(this.canonical(outer), caller, this.microsoft)
    if (request.path === '/v1.0/$batch' && request.method === 'POST' && !request.inner) {
      const reply = await answerBatch(request, inner => this.#inner(inner))
      return { reply, template: request.path }
    }
    const found = this.#graph.find(request.method, request.path)
    if (!('run' in found)) return { reply: nothingAt(request, found.allowed), template: request.path }
    const place = this.#places.get(outer) ?? (isLimited(request.path) ? this.#enter(caller) : undefined)
    if (place && 'status' in place) return { reply: place, template: found.template }
    try {
      if (place && place.serviceMs > 0) await sleep(place.serviceMs)
      return { reply: await this.#run(request, caller, found.run), template: found.template }
    } finally {
      if (!this.#places.has(outer)) place?.leave()
    }
  }

  async #run(
    request: Request,
    caller: EntraCaller,
    run: (call: GraphCall) => Reply | Promise<Reply>,
  ): Promise<Reply> {
    const { path, method } = request
    const fault = this.microsoft.faults.take('status', { method, path, account: caller.email })
    if (fault) return faultReply(fault)
    try {
      const mailbox = this.microsoft.mailboxes.get(caller.email) ?? unauthorized('unknown')
      return await run(createCall({ microsoft: this.microsoft, request, caller, mailbox }))
    } catch (error) {
      if (error instanceof ReplyError) return error.reply
      throw error
    }
  }

  async #inner(request: Request): Promise<Reply> {
    const answered = await this.answer(request)
    return answered?.reply ?? nothingAt(request, [])
  }

  #authorised(request: Request): EntraCaller {
    const bearer = bearerOf(request)
    if (bearer === '') unauthorized('missing')
    const found = this.microsoft.tokens.caller(bearer)
    return typeof found === 'string' ? unauthorized(found) : found
  }

  #enter(caller: EntraCaller): Place | Reply {
    return this.microsoft.throttle.enter(caller.client, caller.email)
  }
}

/** What counts against the mailbox's limits: everything in it, but neither the profile nor subscriptions. */
function isLimited(path: string): boolean {
  return /^\/v1\.0\/(me|users\/[^/]+)\//.test(path)
}

/** `/users/{own id or address}` is `/me`; anybody else's mailbox is out of reach. */
function asMe(request: Request, caller: EntraCaller, microsoft: Microsoft): Request {
  const user = /^\/v1\.0\/users\/([^/]+)/.exec(request.path)
  if (!user) return request
  const name = decodeURIComponent(user[1] ?? '').toLowerCase()
  const own = [caller.email, microsoft.mailboxes.get(caller.email)?.account.userId]
  if (own.includes(name)) return { ...request, path: `/v1.0/me${request.path.slice(user[0].length)}` }
  const known = microsoft.mailboxes
    .all()
    .some(({ account }) => [account.email, account.userId].includes(name))
  throw new ReplyError(
    known
      ? graphError(403, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.')
      : graphError(404, 'ErrorInvalidUser', `The requested user '${name}' is invalid.`),
    'another user',
  )
}

function nothingAt({ path }: Request, allowed: readonly string[]): Reply {
  if (allowed.length > 0) {
    return graphError(
      405,
      'Request_BadRequest',
      `Specified HTTP method is not allowed for the request target.`,
    )
  }
  return graphError(400, 'BadRequest', `Resource not found for the segment '${path.split('/').at(-1)}'.`)
}

function bearerOf(request: Request): string {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
}

function entraRoutes(): Router<Entra> {
  const originOf = (request: Request): string => `http://${request.headers.host ?? 'localhost'}`
  return new Router<Entra>()
    .on('GET', '/:tenant/oauth2/v2.0/authorize', ({ microsoft, request }, { tenant = '' }) =>
      showSignIn(microsoft, request, tenant),
    )
    .on('POST', '/:tenant/oauth2/v2.0/authorize', ({ microsoft, request }, { tenant = '' }) =>
      answerSignIn(microsoft, request, tenant),
    )
    .on('POST', '/:tenant/oauth2/v2.0/token', ({ microsoft, request }, { tenant = '' }) =>
      tokenEndpoint(microsoft, request, tenant),
    )
    .on('GET', '/:tenant/discovery/v2.0/keys', async ({ microsoft }) => ({
      status: 200,
      body: await microsoft.keys.jwks(),
    }))
    .on('GET', '/:tenant/v2.0/.well-known/openid-configuration', ({ request }, { tenant = '' }) =>
      openidConfiguration(originOf(request), tenant),
    )
    .on('GET', '/oidc/userinfo', ({ microsoft, request }) => {
      const caller = microsoft.tokens.caller(bearerOf(request))
      if (typeof caller === 'string') return unauthorized(caller)
      return userinfo(microsoft.mailboxes.get(caller.email)?.account ?? unauthorized('unknown'))
    })
}
