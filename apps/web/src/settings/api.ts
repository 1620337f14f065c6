import { ApiErrorBody } from '@inlet/protocol/errors'
import type * as z from 'zod'

/** An answer that is not 2xx. Its message is for the person; `body` is what else it said. */
export class Refusal extends Error {
  readonly body: unknown
  constructor(message: string, body: unknown) {
    super(message)
    this.name = 'Refusal'
    this.body = body
  }
}

async function call(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  { signal, body }: { signal?: AbortSignal | undefined; body?: unknown } = {},
): Promise<Response> {
  // A little longer than the server takes at most: then its own answer says what took so long.
  const limit = AbortSignal.timeout(35_000)
  const sent =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      ...sent,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    })
  } catch (cause) {
    throw new Error('The server could not be reached. Check the connection and try again.', { cause })
  }
  if (answer.ok) return answer
  const said: unknown = await answer.json().catch(() => null)
  const known = ApiErrorBody.safeParse(said)
  throw new Refusal(
    known.success ? known.data.error.message : `The server answered with status ${answer.status}.`,
    said,
  )
}

/** Rejects with an Error whose message is for the person. */
export async function getJson<T>(path: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
  return schema.parse(await (await call('GET', path, { signal })).json())
}

/** Rejects with an Error whose message is for the person; with a Refusal where the server has answered. */
export async function postJson<T>(
  path: string,
  body: unknown,
  schema: z.ZodType<T>,
  signal?: AbortSignal,
): Promise<T> {
  return schema.parse(await (await call('POST', path, { body, signal })).json())
}

/** Rejects with an Error whose message is for the person. */
export async function act(method: 'POST' | 'DELETE', path: string): Promise<void> {
  await call(method, path)
}
