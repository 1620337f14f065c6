import { randomUUID } from 'node:crypto'
import type { Reply } from '../http/reply.ts'
import type { Request } from '../http/router.ts'
import { headerValue, parseParameters, splitHeaders } from '../mime/headers.ts'
import { parseMime } from '../mime/parse.ts'
import { googleError, invalid } from './errors.ts'
import type { Answer } from './site.ts'

const MAX_CALLS = 100

/**
 * `multipart/mixed` of `application/http` calls, each charged and answered on its own; the outer
 * credentials serve inner calls that bring none.
 */
export async function answerBatch(
  request: Request,
  answer: (inner: Request) => Promise<Answer | undefined>,
): Promise<Reply> {
  const type = request.headers['content-type'] ?? ''
  if (!parseParameters(type).params.boundary)
    return invalid('Missing boundary of the batch request', 'badRequest')
  const parsed = parseMime(Buffer.concat([Buffer.from(`Content-Type: ${type}\r\n\r\n`), request.body]))
  const { parts } = parsed.root
  if (parts.length === 0) return invalid('Failed to parse batch request, no parts', 'badRequest')
  if (parts.length > MAX_CALLS)
    return invalid(
      `The batch request has ${parts.length} calls; at most ${MAX_CALLS} are allowed`,
      'badRequest',
    )
  const boundary = `batch_${randomUUID()}`
  const chunks: Buffer[] = []
  for (const part of parts) {
    const inner = readCall(request, parsed.raw.subarray(part.start, part.end))
    const answered = inner ? await answer(inner) : undefined
    const reply =
      answered?.reply ??
      googleError(inner ? 404 : 400, inner ? 'notFound' : 'badRequest', 'Unreadable inner request')
    const id = headerValue(part.headers, 'content-id')
    const echo = id ? `Content-ID: <response-${id.replace(/^<|>$/g, '')}>\r\n` : ''
    chunks.push(
      Buffer.from(`--${boundary}\r\nContent-Type: application/http\r\n${echo}\r\n`),
      innerResponse(reply),
    )
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return {
    status: 200,
    headers: { 'content-type': `multipart/mixed; boundary=${boundary}` },
    body: Buffer.concat(chunks),
  }
}

function readCall(outer: Request, bytes: Buffer): Request | undefined {
  const text = bytes.toString('latin1').replace(/^\s+/, '')
  const line = /^([A-Z]+) +(\S+)(?: +HTTP\/[\d.]+)?\r?\n?/.exec(text)
  if (!line || !URL.canParse(line[2] ?? '', 'http://sandbox')) return undefined
  const { headers, body } = splitHeaders(text, line[0].length, text.length)
  const url = new URL(line[2] ?? '/', 'http://sandbox')
  const own = Object.fromEntries(headers.map(h => [h.name.toLowerCase(), h.value]))
  const authorization = own.authorization ?? outer.headers.authorization
  const content = text.slice(body).replace(/\r?\n$/, '')
  return {
    method: line[1] ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: { ...own, ...(authorization && { authorization }) },
    body: Buffer.from(content, 'latin1'),
    inner: true,
  }
}

const REASON: Record<number, string> = {
  200: 'OK',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
}

function innerResponse(reply: Reply): Buffer {
  const body =
    reply.body === undefined
      ? Buffer.alloc(0)
      : Buffer.isBuffer(reply.body)
        ? reply.body
        : Buffer.from(JSON.stringify(reply.body))
  const headers = {
    'content-type': 'application/json; charset=UTF-8',
    ...reply.headers,
    'content-length': String(body.length),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${reply.status} ${REASON[reply.status] ?? 'Error'}\r\n${lines.join('')}\r\n`),
    body,
    Buffer.from('\r\n'),
  ])
}
