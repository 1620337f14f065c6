import {
  Client,
  type Context,
  GraphError,
  HTTPMessageHandler,
  type Middleware,
  RedirectHandler,
  RedirectHandlerOptions,
  RetryHandler,
  RetryHandlerOptions,
} from '@microsoft/microsoft-graph-client'
import type { MailFolder, Message } from '@microsoft/microsoft-graph-types'
import type { MicrosoftOptions } from '../../src/microsoft/create.ts'
import type { Sandbox, SandboxOptions } from '../../src/sandbox.ts'
import { rfc822, sandboxForTest } from '../helpers.ts'

export const OLGA = 'olga@outlook.inlet.test'
export const PAUL = 'paul@outlook.inlet.test'
export const IMMUTABLE = 'IdType="ImmutableId"'

/** A sandbox with two Outlook accounts, empty unless told otherwise, that ends with the test. */
export function outlookForTest(
  microsoft: MicrosoftOptions = {},
  options: SandboxOptions = {},
): Promise<Sandbox> {
  const accounts = [{ email: OLGA, name: 'Olga Test' }, { email: PAUL }]
  return sandboxForTest({ accounts: [], ...options, microsoft: { accounts, ...microsoft } })
}

/** The client's own authentication handler signs https requests to known hosts only. */
class Bearer implements Middleware {
  #token: string
  #prefer: string | undefined
  #next: Middleware | undefined

  constructor(token: string, prefer: string | undefined) {
    this.#token = token
    this.#prefer = prefer
  }

  async execute(context: Context): Promise<void> {
    const headers = new Headers(context.options?.headers as Record<string, string> | undefined)
    headers.set('authorization', `Bearer ${this.#token}`)
    if (this.#prefer !== undefined && !headers.has('prefer')) headers.set('prefer', this.#prefer)
    context.options = { ...context.options, headers }
    await this.#next?.execute(context)
  }

  setNext(next: Middleware): void {
    this.#next = next
  }
}

interface GraphOptions {
  email?: string
  scopes?: readonly string[]
  /** Sent with every request that has no Prefer header of its own. */
  prefer?: string
  /** The client's own retries; none by default. */
  retry?: RetryHandlerOptions
}

/** The unmodified Graph client. */
export function graphFor(sandbox: Sandbox, options: GraphOptions = {}): Client {
  const { access_token } = sandbox.control.microsoft.token(options.email ?? OLGA, options.scopes)
  const chain = [
    new Bearer(access_token, options.prefer),
    new RetryHandler(options.retry ?? new RetryHandlerOptions(0, 0)),
    new RedirectHandler(new RedirectHandlerOptions()),
    new HTTPMessageHandler(),
  ]
  chain.forEach((middleware, i) => {
    const next = chain[i + 1]
    if (next && 'setNext' in middleware) middleware.setNext(next)
  })
  return Client.initWithMiddleware({ middleware: chain[0] as Middleware, baseUrl: `${sandbox.url}/` })
}

export interface Page<T> {
  value: (T & { '@removed'?: { reason: string }; '@odata.etag'?: string })[]
  '@odata.nextLink'?: string
  '@odata.deltaLink'?: string
  '@odata.count'?: number
}

/** The client mangles absolute http links: they must be given as paths. */
export function pathOf(link: string | undefined): string {
  const at = link?.indexOf('/v1.0') ?? -1
  if (link === undefined || at === -1) throw new Error(`no link: ${link}`)
  return link.slice(at + '/v1.0'.length)
}

export async function page<T = Message>(client: Client, link: string, prefer?: string): Promise<Page<T>> {
  const path = link.startsWith('http') ? pathOf(link) : link
  const request = client.api(path)
  return (await (prefer === undefined ? request : request.header('Prefer', prefer)).get()) as Page<T>
}

/** All pages of a delta round: its entries in order, and the link for the next. */
export async function round<T = Message>(
  client: Client,
  link: string,
  prefer?: string,
): Promise<{ entries: Page<T>['value']; deltaLink: string; pages: number }> {
  const entries: Page<T>['value'] = []
  let next: string | undefined = link
  for (let pages = 1; next !== undefined; pages++) {
    const answer: Page<T> = await page<T>(client, next, prefer)
    entries.push(...answer.value)
    if (answer['@odata.deltaLink'] !== undefined)
      return { entries, deltaLink: answer['@odata.deltaLink'], pages }
    next = answer['@odata.nextLink']
  }
  throw new Error('a page had neither a nextLink nor a deltaLink')
}

/** Status, code and headers of the error the client throws; fails when nothing is thrown. */
export async function failureOf(call: Promise<unknown>): Promise<{
  status: number
  code: string | null
  retryAfter: string | null
  location: string | null
  message: string
}> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof GraphError)) throw error
    const headers = new Headers(error.headers as Headers | undefined)
    return {
      status: error.statusCode,
      code: error.code,
      message: error.message,
      retryAfter: headers.get('retry-after'),
      location: headers.get('location'),
    }
  }
  throw new Error('the call succeeded, but a failure was expected')
}

/** Delivers a message and answers it as Graph shows it, with its immutable id. */
export function arrive(
  sandbox: Sandbox,
  subject: string,
  email = OLGA,
  more: Parameters<typeof rfc822>[0] = {},
): string {
  return sandbox.control.deliver(
    email,
    rfc822({ subject, id: `<${subject.replaceAll(' ', '-')}@example.com>`, ...more }),
  ).id
}

export async function folderId(client: Client, name: string): Promise<string> {
  return ((await client.api(`/me/mailFolders/${name}`).get()) as MailFolder).id ?? ''
}

export async function messages(
  client: Client,
  path = '/me/mailFolders/inbox/messages?$top=100',
): Promise<Message[]> {
  return ((await client.api(path).get()) as Page<Message>).value
}

export function subjects(list: readonly { subject?: string | null }[]): (string | null | undefined)[] {
  return list.map(({ subject }) => subject)
}

/** A message as sendMail and drafts take it. */
export function letter(to: string, subject: string, content = 'Hello.'): object {
  return {
    subject,
    body: { contentType: 'Text', content },
    toRecipients: [{ emailAddress: { address: to } }],
  }
}
