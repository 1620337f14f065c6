import { randomUUID } from 'node:crypto'
import { type Reply, ReplyError } from '../http/reply.ts'

/** Graph's error document. Codes are compared without regard to case by careful clients. */
export function graphError(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Reply {
  const id = randomUUID()
  const date = new Date().toISOString().slice(0, 19)
  return {
    status,
    headers: { 'request-id': id, 'client-request-id': id, ...headers },
    body: {
      error: { code, message, innerError: { date, 'request-id': id, 'client-request-id': id } },
    },
  }
}

/** Answers at once with an error. */
export function fail(status: number, code: string, message: string, headers?: Record<string, string>): never {
  throw new ReplyError(graphError(status, code, message, headers), message)
}

export function itemNotFound(): never {
  return fail(404, 'ErrorItemNotFound', 'The specified object was not found in the store.')
}

export function malformedId(): never {
  return fail(400, 'ErrorInvalidIdMalformed', 'Id is malformed.')
}

export function badRequest(message: string, code = 'BadRequest'): never {
  return fail(400, code, message)
}

export function accessDenied(): never {
  return fail(403, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.')
}

export function unauthorized(why: 'missing' | 'unknown' | 'expired'): never {
  const messages = {
    missing: 'Access token is empty.',
    unknown: 'IDX14100: JWT is not well formed, there are no dots (.).',
    expired: 'Lifetime validation failed, the token is expired.',
  }
  return fail(401, 'InvalidAuthenticationToken', messages[why], {
    'www-authenticate':
      'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"',
  })
}

const USUAL_CODE: Record<number, string> = {
  400: 'BadRequest',
  401: 'InvalidAuthenticationToken',
  403: 'ErrorAccessDenied',
  404: 'ErrorItemNotFound',
  409: 'Conflict',
  410: 'syncStateNotFound',
  412: 'ErrorIrresolvableConflict',
  429: 'ApplicationThrottled',
  500: 'InternalServerError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
}

/** The error a `status` fault asks for, in Graph's form, with a fitting code where no reason is given. */
export function faultReply(fault: {
  status?: number
  reason?: string
  message?: string
  retryAfter?: number
}): Reply {
  const status = fault.status ?? 500
  const code = fault.reason ?? USUAL_CODE[status] ?? 'UnknownError'
  const retry = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }
  return graphError(status, code, fault.message ?? 'A fault asked for this answer.', retry)
}
