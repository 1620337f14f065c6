import { setTimeout as sleep } from 'node:timers/promises'

/** Somebody who uses the product, by their cookies. */
export class Person {
  readonly email: string
  readonly #baseUrl: string
  /** better-auth slows down an address that signs up too often; people have one each. */
  readonly #address: string
  #cookies = new Map<string, string>()
  userId = ''

  constructor(options: { seed: number; baseUrl: string }) {
    const { seed } = options
    this.email = `person${seed}@example.com`
    this.#address = `10.${(seed >> 16) & 255}.${(seed >> 8) & 255}.${seed & 255}`
    this.#baseUrl = options.baseUrl
  }

  get headers(): Record<string, string> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return { cookie, 'x-forwarded-for': this.#address }
  }

  async signUp(): Promise<void> {
    const body = { email: this.email, password: 'a long enough password', name: 'A Person' }
    const response = await this.request('/api/auth/sign-up/email', { method: 'POST', body })
    const { user } = (await response.json()) as { user: { id: string } }
    this.userId = user.id
  }

  /** Grants access to a mailbox on its provider's consent page, the first time or again. */
  async consent(provider: 'gmail' | 'graph', mailbox: string): Promise<void> {
    const begun = await this.request(`/api/accounts/connect/${provider}`, {}, [303])
    const consent = begun.headers.get('location') ?? ''
    const answered = await fetch(consent, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ account: mailbox, answer: 'allow' }),
    })
    const back = new URL(answered.headers.get('location') ?? '', consent)
    const done = await this.request(`${back.pathname}${back.search}`, {}, [303])
    const location = done.headers.get('location') ?? ''
    if (!location.includes('connected=')) throw new Error(`Connecting ${mailbox} ended at ${location}`)
  }

  /** As a person would: again, until it works. */
  async untilItWorks(what: string, limitMs: number, work: () => Promise<unknown>): Promise<void> {
    const until = Date.now() + limitMs
    for (;;) {
      try {
        await work()
        return
      } catch (error) {
        if (Date.now() > until) throw new Error(`${what} did not work within ${limitMs / 1_000} s: ${error}`)
        await sleep(300)
      }
    }
  }

  /** Throws for any answer but `expected`, 2xx unless told. */
  async request(
    path: string,
    init: { method?: string; body?: object } = {},
    expected?: number[],
  ): Promise<Response> {
    const response = await fetch(this.#baseUrl + path, {
      method: init.method ?? 'GET',
      redirect: 'manual',
      headers: {
        ...this.headers,
        origin: this.#baseUrl,
        ...(init.body ? { 'content-type': 'application/json' } : {}),
      },
      ...(init.body ? { body: JSON.stringify(init.body) } : {}),
      signal: AbortSignal.timeout(15_000),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      if (/max-age=0/i.test(line)) this.#cookies.delete(pair.slice(0, at))
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    const fine = expected ? expected.includes(response.status) : response.ok
    if (fine) return response
    throw new Error(`${path} answered ${response.status}: ${(await response.text()).slice(0, 200)}`)
  }
}
