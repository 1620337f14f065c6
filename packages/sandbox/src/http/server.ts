import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type EncodedReply, encode, json, type Reply } from './reply.ts'
import type { Request } from './router.ts'

/** Gmail takes 35 MB of raw message, a third more as base64; the control API takes the same. */
const MAX_BODY_BYTES = 50 * 1024 * 1024

/** What a fault does to the socket instead of, or with, the answer. */
export type Mischief =
  | { kind: 'hang' | 'reset' }
  | { kind: 'delay' | 'slow'; ms: number }
  | { kind: 'truncate' }
  /** The work is done, but its answer never comes, or another one does. */
  | { kind: 'lost'; instead: Reply | null }

export interface Site {
  mischief(request: Request): Promise<Mischief[]>
  answer(request: Request): Promise<Reply>
  /** The request is over, answered or cut. */
  finished(request: Request): void
}

/** How long a hanging request is kept before its connection is cut. */
const HANG_MS = 5 * 60_000

export function createSiteServer(site: Site): Server {
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    void serve(site, incoming, response).catch(error => {
      console.error(`sandbox: ${incoming.method} ${incoming.url} failed:`, error)
      if (response.headersSent) response.destroy()
      else
        send(
          response,
          encode(json({ error: { code: 500, message: String(error), status: 'INTERNAL' } }, 500), false),
        )
    })
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  return server
}

async function serve(site: Site, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(incoming)
  if (body === 'aborted') return
  if (body === 'too large') {
    const reply = json(
      {
        error: { code: 413, message: `The body is over ${MAX_BODY_BYTES} bytes.`, status: 'body_too_large' },
      },
      413,
    )
    send(response, encode({ ...reply, headers: { connection: 'close' } }, false))
    return
  }
  const url = new URL(incoming.url ?? '/', 'http://sandbox')
  const request: Request = {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body,
    inner: false,
  }
  try {
    await perform(site, request, incoming, response)
  } finally {
    site.finished(request)
  }
}

async function perform(
  site: Site,
  request: Request,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const mischief = await site.mischief(request)
  const gzip = /\bgzip\b/.test(String(incoming.headers['accept-encoding'] ?? ''))
  for (const act of mischief) {
    if (act.kind === 'reset') {
      incoming.socket.resetAndDestroy()
      return
    }
    if (act.kind === 'hang') {
      await gone(response, HANG_MS)
      incoming.socket.destroy()
      return
    }
    if (act.kind === 'delay') await gone(response, act.ms)
  }
  if (response.destroyed) return
  const answer = await site.answer(request)
  const lost = mischief.find(act => act.kind === 'lost')
  if (lost && !lost.instead) {
    incoming.socket.resetAndDestroy()
    return
  }
  const reply = lost?.instead ?? answer
  const cut = mischief.some(act => act.kind === 'truncate')
  const encoded = encode(reply, gzip && !cut)
  if (cut && encoded.bytes.length > 0) {
    encoded.bytes = encoded.bytes.subarray(0, encoded.bytes.length >> 1)
    encoded.headers['content-length'] = String(encoded.bytes.length)
  }
  const slow = mischief.find(act => act.kind === 'slow')
  if (slow?.kind === 'slow') await sendSlowly(response, encoded, slow.ms)
  else send(response, encoded)
}

function send(response: ServerResponse, { status, headers, bytes }: EncodedReply): void {
  response.writeHead(status, headers)
  response.end(bytes)
}

async function sendSlowly(
  response: ServerResponse,
  { status, headers, bytes }: EncodedReply,
  ms: number,
): Promise<void> {
  const pieces = 20
  response.writeHead(status, headers)
  for (let i = 0; i < pieces && !response.destroyed; i++) {
    response.write(
      bytes.subarray(Math.floor((bytes.length * i) / pieces), Math.floor((bytes.length * (i + 1)) / pieces)),
    )
    await gone(response, ms / pieces)
  }
  response.end()
}

/** Resolves after `ms`, or when the client has gone. */
function gone(response: ServerResponse, ms: number): Promise<void> {
  return new Promise(resolve => {
    const finish = (): void => {
      clearTimeout(timer)
      response.off('close', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    response.on('close', finish)
  })
}

function readBody(incoming: IncomingMessage): Promise<Buffer | 'too large' | 'aborted'> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let size = 0
    if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      incoming.resume()
      resolve('too large')
      return
    }
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY_BYTES) resolve('too large')
      else chunks.push(chunk)
    })
    incoming.on('end', () => resolve(Buffer.concat(chunks)))
    incoming.on('close', () => resolve('aborted'))
    incoming.on('error', () => resolve('aborted'))
  })
}
