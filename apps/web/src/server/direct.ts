import type { IncomingMessage, ServerResponse } from 'node:http'
import { nodeSink } from '@inlet/realtime/sink-node'
import { sseHeaders } from '@inlet/realtime/sse-encode'
import type { Runtime } from '@inlet/runtime/compose'
import { emailUpdates } from './email-updates.ts'
import { gmailPush } from './gmail-push.ts'
import { graphPush } from './graph-push.ts'
import { type Handler, handle } from './handle.ts'
import { nodeRequest } from './node-request.ts'
import { securityHeaders } from './security-headers.ts'

/** Never rejects. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>
/** By method and path, e.g. "GET /api/sse/email-updates". */
export type DirectRoutes = ReadonlyMap<string, NodeHandler>

const streamHeaders = { ...securityHeaders, ...sseHeaders }

/** The routes that our own server answers without Next, because they are many at once or many a second. */
export const directRoutes = (runtime: Runtime): DirectRoutes =>
  new Map([
    ['GET /api/sse/email-updates', direct(emailUpdates, runtime)],
    ['POST /api/webhooks/gmail', direct(gmailPush, runtime)],
    ['POST /api/webhooks/graph', direct(graphPush, runtime)],
  ])

/** The handler over Node's own request and response. What it answers is what Next would answer, byte for byte. */
export function direct(handler: Handler, { log }: Pick<Runtime, 'log'>): NodeHandler {
  return async (request, response) => {
    const later: (() => Promise<void>)[] = []
    const answer = await handle(handler, nodeRequest(request, response), {
      params: {},
      afterwards: work => void later.push(work),
    })
    if (!(answer instanceof Response)) return answer.stream(nodeSink(response, streamHeaders))
    await send(answer, response)
    for (const work of later)
      work().catch((error: unknown) => log.error({ error: String(error) }, 'work after an answer failed'))
  }
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
  response.setHeaders(answer.headers)
  response.end(answer.body ? new Uint8Array(await answer.arrayBuffer()) : undefined)
}
