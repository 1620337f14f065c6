import { ApiErrorBody } from '@inlet/protocol/errors'
import type * as z from 'zod'

async function call(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  signal?: AbortSignal,
): Promise<Response> {
  const limit = AbortSignal.timeout(30_000)
  let answer: Response
  try {
    answer = await fetch(path, { method, signal: signal ? AbortSignal.any([signal, limit]) : limit })
  } catch (cause) {
    throw new Error('The server could not be reached. Check the connection and try again.', { cause })
  }
  if (answer.ok) return answer
  const body = ApiErrorBody.safeParse(await answer.json().catch(() => null))
  throw new Error(
    body.success ? body.data.error.message : `The server answered with status ${answer.status}.`,
  )
}

/** Rejects with an Error whose message is for the person. */
export async function getJson<T>(path: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
  return schema.parse(await (await call('GET', path, signal)).json())
}

/** Rejects with an Error whose message is for the person. */
export async function act(method: 'POST' | 'DELETE', path: string): Promise<void> {
  await call(method, path)
}
