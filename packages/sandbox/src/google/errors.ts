import { type Reply, ReplyError } from '../http/reply.ts'

/** Google's JSON error: clients read `errors[0].reason`, not only the status. */
export function googleError(
  code: number,
  reason: string,
  message: string,
  more: GoogleErrorExtras = {},
): Reply {
  const item = { message, domain: more.domain ?? 'global', reason, ...more.location }
  return {
    status: code,
    ...(more.headers && { headers: more.headers }),
    body: { error: { code, message, errors: [item], status: more.status ?? STATUS[code] ?? 'UNKNOWN' } },
  }
}

interface GoogleErrorExtras {
  domain?: string
  status?: string
  location?: { location: string; locationType: string }
  headers?: Record<string, string>
}

const STATUS: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

function fail(reply: Reply, message: string): never {
  throw new ReplyError(reply, message)
}

export function notFound(): never {
  return fail(googleError(404, 'notFound', 'Requested entity was not found.'), 'not found')
}

export function invalid(message: string, reason = 'invalidArgument'): never {
  return fail(googleError(400, reason, message), message)
}

export function unauthorized(): never {
  return fail(
    googleError(401, 'authError', 'Invalid Credentials', {
      location: { location: 'Authorization', locationType: 'header' },
      headers: { 'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="invalid_token"' },
    }),
    'unauthorized',
  )
}

export function insufficientScope(): never {
  return fail(
    googleError(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.', {
      headers: {
        'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"',
      },
    }),
    'insufficient scope',
  )
}

export function forbidden(message: string): never {
  return fail(googleError(403, 'forbidden', message), message)
}
