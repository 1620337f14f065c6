import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'

export interface UpstashGateway {
  url: string
  port: number
  token: string
  /** Ends every open subscription, as Upstash does now and then. */
  dropStreams(): void
  /** Subscriptions open now. */
  streams(): number
  close(): Promise<void>
}

const BODY_BYTES_MAX = 1024 * 1024

/**
 * Upstash's REST protocol in front of a real Redis: `/` with one command, `/pipeline`, `/multi-exec`,
 * `/publish/<channel>/<message>`, `/subscribe/<channel>` as an event stream, and a bearer token on all of them.
 * Answers are base64-encoded where the client asks for it, as @upstash/redis does.
 */
export async function startUpstashGateway(options: {
  redisUrl: string
  token?: string
}): Promise<UpstashGateway> {
  const token = options.token ?? randomBytes(12).toString('base64url')
  const redis = new Redis(options.redisUrl, { maxRetriesPerRequest: 1 })
  redis.on('error', () => {})
  const streams = new Map<ServerResponse, Redis>()

  const subscribe = async (channel: string, response: ServerResponse) => {
    const subscriber = new Redis(options.redisUrl, { maxRetriesPerRequest: 1, retryStrategy: () => null })
    subscriber.on('error', () => response.destroy())
    streams.set(response, subscriber)
    response.on('close', () => {
      streams.delete(response)
      subscriber.disconnect()
    })
    subscriber.on('message', (from, message) => response.write(`data: message,${from},${message}\n\n`))
    const count = await subscriber.subscribe(channel)
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
    response.write(`data: subscribe,${channel},${count}\n\n`)
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (!sameToken(request.headers.authorization ?? '', `Bearer ${token}`))
      return send(response, 401, { error: 'Unauthorized' })
    const [first = '', ...rest] = new URL(request.url ?? '/', 'http://gateway').pathname
      .slice(1)
      .split('/')
      .map(decodeURIComponent)
    if (first === 'subscribe' && rest[0] !== undefined) return await subscribe(rest[0], response)
    const encode = request.headers['upstash-encoding'] === 'base64' ? inBase64 : (value: unknown) => value
    const body = await readBody(request)
    if (first === 'pipeline') {
      const results = []
      for (const command of commandList(body)) results.push(await run(redis, command, encode))
      return send(response, 200, results)
    }
    if (first === 'multi-exec') {
      const replies = await redis
        .multi(commandList(body).map(([name = '', ...args]) => [name.toLowerCase(), ...args]))
        .exec()
      return send(
        response,
        200,
        (replies ?? []).map(([error, value]) => reply(error, value, encode)),
      )
    }
    const result = await run(redis, first === '' ? asCommand(body) : [first, ...rest], encode)
    send(response, 'error' in result ? 400 : 200, result)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(error => {
      if (response.headersSent) response.destroy()
      else send(response, 400, { error: `ERR ${error instanceof Error ? error.message : String(error)}` })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const dropStreams = () => {
    for (const response of streams.keys()) response.end()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    token,
    dropStreams,
    streams: () => streams.size,
    async close() {
      for (const response of streams.keys()) response.destroy()
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      redis.disconnect()
    },
  }
}

type Reply = { result: unknown } | { error: string }

async function run(redis: Redis, command: string[], encode: (value: unknown) => unknown): Promise<Reply> {
  const [name = '', ...args] = command
  try {
    return reply(null, await redis.call(name, ...args), encode)
  } catch (error) {
    return reply(error, null, encode)
  }
}

function reply(error: unknown, value: unknown, encode: (value: unknown) => unknown): Reply {
  if (error) return { error: error instanceof Error ? error.message : String(error) }
  return { result: encode(value) }
}

/** Strings in base64, apart from OK; numbers and nulls as they are; lists item by item. */
function inBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inBase64)
  if (typeof value !== 'string' || value === 'OK') return value
  return Buffer.from(value).toString('base64')
}

function asCommand(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new Error('a command is a JSON array with its name first')
  return value.map(part => (typeof part === 'string' ? part : JSON.stringify(part)))
}

function commandList(value: unknown): string[][] {
  if (!Array.isArray(value)) throw new Error('a pipeline is a JSON array of commands')
  return value.map(asCommand)
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > BODY_BYTES_MAX) throw new Error(`the body is larger than ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return size === 0 ? null : JSON.parse(Buffer.concat(chunks).toString())
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

function sameToken(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
