import { createGmail } from '@inlet/providers/gmail'
import { createGraph } from '@inlet/providers/graph'
import { createImap } from '@inlet/providers/imap'
import { DEFAULT_ENTRA_CLIENT } from '@inlet/sandbox/microsoft/entra/clients'
import { DEFAULT_CLIENT } from '@inlet/sandbox/sandbox'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { appendMany } from './append-many.ts'
import type { Context } from './bench.ts'
import { commandCounter } from './count-commands.ts'
import { accessOf, type SandboxToken, sandboxGmail } from './gmail-engine.ts'
import type { Provider } from './growing-mailbox.ts'
import { generatedMail } from './made-up-mail.ts'
import { control } from './product.ts'
import { startSandboxProcess } from './sandbox-process.ts'

/** Makes one mailbox of each size. */
export type ProviderOf = (context: Context, size: number) => Promise<Provider>

/** As many as the control API generates at once. */
const GENERATED = 5_000
/** The requests that it remembers. */
const LOGGED = 1_000

async function played(
  context: Context,
  name: 'gmail' | 'outlook',
  size: number,
): Promise<Pick<Provider, 'deliver' | 'counting'> & { url: string; token: SandboxToken }> {
  const email = `bench${size}@${name}.inlet.test`
  const url = await startSandboxProcess(context, name === 'gmail' ? email : 'nobody@inlet.test', {
    outlook: name === 'outlook' ? email : 'none',
  })
  let seed = size
  const deliver = async (count: number) => {
    for (let left = count; left > 0; left -= GENERATED)
      await control(url, 'deliver', {
        account: email,
        generate: { count: Math.min(left, GENERATED), seed: ++seed },
      })
  }
  await deliver(size)
  const path = name === 'gmail' ? 'token' : 'microsoft/token'
  const client = name === 'gmail' ? DEFAULT_CLIENT.id : DEFAULT_ENTRA_CLIENT.id
  const token = (await control(url, path, { account: email, client })) as SandboxToken
  const counting = async () => {
    const since = Date.now()
    return async () => {
      const { requests } = (await control(url, `requests?limit=${LOGGED}`)) as {
        requests: { at: number; path: string }[]
      }
      return requests.filter(({ at, path }) => at >= since && !path.startsWith('/control')).length
    }
  }
  return { url, token, deliver, counting }
}

export const gmail: ProviderOf = async (context, size) => {
  const { url, token, deliver, counting } = await played(context, 'gmail', size)
  const access = accessOf(token, Date.now())
  return { provider: 'gmail', adapter: createGmail(sandboxGmail(url)), access, deliver, counting }
}

export const outlook: ProviderOf = async (context, size) => {
  const { url, token, deliver, counting } = await played(context, 'outlook', size)
  const adapter = createGraph({
    clientId: DEFAULT_ENTRA_CLIENT.id,
    clientSecret: DEFAULT_ENTRA_CLIENT.secret,
    graphBaseUrl: `${url}/`,
    loginBaseUrl: url,
    requestsPerMinute: null,
  })
  return { provider: 'graph', adapter, access: accessOf(token, Date.now()), deliver, counting }
}

const USER = 'bench@inlet.test'

/** On a Dovecot that keeps to itself what is named. */
export const imapWithout =
  (...hide: ('QRESYNC' | 'CONDSTORE')[]): ProviderOf =>
  async (context, size) => {
    const dovecot = await startDovecot({ users: [USER], hide, format: 'sdbox' })
    context.onEnd(() => dovecot.stop())
    const relay = await commandCounter(context, dovecot.port)
    const adapter = createImap({ allowPrivateHosts: true })
    let made = 0
    const deliver = async (count: number) => {
      await appendTo(dovecot, made, count)
      made += count
    }
    await deliver(size)
    return {
      provider: 'imap',
      adapter,
      access: {
        ...{ email: USER, displayName: 'Bench', user: USER, password: dovecot.passwordOf(USER) },
        ...{ imapHost: '127.0.0.1', imapPort: relay.port, imapSecurity: 'none' },
        ...{ smtpHost: null, smtpPort: null, smtpSecurity: null },
      },
      deliver,
      counting: async () => {
        const before = relay.commands()
        return async () => relay.commands() - before
      },
      end: adapter.close,
    }
  }

const appendTo = (dovecot: DovecotServer, first: number, count: number) =>
  appendMany(
    { port: dovecot.port, user: USER, password: dovecot.passwordOf(USER) },
    'INBOX',
    generatedMail(first, count, USER),
  )
