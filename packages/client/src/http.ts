import { ApiErrorBody, errorStatus } from '@inlet/protocol/errors'
import type * as z from 'zod'
import { ApiFailure, type FailureCode } from './api-failure.ts'
import type { World } from './world.ts'

export interface Http {
  /** Sends and validates. Every request has a time limit; rejects with ApiFailure only. */
  request<S extends z.ZodType>(request: HttpRequest<S>): Promise<z.infer<S>>
  /** The raw response of a 200, for the stream; the time limit covers only the wait for its headers. */
  open(request: Omit<HttpRequest<z.ZodType>, 'schema'>): Promise<Response>
}

export interface HttpRequest<S extends z.ZodType> {
  /** With its query, starting with /api/. */
  path: string
  method?: 'GET' | 'POST'
  body?: unknown
  /** null: the answer's body does not matter. */
  schema: S | null
  signal?: AbortSignal | undefined
  timeoutMs?: number
  headers?: Record<string, string>
}

export const REQUEST_TIMEOUT_MS = 15_000

export function createHttp(options: {
  baseUrl: string
  fetch: typeof fetch
  world: Pick<World, 'now' | 'setTimer'>
}): Http {
  const { baseUrl, world } = options

  /** Runs `work` under the caller's signal and a time limit; `work` may lift the limit when it has what it waited for. */
  async function limited<T>(
    {
      path,
      signal,
      timeoutMs = REQUEST_TIMEOUT_MS,
    }: Pick<HttpRequest<z.ZodType>, 'path' | 'signal' | 'timeoutMs'>,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const aborter = new AbortController()
    let timedOut = false
    const cancelTimer = world.setTimer(() => {
      timedOut = true
      aborter.abort()
    }, timeoutMs)
    const both = signal ? AbortSignal.any([signal, aborter.signal]) : aborter.signal
    try {
      return await work(both)
    } catch (error) {
      if (error instanceof ApiFailure) throw error
      if (signal?.aborted) throw new ApiFailure('aborted', `${path} was not needed any more.`)
      if (timedOut) throw new ApiFailure('timeout', `${path} gave no answer within ${timeoutMs} ms.`)
      throw new ApiFailure('network', `${path} could not be reached: ${reasonOf(error)}`)
    } finally {
      cancelTimer()
    }
  }

  async function send(
    { path, method = 'GET', body, headers }: Omit<HttpRequest<z.ZodType>, 'schema'>,
    signal: AbortSignal,
  ): Promise<Response> {
    // Called as a plain function: a browser's fetch refuses another `this` than the window.
    const { fetch } = options
    const response = await fetch(baseUrl + path, {
      method,
      signal,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw await failureOf(response, path, world.now())
    return response
  }

  return {
    open: request => limited(request, signal => send(request, signal)),
    request: ({ schema, ...request }) =>
      limited(request, async signal => {
        const response = await send(request, signal)
        if (schema === null) {
          await response.body?.cancel()
          return undefined as never
        }
        const text = await response.text()
        const parsed = schema.safeParse(parseJson(text))
        if (parsed.success) return parsed.data
        const [issue] = parsed.error.issues
        const where = issue ? `${issue.path.join('.')}: ${issue.message}` : 'not JSON'
        throw new ApiFailure(
          'malformed',
          `${request.path} answered something else than agreed (${where}).`,
          response.status,
        )
      }),
  }
}

async function failureOf(response: Response, path: string, now: number): Promise<ApiFailure> {
  const { status } = response
  const body = ApiErrorBody.safeParse(parseJson(await response.text().catch(() => '')))
  const retryAfterMs = retryAfter(response.headers.get('retry-after'), now)
  if (body.success) {
    const { code, message, retryAfter: seconds } = body.data.error
    return new ApiFailure(
      code,
      message,
      status,
      retryAfterMs ?? (seconds === undefined ? null : seconds * 1000),
    )
  }
  // A proxy or platform answered, not the API.
  return new ApiFailure(codeOf(status), `${path} answered ${status}.`, status, retryAfterMs)
}

const codes = Object.entries(errorStatus) as [FailureCode, number][]

function codeOf(status: number): FailureCode {
  const known = codes.find(([, of]) => of === status)
  return known ? known[0] : status >= 500 ? 'internal' : 'bad_request'
}

/** Longer than this is not believed: a wrong clock or a wrong unit would stop the client for days. */
const RETRY_AFTER_MAX_MS = 15 * 60_000

/** RFC 9110 §10.2.3: seconds or a date. In ms, null if neither. */
export function retryAfter(header: string | null, now: number): number | null {
  if (header === null) return null
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(seconds) ? null : Math.min(RETRY_AFTER_MAX_MS, Math.max(0, seconds))
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.cause instanceof Error
      ? error.cause.message
      : error.message
    : String(error)
}
