import type { IncomingHttpHeaders } from 'node:http'
import type { Reply } from './reply.ts'

export interface Request {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** True for a call inside a batch request. */
  inner: boolean
}

export type Params = Readonly<Record<string, string>>
type Handler<C> = (context: C, params: Params) => Reply | Promise<Reply>

interface Found<C> {
  /** The path as it was registered, for counting. */
  template: string
  run: (context: C) => Reply | Promise<Reply>
}

interface Route<C> {
  method: string
  template: string
  pattern: RegExp
  names: string[]
  handler: Handler<C>
}

/** `:name` in a path matches one whole segment. */
export class Router<C> {
  #routes: Route<C>[] = []

  on(method: string, path: string, handler: Handler<C>): this {
    const names: string[] = []
    const source = path.replace(/[.$]/g, '\\$&').replace(/:(\w+)/g, (_, name: string) => {
      names.push(name)
      return '([^/]+)'
    })
    this.#routes.push({ method, template: path, pattern: new RegExp(`^${source}$`), names, handler })
    return this
  }

  /** The handler for a request, or which methods the path would allow. */
  find(method: string, path: string): Found<C> | { allowed: string[] } {
    const allowed: string[] = []
    for (const route of this.#routes) {
      const match = route.pattern.exec(path)
      if (!match) continue
      if (route.method !== method) {
        allowed.push(route.method)
        continue
      }
      const params = Object.fromEntries(
        route.names.map((name, i) => [name, decodeSegment(match[i + 1] ?? '')]),
      )
      return { template: route.template, run: context => route.handler(context, params) }
    }
    return { allowed }
  }
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
