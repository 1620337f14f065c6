import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Client } from '@microsoft/microsoft-graph-client'
import type { ChangeNotification, Subscription } from '@microsoft/microsoft-graph-types'
import { onTestFinished } from 'vitest'

export interface Post {
  headers: IncomingHttpHeaders
  items: ChangeNotification[]
}

export interface Validation {
  method: string | undefined
  contentType: string | undefined
  token: string
  path: string
  body: string
}

/** A receiver of notifications that ends with the test; both addresses end here. */
export interface Hook {
  notify: string
  lifecycle: string
  validations: Validation[]
  posts: Post[]
  lifecycles: Post[]
  /** Every change in the order of arrival. */
  readonly items: ChangeNotification[]
  /** Statuses for the next posts; afterwards 202. */
  answers: number[]
  /** How a handshake is answered; null not at all. */
  validate: (token: string, path: string) => { status: number; type: string; body: string } | null
  /** Posts are answered this much later. */
  delayMs: number
}

export async function hookForTest(): Promise<Hook> {
  const hook: Hook = {
    notify: '',
    lifecycle: '',
    validations: [],
    posts: [],
    lifecycles: [],
    get items() {
      return hook.posts.flatMap(post => post.items)
    },
    answers: [],
    validate: token => ({ status: 200, type: 'text/plain', body: token }),
    delayMs: 0,
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const url = new URL(request.url ?? '/', 'http://hook')
      const token = url.searchParams.get('validationToken')
      if (token !== null) {
        const contentType = request.headers['content-type']
        hook.validations.push({ method: request.method, contentType, token, path: url.pathname, body })
        const answer = hook.validate(token, url.pathname)
        if (answer) response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body)
        return
      }
      const { value } = JSON.parse(body) as { value: ChangeNotification[] }
      const list = url.pathname === '/lifecycle' ? hook.lifecycles : hook.posts
      list.push({ headers: request.headers, items: value })
      const status = hook.answers.shift() ?? 202
      setTimeout(() => response.writeHead(status).end(), hook.delayMs)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  hook.notify = `${origin}/notify`
  hook.lifecycle = `${origin}/lifecycle`
  return hook
}

export function wanted(hook: Hook, more: object = {}): object {
  return {
    changeType: 'created,updated,deleted',
    notificationUrl: hook.notify,
    lifecycleNotificationUrl: hook.lifecycle,
    resource: "me/mailFolders('inbox')/messages",
    expirationDateTime: new Date(Date.now() + 6 * 86_400_000).toISOString(),
    clientState: 'a secret',
    latestSupportedTlsVersion: 'v1_2',
    ...more,
  }
}

export async function subscribe(
  client: Client,
  hook: Hook,
  more: object = {},
): Promise<Subscription & { id: string }> {
  return (await client.api('/subscriptions').post(wanted(hook, more))) as Subscription & { id: string }
}
