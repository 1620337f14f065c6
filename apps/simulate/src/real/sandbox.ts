/** Somebody far away: what reaches this address has left the mailbox that it was sent from. */
export const FAR = 'far@example.com'

/** The sandbox's control API: what a provider does by itself, or is made to do. */
export class Sandbox {
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

  /** A letter arrives in a mailbox of the sandbox. */
  async deliver(account: string, letter: string): Promise<void> {
    await this.control('deliver', { account, raw: Buffer.from(letter).toString('base64') })
  }

  /** Subjects of all that has come to somebody far away. */
  async arrived(): Promise<string[]> {
    const path = `imap/messages?account=${encodeURIComponent(FAR)}&folder=INBOX`
    const { messages } = await this.control<{ messages: { subject: string }[] }>(path)
    return messages.map(({ subject }) => subject)
  }

  async endFaults(): Promise<void> {
    await fetch(`${this.url}/control/faults`, { method: 'DELETE' })
  }

  async endFault(id: string): Promise<void> {
    await fetch(`${this.url}/control/faults/${id}`, { method: 'DELETE' })
  }
}
