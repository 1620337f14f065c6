import type { ProviderFault } from './plan.ts'

/** The sandbox's control API, and the Gmail API as a person's telephone speaks it: past the product. */
export class Google {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /** Throws what it answers when it refuses. */
  async control<T = unknown>(path: string, body?: object): Promise<T> {
    const init =
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(`${this.url}/control/${path}`, init)
    if (!response.ok)
      throw new Error(`The sandbox answered ${response.status} to ${path}: ${await response.text()}`)
    return (await response.json()) as T
  }

  async endFaults(): Promise<void> {
    await fetch(`${this.url}/control/faults`, { method: 'DELETE' })
  }

  async endFault(id: string): Promise<void> {
    await fetch(`${this.url}/control/faults/${id}`, { method: 'DELETE' })
  }
}

export type GmailMessage = {
  id: string
  threadId: string
  labelIds?: string[]
  internalDate: string
  sizeEstimate: number
  payload?: { headers?: { name: string; value: string }[] }
}
export type GmailLabel = { id: string; name: string; type: 'system' | 'user' }

/** A call that Gmail refused, or that was lost. On the telephone that is no news. */
export class GmailRefused extends Error {
  readonly status: number
  constructor(status: number, what: string) {
    super(`Gmail answered ${status} to ${what}.`)
    this.status = status
  }
}

const LIMIT_MS = 4_000

export class Gmail {
  readonly email: string
  readonly #google: Google
  #token: string | null = null

  constructor(google: Google, email: string) {
    this.#google = google
    this.email = email
  }

  async call<T = unknown>(method: string, path: string, body?: object): Promise<T> {
    for (let tries = 0; ; tries++) {
      this.#token ??= (
        await this.#google.control<{ access_token: string }>('token', { account: this.email })
      ).access_token
      const response = await fetch(`${this.#google.url}/gmail/v1/users/me/${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(LIMIT_MS),
      })
      const text = await response.text()
      if (response.ok) return (text === '' ? null : JSON.parse(text)) as T
      if (response.status !== 401 || tries > 0) throw new GmailRefused(response.status, `${method} ${path}`)
      this.#token = null
    }
  }

  async ids(): Promise<{ id: string; threadId: string }[]> {
    const all: { id: string; threadId: string }[] = []
    let pageToken = ''
    do {
      const page = await this.call<{
        messages?: { id: string; threadId: string }[]
        nextPageToken?: string
      }>('GET', `messages?includeSpamTrash=true&maxResults=500${pageToken && `&pageToken=${pageToken}`}`)
      all.push(...(page.messages ?? []))
      pageToken = page.nextPageToken ?? ''
    } while (pageToken)
    return all
  }

  message(id: string): Promise<GmailMessage> {
    return this.call('GET', `messages/${id}?format=metadata`)
  }

  async labels(): Promise<GmailLabel[]> {
    return (await this.call<{ labels: GmailLabel[] }>('GET', 'labels')).labels
  }

  async historyId(): Promise<string> {
    return (await this.call<{ historyId: string }>('GET', 'profile')).historyId
  }
}

/** The sandbox's request for each fault of a plan. */
export const FAULTS: Record<ProviderFault, object> = {
  unavailable: { kind: 'status', status: 503 },
  serverError: { kind: 'status', status: 500 },
  tooMany: { kind: 'status', status: 429, retryAfter: 1 },
  tooManyInWords: { kind: 'status', status: 403, reason: 'userRateLimitExceeded' },
  reset: { kind: 'reset' },
  truncate: { kind: 'truncate' },
  late: { kind: 'delay', ms: 800 },
  trickle: { kind: 'slow', ms: 600 },
  hang: { kind: 'hang', count: 1 },
  unauthorized: { kind: 'status', status: 401 },
  forbidden: { kind: 'status', status: 403, reason: 'domainPolicy' },
  emptyHistoryPage: { kind: 'history.empty-page', count: 2 },
  rotate: { kind: 'oauth.rotate' },
  pushLost: { kind: 'push.drop' },
  pushTwice: { kind: 'push.double' },
  pushLate: { kind: 'push.delay', ms: 1_500 },
  pushReordered: { kind: 'push.reorder', count: 2 },
  pushForged: { kind: 'push.token', variant: 'key', count: 3 },
  excessDropped: { kind: 'watch.drop-excess' },
  watchSilent: { kind: 'watch.silent' },
}
