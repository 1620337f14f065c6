import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DEFAULT_ENTRA_CLIENT } from '@inlet/sandbox/microsoft/entra/clients'
import { folderId } from '@inlet/sandbox/microsoft/mailbox/ids'
import type { OutlookMailbox } from '@inlet/sandbox/microsoft/mailbox/outlook-mailbox'
import type { StoredItem } from '@inlet/sandbox/microsoft/mailbox/types'
import { type Sandbox, type SandboxOptions, startSandbox } from '@inlet/sandbox/sandbox'
import { noPlaces } from '@inlet/sync/places'
import type { Grant } from '@inlet/sync/store-port'
import type { ProviderWorld, TestAccount } from '@inlet/testkit/contract/provider-world'
import type { GraphConfig } from '../src/graph/config.ts'
import { createGraph, type GraphAdapter } from '../src/graph.ts'

/** The adapter's configuration for a sandbox: addresses, and no budget. */
export function graphConfig(sandbox: Sandbox, more: Partial<GraphConfig> = {}): GraphConfig {
  return {
    clientId: DEFAULT_ENTRA_CLIENT.id,
    clientSecret: DEFAULT_ENTRA_CLIENT.secret,
    graphBaseUrl: `${sandbox.url}/`,
    loginBaseUrl: sandbox.url,
    requestsPerMinute: null,
    ...more,
  }
}

export type OutlookAccount = TestAccount & {
  readonly mailbox: OutlookMailbox
  /** A well-known folder's id, or any other's by its name. */
  folder(name: string): string
  item(id: string): StoredItem
}
export type GraphWorld = Omit<ProviderWorld, 'port' | 'callbackUrl' | 'newAccount'> & {
  sandbox: Sandbox
  port: GraphAdapter
  callbackUrl: string
  /** Bodies that were posted to `callbackUrl`, and a promise of the next. */
  rung: string[]
  newAccount(messages?: number): Promise<OutlookAccount>
}

/** Outlook, simulated, as the contract suite plays on it. */
export async function graphWorld(
  options: SandboxOptions = {},
  config: Partial<GraphConfig> = {},
): Promise<GraphWorld> {
  const sandbox = await startSandbox({ accounts: [], ...options })
  const rung: string[] = []
  const { server, url } = await startDoor(rung)
  const make = (more: Partial<GraphConfig> = {}) => createGraph(graphConfig(sandbox, { ...config, ...more }))
  const port = make()
  let accounts = 0
  return {
    sandbox,
    port,
    rung,
    callbackUrl: url,
    impatient: make({ timeoutMs: 250 }),
    restarted: () => make(),
    newAccount: async messages => {
      accounts += 1
      return outlookAccount(sandbox, port, `person-${accounts}@outlook.inlet.test`, messages)
    },
    calm: () => sandbox.control.clearFaults(),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await sandbox.close()
    },
  }
}

