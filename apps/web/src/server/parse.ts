import type * as z from 'zod'
import { ApiError } from './api-error.ts'
import type { Incoming } from './incoming.ts'
import { readBody } from './read-body.ts'

const JSON_LIMIT = 4 * 1024 * 1024

/** Unknown, repeated and malformed parameters are 400 with each problem named. */
export function parseQuery<T extends z.ZodType>(schema: T, url: string): z.infer<T> {
  const params = new URL(url).searchParams
  const given: Record<string, string> = {}
  for (const [name, value] of params) {
    if (name in given) throw new ApiError('bad_request', `The parameter ${name} is given more than once.`)
    given[name] = value
  }
  return check(schema, given, 'The query is not valid.')
}

export async function parseJson<T extends z.ZodType>(schema: T, request: Incoming): Promise<z.infer<T>> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim()
  if (type !== 'application/json')
    throw new ApiError('unsupported_media_type', 'Send JSON (content-type: application/json).')
  const bytes = await readBody(request, JSON_LIMIT)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new ApiError('bad_request', 'The body is not valid JSON.')
  }
  return check(schema, value, 'The body is not valid.')
}

export function check<T extends z.ZodType>(schema: T, value: unknown, message: string): z.infer<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues
    .slice(0, 20)
    .map(issue => ({ path: issue.path.join('.'), message: issue.message }))
  const first = issues[0]
  const detail = first ? ` ${first.path ? `${first.path}: ` : ''}${first.message}` : ''
  throw new ApiError('bad_request', message + detail, { issues })
}
