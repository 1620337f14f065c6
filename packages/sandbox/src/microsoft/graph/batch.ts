import { json, type Reply } from '../../http/reply.ts'
import type { Request } from '../../http/router.ts'
import { badRequest, graphError } from '../errors.ts'
import { type Fields, isFields } from './call.ts'

const MAX_REQUESTS = 20
/** Graph hands a batch to Outlook in as many at once. */
const AT_ONCE = 4

interface Item {
  id: string
  method: string
  url: URL
  headers: Record<string, string>
  body: unknown
  dependsOn: string[]
}

/** `POST /$batch`: each request is charged and answered on its own, in whatever order; the outer 200 says nothing. */
export async function answerBatch(
  outer: Request,
  answer: (inner: Request) => Promise<Reply>,
): Promise<Reply> {
  const items = readItems(outer)
  const done = new Map<string, Promise<Reply>>()
  const places: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve())
  items.forEach((item, i) => {
    const place = i % AT_ONCE
    const run = async (): Promise<Reply> => {
      await places[place]
      const needed = await Promise.all(item.dependsOn.map(id => done.get(id)))
      if (needed.some(reply => (reply?.status ?? 500) >= 400)) {
        return graphError(424, 'FailedDependency', 'A request this one depends on failed.')
      }
      return answer(innerRequest(outer, item))
    }
    const running = run()
    places[place] = running
    done.set(item.id, running)
  })
  const responses = await Promise.all(
    items.map(async ({ id }) =>
      responseOf(id, await (done.get(id) ?? graphError(500, 'InternalServerError', ''))),
    ),
  )
  // The order is not the requests': whoever pairs them by position should notice.
  return json({ responses: responses.reverse() })
}

function readItems(outer: Request): Item[] {
  let body: unknown
  try {
    body = JSON.parse(outer.body.toString('utf8'))
  } catch {
    return badRequest('Invalid batch payload format.')
  }
  const requests =
    isFields(body) && Array.isArray(body.requests)
      ? body.requests
      : badRequest('Invalid batch payload format.')
  if (requests.length > MAX_REQUESTS) {
    badRequest(
      `Number of batch request steps exceeds the maximum value of ${MAX_REQUESTS}.`,
      'MaximumValueExceeded',
    )
  }
  const items = requests.map(readItem)
  items.forEach(({ id, dependsOn }, i) => {
    const earlier = items.slice(0, i).map(item => item.id)
    if (earlier.includes(id)) badRequest(`The id '${id}' is used twice.`)
    for (const needed of dependsOn) {
      if (!earlier.includes(needed))
        badRequest(`Request '${id}' depends on '${needed}', which does not come before it.`)
    }
  })
  return items
}

function readItem(value: unknown): Item {
  const fields: Fields = isFields(value) ? value : badRequest('Invalid batch payload format.')
  const { id, method, url, body = undefined } = fields
  if (typeof id !== 'string' || typeof method !== 'string' || typeof url !== 'string') {
    return badRequest('Each request needs id, method and url.')
  }
  const relative = `/${url.replace(/^\//, '')}`
  if (/^[a-z]+:/i.test(url) || !URL.canParse(relative, 'http://sandbox'))
    badRequest(`The url of request '${id}' must be relative.`)
  const headers = isFields(fields.headers) ? fields.headers : {}
  if (body !== undefined && !Object.keys(headers).some(name => name.toLowerCase() === 'content-type')) {
    badRequest(`Write request id : ${id} does not contain Content-Type header or body.`)
  }
  const { dependsOn } = fields
  return {
    id,
    method: method.toUpperCase(),
    url: new URL(relative, 'http://sandbox'),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [name.toLowerCase(), String(text)]),
    ),
    body,
    dependsOn: Array.isArray(dependsOn) ? dependsOn.map(String) : [],
  }
}

/** Credentials are the outer request's; every other header, Prefer too, is the inner one's own. */
function innerRequest(outer: Request, { method, url, headers, body }: Item): Request {
  const { authorization, host } = outer.headers
  const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  return {
    method,
    path: `/v1.0${url.pathname}`,
    query: url.searchParams,
    headers: { ...headers, ...(authorization && { authorization }), ...(host && { host }) },
    body: Buffer.from(bytes),
    inner: true,
  }
}

function responseOf(id: string, { status, headers = {}, body }: Reply): object {
  const type = headers['content-type'] ?? (body === undefined ? undefined : 'application/json')
  const shown = Object.entries(headers).map(([name, value]) => [properName(name), value])
  const bytes =
    Buffer.isBuffer(body) || typeof body === 'string' ? Buffer.from(body).toString('base64') : body
  return {
    id,
    status,
    headers: { ...Object.fromEntries(shown), ...(type !== undefined && { 'Content-Type': type }) },
    ...(bytes !== undefined && { body: bytes }),
  }
}

function properName(name: string): string {
  return name.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase())
}
