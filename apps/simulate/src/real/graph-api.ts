import { Refused } from './mailbox.ts'
import type { Sandbox } from './sandbox.ts'

export type GraphMessage = {
  id: string
  conversationId: string
  parentFolderId: string
  subject: string | null
  internetMessageId: string | null
  receivedDateTime: string
  isRead: boolean
  isDraft: boolean
  flag: { flagStatus: string }
}
export type GraphFolder = {
  id: string
  /** The names of the folders around it before its own. */
  path: string
  /** Below another of its kind: neither one of Outlook's own nor the root. */
  own: boolean
}

type Page<T> = { value: T[]; '@odata.nextLink'?: string }
type Listed = { id: string; displayName: string; childFolderCount: number; isHidden: boolean }

const LIMIT_MS = 4_000
const SELECT =
  '$select=id,conversationId,parentFolderId,subject,internetMessageId,receivedDateTime,isRead,isDraft,flag'
const OUTLOOKS_OWN =
  /^(Inbox|Sent Items|Drafts|Deleted Items|Junk Email|Archive|Outbox|Conversation History)$/i

/** Graph as a person's telephone speaks it. */
export class GraphApi {
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
        await this.#sandbox.control<{ access_token: string }>('microsoft/token', { account: this.#email })
      ).access_token
      const response = await fetch(`${this.#sandbox.url}/v1.0/me/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          'content-type': 'application/json',
          prefer: 'IdType="ImmutableId"',
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(LIMIT_MS),
      })
      const text = await response.text()
      if (response.ok) return (text === '' ? null : JSON.parse(text)) as T
      if (response.status !== 401 || tries > 0)
        throw new Refused(`Graph answered ${response.status} to ${method} ${path}: ${text.slice(0, 200)}`)
      this.#token = null
    }
  }

  /** All that can be seen, the newest first, each in one folder. */
  messages(): Promise<GraphMessage[]> {
    return this.#all<GraphMessage>(`messages?$top=500&${SELECT}`)
  }

  /** All that can be seen, those around others before them. */
  async folders(): Promise<GraphFolder[]> {
    const found: GraphFolder[] = []
    const walk = async (parent: string, before: string) => {
      for (const folder of await this.#all<Listed>(`mailFolders/${parent}/childFolders?$top=500`)) {
        if (folder.isHidden) continue
        const path = `${before}${folder.displayName}`
        found.push({ id: folder.id, path, own: before !== '' || !OUTLOOKS_OWN.test(path) })
        if (folder.childFolderCount > 0) await walk(folder.id, `${path}/`)
      }
    }
    await walk('msgfolderroot', '')
    return found
  }

  async #all<T>(path: string): Promise<T[]> {
    const all: T[] = []
    for (let next: string | undefined = path; next; ) {
      const page: Page<T> = await this.call<Page<T>>('GET', next)
      all.push(...page.value)
      next = page['@odata.nextLink']?.replace(/^.*?\/v1\.0\/me\//, '')
    }
    return all
  }
}
