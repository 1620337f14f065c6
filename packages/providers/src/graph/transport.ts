import {
  Client,
  type Context,
  HTTPMessageHandler,
  type Middleware,
  type MiddlewareOptions,
  ResponseType,
} from '@microsoft/microsoft-graph-client'

export type GraphRequest = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Behind the version, with its query already encoded: `/me/messages?$top=1`. */
  path: string
  body?: unknown
  /** More of what this request prefers: `odata.maxpagesize=50`. */
  prefer?: string
  /** The answer is bytes, not JSON. */
  binary?: boolean
}

export type GraphAnswer = {
  status: number
  retryAfter: string | null
  /** JSON; null where there is none or it cannot be read. */
  body: unknown
  bytes: Uint8Array
}

/** Message ids that survive a move: on every single request, for one without it would bring another id. */
export const IMMUTABLE_IDS = 'IdType="ImmutableId"'

/** Largest answer that is read: a page of long bodies, or an attachment of 150 MB in a mail that was let in. */
const ANSWER_MAX_BYTES = 160 * 1024 * 1024

/** What the client does not pass on: why the wire failed, which it flattens to "fetch failed". */
class WireError implements MiddlewareOptions {
  thrown: unknown = null
}

/**
 * The end of the client's chain, in place of its own. Its authentication signs known https hosts only (ours is set on
 * the request), its retries repeat what must not be sent twice and cut Retry-After to three minutes, and its redirects
 * could carry the token to another host.
 */
class Wire implements Middleware {
  readonly #http = new HTTPMessageHandler()

  async execute(context: Context): Promise<void> {
    try {
      await this.#http.execute(context)
    } catch (error) {
      const slot = context.middlewareControl?.getMiddlewareOptions(WireError)
      if (slot instanceof WireError) slot.thrown = error
      throw error
    }
  }
}

export type Transport = (request: GraphRequest, token: string, signal: AbortSignal) => Promise<GraphAnswer>

/** One request, one answer: whatever its status. Throws what the wire threw. */
export function createTransport(baseUrl: string): Transport {
  const client = Client.initWithMiddleware({ middleware: new Wire(), baseUrl })
  return async ({ method, path, body, prefer, binary = false }, token, signal) => {
    const wire = new WireError()
    const request = client
      .api(path)
      .headers({
        Authorization: `Bearer ${token}`,
        Prefer: prefer === undefined ? IMMUTABLE_IDS : `${IMMUTABLE_IDS}, ${prefer}`,
      })
      .options({ signal, redirect: 'manual' })
      .middlewareOptions([wire])
      .responseType(ResponseType.RAW)
    try {
      const response: Response = await (method === 'GET'
        ? request.get()
        : method === 'POST'
          ? request.post(body ?? {})
          : method === 'PATCH'
            ? request.patch(body)
            : request.delete())
      const bytes = await readBounded(response)
      return {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: binary && response.ok ? null : parseJson(bytes),
        bytes,
      }
    } catch (error) {
      throw wire.thrown ?? error
    }
  }
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > ANSWER_MAX_BYTES)
      throw Object.assign(new Error(`The answer is over ${ANSWER_MAX_BYTES} bytes.`), { code: 'too_large' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  } catch {
    return null
  }
}
