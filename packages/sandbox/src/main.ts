import { parseArgs } from 'node:util'
import type { QuotaMode } from './google/quota.ts'
import type { AccountOptions } from './mailbox/mailboxes.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts'

const HELP = `Inlet sandbox: Google's OAuth, Gmail and Pub/Sub push, Microsoft's Entra and Graph mail, and IMAP with SMTP, on this machine.

  --port N             INLET_SANDBOX_PORT or PORT, default 4010
  --host ADDRESS       INLET_SANDBOX_HOST, default 127.0.0.1
  --data FOLDER        INLET_SANDBOX_DATA; without it nothing survives a restart
  --account SPEC       INLET_SANDBOX_ACCOUNTS (separated by commas); email[:messages[:name]],
                       messages a number or "all"; default demo@inlet.test:all
  --outlook SPEC       INLET_SANDBOX_OUTLOOK (separated by commas), the same for Outlook accounts, or "none";
                       default demo@outlook.inlet.test:600
  --outlook-limits on  INLET_SANDBOX_OUTLOOK_LIMITS: on or off, Outlook's throttling; default off
  --imap SPEC          INLET_SANDBOX_IMAP_ACCOUNTS (separated by commas), the same for IMAP accounts, or "none";
                       default demo@mail.inlet.test:400; the password is "demo"
  --imap-port N        INLET_SANDBOX_IMAP_PORT, default 4011
  --smtp-port N        INLET_SANDBOX_SMTP_PORT, default 4012
  --push URL           INLET_SANDBOX_PUSH; without it messages wait to be pulled
  --audience TEXT      INLET_SANDBOX_AUDIENCE, default the push URL
  --service-account E  INLET_SANDBOX_SERVICE_ACCOUNT
  --quota MODE         INLET_SANDBOX_QUOTA: off, 2026 or classic; default off
  --seed N             INLET_SANDBOX_SEED, default 1
`

const { env } = process
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: env.INLET_SANDBOX_PORT ?? env.PORT ?? '4010' },
    host: { type: 'string', default: env.INLET_SANDBOX_HOST ?? '127.0.0.1' },
    data: { type: 'string', default: env.INLET_SANDBOX_DATA ?? '' },
    account: { type: 'string', multiple: true },
    outlook: { type: 'string', multiple: true },
    'outlook-limits': { type: 'string', default: env.INLET_SANDBOX_OUTLOOK_LIMITS ?? 'off' },
    imap: { type: 'string', multiple: true },
    'imap-port': { type: 'string', default: env.INLET_SANDBOX_IMAP_PORT ?? '4011' },
    'smtp-port': { type: 'string', default: env.INLET_SANDBOX_SMTP_PORT ?? '4012' },
    push: { type: 'string', default: env.INLET_SANDBOX_PUSH ?? '' },
    audience: { type: 'string', default: env.INLET_SANDBOX_AUDIENCE ?? '' },
    'service-account': { type: 'string', default: env.INLET_SANDBOX_SERVICE_ACCOUNT ?? '' },
    quota: { type: 'string', default: env.INLET_SANDBOX_QUOTA ?? 'off' },
    seed: { type: 'string', default: env.INLET_SANDBOX_SEED ?? '1' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const specs = values.account ?? (env.INLET_SANDBOX_ACCOUNTS ?? 'demo@inlet.test:all').split(',')
const outlook = values.outlook ?? (env.INLET_SANDBOX_OUTLOOK ?? 'demo@outlook.inlet.test:600').split(',')
const imap = (
  values.imap ?? (env.INLET_SANDBOX_IMAP_ACCOUNTS ?? 'demo@mail.inlet.test:400').split(',')
).filter(spec => spec !== 'none')
const sandbox = await start({
  port: wholeNumber('port', values.port),
  host: values.host,
  ...(values.data && { dataDir: values.data }),
  accounts: specs.map(accountOf),
  push: values.push
    ? {
        endpoint: values.push,
        ...(values.audience && { audience: values.audience }),
        ...(values['service-account'] && { serviceAccountEmail: values['service-account'] }),
      }
    : null,
  quota: quotaOf(values.quota),
  seed: wholeNumber('seed', values.seed),
  microsoft: {
    accounts: outlook.filter(spec => spec !== 'none').map(accountOf),
    limits: { enabled: isOn('outlook-limits', values['outlook-limits']) },
  },
  ...(imap.length > 0 && {
    imap: {
      accounts: imap.map(accountOf),
      port: wholeNumber('imap-port', values['imap-port']),
      smtpPort: wholeNumber('smtp-port', values['smtp-port']),
    },
  }),
})
const { control } = sandbox
const mailboxes = [...control.mailboxes(), ...control.microsoft.mailboxes(), ...control.imap.mailboxes()]
console.log(`sandbox: ${sandbox.url} (${mailboxes.map(m => `${m.email}: ${m.size} messages`).join(', ')})`)
if (sandbox.imap)
  console.log(`sandbox: IMAP on port ${sandbox.imap.port}, SMTP on port ${sandbox.imap.smtpPort}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void sandbox.close().then(() => process.exit(0))
  })
}

async function start(options: SandboxOptions): Promise<Sandbox> {
  try {
    return await startSandbox(options)
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (!taken) throw error
    const port = 'port' in error ? String(error.port) : String(options.port)
    return fail(`port ${port} is taken; free it or choose another with --port, --imap-port or --smtp-port`)
  }
}

function accountOf(spec: string): AccountOptions {
  const [email = '', messages = '0', name] = spec.trim().split(':')
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) fail(`"${spec}" is not email[:messages[:name]]`)
  return {
    email,
    messages: messages === 'all' ? 'all' : wholeNumber('messages', messages),
    ...(name && { name }),
  }
}

function quotaOf(text: string): QuotaMode {
  return text === 'off' || text === '2026' || text === 'classic'
    ? text
    : fail(`quota "${text}" is not off, 2026 or classic`)
}

function isOn(name: string, text: string): boolean {
  return text === 'on' || (text !== 'off' && fail(`${name} "${text}" is not on or off`))
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  return Number.isInteger(value) && value >= 0 ? value : fail(`${name} "${text}" is not a whole number`)
}

function fail(message: string): never {
  console.error(`sandbox: ${message}. Try --help.`)
  process.exit(2)
}
