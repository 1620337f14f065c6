import { Refused } from './mailbox.ts'
import type { Sandbox } from './sandbox.ts'

export type GmailMessage = {
  id: string
  threadId: string
  labelIds?: string[]
  internalDate: string
  sizeEstimate: number
  payload?: { headers?: { name: string; value: string }[] }
}
export type GmailLabel = { id: string; name: string; type: 'system' | 'user' }

const LIMIT_MS = 4_000

/** The Gmail API as a person's telephone speaks it. */
export class GmailApi {
  readonly #email: string
  readonly #sandbox: Sandbox
  #token: string | null = null

  constructor(sandbox: Sandbox, email: string) {
    this.#sandbox = sandbox
    this.#email = email
  }

  async call<T = unknown>(method: string, path: string, body?: object): Promise<T> {
    for (let tries = 0; ; tries++) {
      this.#token ??= (
        await this.#sandbox.control<{ access_token: string }>('token', { account: this.#email })
      ).access_token
      const response = await fetch(`${this.#sandbox.url}/gmail/v1/users/me/${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(LIMIT_MS),
      })
      const text = await response.text()
      if (response.ok) return (text === '' ? null : JSON.parse(text)) as T
      if (response.status !== 401 || tries > 0)
        throw new Refused(`Gmail answered ${response.status} to ${method} ${path}.`)
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

export const headerOf = (message: GmailMessage, name: string) =>
  message.payload?.headers?.find(header => header.name.toLowerCase() === name)?.value ?? ''
