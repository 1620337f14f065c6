import { DEFAULT_CLIENT, type Sandbox, type SandboxOptions, startSandbox } from '@inlet/sandbox/sandbox'
import { noPlaces } from '@inlet/sync/places'
import type { ProviderWorld, TestAccount } from '@inlet/testkit/contract/provider-world'
import type { GmailConfig } from '../src/gmail/config.ts'
import { createGmail, type GmailAdapter } from '../src/gmail.ts'

export const TOPIC = 'projects/inlet-sandbox/topics/gmail'

/** The adapter's configuration for a sandbox: addresses, and no budget. */
export function sandboxConfig(sandbox: Sandbox, more: Partial<GmailConfig> = {}): GmailConfig {
  return {
    clientId: DEFAULT_CLIENT.id,
    clientSecret: DEFAULT_CLIENT.secret,
    pubsubTopic: TOPIC,
    gmailBaseUrl: `${sandbox.url}/`,
    oauthBaseUrl: sandbox.url,
    tokenUrl: `${sandbox.url}/token`,
    certsUrl: `${sandbox.url}/oauth2/v1/certs`,
    unitsPerMinute: null,
    ...more,
  }
}

export type SandboxWorld = ProviderWorld & { sandbox: Sandbox; port: GmailAdapter }

/** Gmail, simulated, as the contract suite plays on it. */
export async function sandboxWorld(
  options: SandboxOptions = {},
  config: Partial<GmailConfig> = {},
): Promise<SandboxWorld> {
  const sandbox = await startSandbox(options)
  const make = (more: Partial<GmailConfig> = {}) =>
    createGmail(sandboxConfig(sandbox, { ...config, ...more }))
  const port = make()
  let accounts = 0
  return {
    sandbox,
    port,
    impatient: make({ timeoutMs: 250 }),
    restarted: () => make(),
    callbackUrl: null,
    newAccount: async () => {
      accounts += 1
      return testAccount(sandbox, port, `person-${accounts}@inlet.test`)
    },
    calm: () => sandbox.control.clearFaults(),
    close: () => sandbox.close(),
  }
}

export function testAccount(
  sandbox: Sandbox,
  gmail: GmailAdapter,
  email: string,
  messages: number | 'all' = 0,
): TestAccount {
  const { control } = sandbox
  const mailbox = control.createAccount({ email, name: `Person ${email}`, messages })
  const issued = control.token(email)
  let grant = {
    data: {
      refreshToken: issued.refresh_token,
      accessToken: issued.access_token,
      expiresAt: 0,
      scopes: '',
    } as Record<string, string | number | null>,
  }
  let refreshes = 0
  const own = (label: string) => label.toLowerCase()
  const sources = (label: string) =>
    [...mailbox.newestFirst()]
      .filter(each => each.labels.includes(label))
      .map(each => mailbox.raw(each).toString())
  const path = '/gmail/v1/users/*/**'
  return {
    conn: {
      accountId: email,
      email,
      places: noPlaces,
      secret: async () => grant.data,
      async accessToken(signal, stale) {
        signal.throwIfAborted()
        if (stale !== undefined && stale === grant.data.accessToken) {
          refreshes += 1
          grant = await gmail.oauth.refresh(grant, signal)
        }
        return String(grant.data.accessToken)
      },
    },
    ids: { inbox: 'INBOX', trash: 'TRASH', unread: 'UNREAD', starred: 'STARRED' },
    refreshes: () => refreshes,
    async deliver(raw, { spam = false, trash = false } = {}) {
      const { id } = control.deliver(email, raw)
      if (spam) mailbox.relabel([id], ['spam'], ['inbox'])
      if (trash) mailbox.relabel([id], ['trash'], ['inbox'])
      return id
    },
    async relabel(id, { add = [], remove = [] }) {
      mailbox.relabel([id], add.map(own), remove.map(own))
    },
    async delete(id) {
      mailbox.remove([id])
    },
    async makeLabel(name) {
      return mailbox.createLabel({ name }).id.replace(/^l/, 'L')
    },
    async labelsOf(id) {
      return (mailbox.get(id)?.labels ?? []).map(label =>
        label.startsWith('label_') ? label.replace(/^l/, 'L') : label.toUpperCase(),
      )
    },
    received: async () => sources('inbox'),
    sent: async () => sources('sent'),
    drafts: async () => sources('draft'),
    async expireCursor() {
      control.expireHistory(email)
    },
    async expireAccess() {
      control.expireAccessTokens(email)
    },
    async revoke() {
      control.revoke(email)
    },
    fault: {
      throttle(retryAfter) {
        const reason = 'userRateLimitExceeded'
        const fault = { kind: 'status' as const, match: { path } }
        if (retryAfter === null) control.addFault({ ...fault, status: 403, reason })
        else control.addFault({ ...fault, status: 429, reason: 'rateLimitExceeded', retryAfter })
      },
      outage: () =>
        void control.addFault({ kind: 'status', match: { path }, status: 503, reason: 'backendError' }),
      breakItem: id =>
        void control.addFault({
          kind: 'status',
          match: { path: `/gmail/v1/users/*/messages/${id}` },
          status: 500,
          reason: 'backendError',
        }),
      cut: (times = 1) => void control.addFault({ kind: 'reset', match: { path }, count: times }),
      hang: () => void control.addFault({ kind: 'hang', match: { path } }),
      emptyPages: count => void control.addFault({ kind: 'history.empty-page', count }),
      loseSendAnswer(how) {
        const match = { path: '/gmail/v1/users/*/messages/send' }
        if (how === 'garbled') control.addFault({ kind: 'truncate', match, count: 1 })
        else control.addFault({ kind: 'slow', match, count: 1, ms: 90_000 })
      },
      refuseSend: () =>
        void control.addFault({
          kind: 'status',
          match: { path: '/gmail/v1/users/*/messages/send' },
          count: 1,
          status: 503,
          reason: 'backendError',
        }),
    },
  }
}
