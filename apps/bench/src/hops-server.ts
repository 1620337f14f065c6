import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * Loaded into the product's processes by the bench (node --import): notes when requests, statements and stream writes
 * begin and end, between one SIGUSR2 and the next. Nothing of the product knows of it.
 */
const folder = new URL(import.meta.url).searchParams.get('folder')
const name = process.argv.some(word => word.includes('sandbox'))
  ? 'sandbox'
  : process.argv.some(word => word.endsWith(join('web', 'server', 'main.ts')))
    ? 'web'
    : null

type Hop = { what: string; from: number; to: number; marks: string[] }

if (folder && name) watch(join(folder, `${name}-${process.pid}.jsonl`))

function watch(file: string): void {
  let hops: Hop[] | null = null
  const now = () => performance.timeOrigin + performance.now()
  const note = (what: string, from: number, text = '') => {
    hops?.push({ what, from, to: now(), marks: text.match(/bench-[a-z0-9]+-\d+(?=-)/g) ?? [] })
  }
  process.on('SIGUSR2', () => {
    if (hops) appendFileSync(file, hops.map(hop => `${JSON.stringify(hop)}\n`).join(''))
    hops = hops ? null : []
  })

  const noteWrites = (response: ServerResponse) => {
    const write = response.write.bind(response) as (...args: unknown[]) => boolean
    response.write = (...args: unknown[]) => {
      if (hops) note('written', now(), Buffer.from(args[0] as Uint8Array).toString())
      return write(...args)
    }
  }
  subscribe('http.server.request.start', message => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    if (request.url?.includes('/sse/')) noteWrites(response)
    const from = now()
    response.once('finish', () => note(`served ${request.url}`, from))
  })

  const pg = createRequire(new URL('../../../packages/db/package.json', import.meta.url))('pg')
  const { query } = pg.Client.prototype
  pg.Client.prototype.query = function (statement: string | { text?: string }, ...rest: unknown[]) {
    const from = now()
    const text = String(typeof statement === 'string' ? statement : statement?.text)
    const answer = query.call(this, statement, ...rest)
    if (hops && typeof answer?.then === 'function')
      answer.then(
        () => note(`sql ${text.trim().slice(0, 200)}`, from),
        () => {},
      )
    return answer
  }
}