/** Confirms every address and takes every push. */
async function startDoor(rung: string[]): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const token = new URL(request.url ?? '/', 'http://door').searchParams.get('validationToken')
    if (token !== null) return response.writeHead(200, { 'content-type': 'text/plain' }).end(token)
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      rung.push(body)
      response.writeHead(202).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify` }
}

export function outlookAccount(
  sandbox: Sandbox,
  graph: GraphAdapter,
  email: string,
  messages = 0,
): OutlookAccount {
  const { control } = sandbox
  const { microsoft } = control
  const mailbox = microsoft.createAccount({ email, name: `Person ${email}`, messages })
  const issued = microsoft.token(email)
  let grant: Grant = {
    data: {
      refreshToken: issued.refresh_token,
      accessToken: issued.access_token,
      expiresAt: 0,
      scopes: '',
    },
  }
  let refreshes = 0
  const item = (id: string) => {
    const found = mailbox.find(id)
    if (!found) throw new Error(`${email} has no message ${id}`)
    return found
  }
  const folder = (name: string) => folderId(mailbox.account, microsoft.folder(mailbox, name).number)
  const keyOf = (id: string) => microsoft.folder(mailbox, id).key
  const sources = (key: string) => mailbox.inFolder(key).map(each => mailbox.raw(each).toString())
  const ids = { inbox: folder('inbox'), trash: folder('deleteditems'), unread: 'UNREAD', starred: 'STARRED' }
  const isMark = (label: string) => label === ids.unread || label === ids.starred
  const path = '/v1.0/**'
  const send = { path: '/v1.0/me/messages/*/send' }
  return {
    mailbox,
    folder,
    item,
    ids,
    conn: {
      accountId: email,
      email,
      places: noPlaces,
      secret: async () => grant.data,
      async accessToken(signal, stale) {
        signal.throwIfAborted()
        if (stale !== undefined && stale === grant.data.accessToken) {
          refreshes += 1
          grant = await graph.oauth.refresh(grant, signal)
        }
        return String(grant.data.accessToken)
      },
    },
    refreshes: () => refreshes,
    async deliver(raw, { spam = false, trash = false } = {}) {
      const { id } = control.deliver(email, raw)
      if (spam) mailbox.move([item(id)], 'junkemail')
      if (trash) mailbox.move([item(id)], 'deleteditems')
      return id
    },
    async relabel(id, { add = [], remove = [] }) {
      const marks = {
        ...(add.includes(ids.unread) && { read: false }),
        ...(remove.includes(ids.unread) && { read: true }),
        ...(add.includes(ids.starred) && { flag: 'flagged' as const }),
        ...(remove.includes(ids.starred) && { flag: 'notFlagged' as const }),
      }
      if (Object.keys(marks).length > 0) mailbox.update(item(id), marks)
      const to = add.findLast(label => !isMark(label))
      if (to !== undefined) mailbox.move([item(id)], keyOf(to))
      else if (remove.some(label => !isMark(label) && keyOf(label) === item(id).folder))
        mailbox.move([item(id)], item(id).folder === 'inbox' ? 'archive' : 'inbox')
    },
    async delete(id) {
      mailbox.apply([{ before: item(id) }])
    },
    async makeLabel(name) {
      return folderId(mailbox.account, mailbox.createFolder(name, 'msgfolderroot').number)
    },
    async labelsOf(id) {
      const { folder: key, read, flag } = item(id)
      return [
        folderId(mailbox.account, mailbox.folders.number(key)),
        ...(read ? [] : [ids.unread]),
        ...(flag === 'flagged' ? [ids.starred] : []),
      ]
    },
    received: async () => sources('inbox'),
    sent: async () => sources('sentitems'),
    drafts: async () => sources('drafts'),
    async expireCursor() {
      microsoft.expireDelta(email)
    },
    async expireAccess() {
      microsoft.expireAccessTokens(email)
    },
    async revoke() {
      microsoft.revoke(email)
    },
    fault: {
      throttle: retryAfter =>
        void control.addFault({
          kind: 'status',
          match: { path },
          status: 429,
          reason: 'ApplicationThrottled',
          ...(retryAfter !== null && { retryAfter }),
        }),
      outage: () =>
        void control.addFault({ kind: 'status', match: { path }, status: 503, reason: 'ServiceUnavailable' }),
      breakItem: id =>
        void control.addFault({
          kind: 'status',
          match: { path: `/v1.0/me/messages/${id}` },
          status: 500,
          reason: 'InternalServerError',
        }),
      cut: (times = 1) => void control.addFault({ kind: 'reset', match: { path }, count: times }),
      hang: () => void control.addFault({ kind: 'hang', match: { path } }),
      emptyPages: count => void control.addFault({ kind: 'delta.empty-page', count }),
      loseSendAnswer(how) {
        if (how === 'garbled') control.addFault({ kind: 'lost', match: send, count: 1 })
        else control.addFault({ kind: 'delay', match: send, count: 1, ms: 90_000 })
      },
      refuseSend: () =>
        void control.addFault({
          kind: 'status',
          match: send,
          count: 1,
          status: 503,
          reason: 'ServiceUnavailable',
        }),
    },
  }
}
