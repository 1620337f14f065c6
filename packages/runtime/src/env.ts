import * as z from 'zod'

/**
 * Everything Inlet reads from its environment, checked once. This is the only reader of process.env in the product
 * (invariant of the house, checked in CI); .env.example explains each name.
 */
const text = z.string().trim().min(1)
const url = z.url()
const flag = z.enum(['0', '1', 'true', 'false']).transform(value => value === '1' || value === 'true')
const units = z.union([z.literal('off').transform(() => null), z.coerce.number().int().min(20)])

const Env = z.object({
  DATABASE_URL: text,
  INLET_BASE_URL: url.default('http://localhost:3000'),
  INLET_ENCRYPTION_KEYS: text,
  BETTER_AUTH_SECRET: z.string().min(32),
  CRON_SECRET: z.string().min(16).optional(),
  INLET_DEMO_TOKEN: z.string().min(16).optional(),
  INLET_SANDBOX_URL: url.optional(),
  INLET_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  INLET_SIGN_UP: flag.default(true),
  INLET_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  INLET_STREAMS_PER_USER: z.coerce.number().int().min(1).max(100).default(5),
  INLET_STREAM_LIFETIME_S: z.coerce.number().int().min(10).max(86_400).optional(),
  INLET_WORKER: flag.optional(),
  INLET_SYNC_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(8),
  REDIS_URL: url.optional(),
  UPSTASH_REDIS_REST_URL: url.optional(),
  UPSTASH_REDIS_REST_TOKEN: text.optional(),
  GOOGLE_CLIENT_ID: text.optional(),
  GOOGLE_CLIENT_SECRET: text.optional(),
  GMAIL_PUBSUB_TOPIC: text.optional(),
  GMAIL_PUBSUB_SUBSCRIPTION: text.optional(),
  GMAIL_PUSH_AUDIENCE: text.optional(),
  GMAIL_PUSH_SERVICE_ACCOUNT: text.optional(),
  GMAIL_UNITS_PER_MINUTE: units.optional(),
  GMAIL_BASE_URL: url.optional(),
  GOOGLE_OAUTH_BASE_URL: url.optional(),
  GOOGLE_TOKEN_URL: url.optional(),
  GOOGLE_CERTS_URL: url.optional(),
  GOOGLE_PUBSUB_BASE_URL: url.optional(),
  MICROSOFT_CLIENT_ID: text.optional(),
  MICROSOFT_CLIENT_SECRET: text.optional(),
  MICROSOFT_TENANT: text.default('common'),
  GRAPH_BASE_URL: url.optional(),
  MICROSOFT_LOGIN_BASE_URL: url.optional(),
  GRAPH_CALLBACK_URL: url.optional(),
  INLET_IMAP: flag.default(true),
  INLET_IMAP_PRIVATE_HOSTS: flag.default(false),
  INLET_IMAP_CERTIFICATES: text.optional(),
  INLET_IMAP_OAUTH: text.optional(),
  INLET_SANDBOX_IMAP: z.url({ protocol: /^imap$/ }).optional(),
  VERCEL: z.string().optional(),
})
type Env = z.infer<typeof Env>

export type GoogleConfig = {
  clientId: string
  clientSecret: string
  topic: string | null
  subscription: string | null
  pushAudience: string
  pushServiceAccount: string | null
  unitsPerMinute: number | null | undefined
  gmailBaseUrl: string | undefined
  /** Root of the consent page. */
  oauthBaseUrl: string | undefined
  tokenUrl: string | undefined
  certsUrl: string | undefined
  pubsubBaseUrl: string | undefined
}

export type MicrosoftConfig = {
  clientId: string
  clientSecret: string
  tenant: string
  graphBaseUrl: string | undefined
  /** Root of sign-in and tokens. */
  loginBaseUrl: string | undefined
  requestsPerMinute: number | null | undefined
  /** Where Graph sends notifications. null: it cannot reach this server, so mailboxes are polled. */
  callbackUrl: string | null
}

export type ImapSettings = {
  /** Whether people may name hosts on private and loopback addresses. */
  privateHosts: boolean
  /** PEM file with certificates that are trusted besides the public ones. */
  certificatesFile: string | null
  /** JSON file of mail providers with a consent page. */
  oauthFile: string | null
}

/** The demo user's mailbox in the sandbox, unencrypted. */
export type SandboxImap = {
  user: string
  password: string
  host: string
  port: number
  smtpPort: number | null
}

export type Config = {
  databaseUrl: string
  baseUrl: string
  encryptionKeys: string
  authSecret: string
  cronSecret: string | null
  demoToken: string | null
  sandboxUrl: string | null
  logLevel: Env['INLET_LOG_LEVEL']
  signUp: boolean
  trustedProxies: number
  streamsPerUser: number
  streamLifetimeMs: number
  /** Runs the sync runner and the timers in this process. Off on Vercel, where cron routes call the same use-cases. */
  worker: boolean
  syncConcurrency: number
  redisUrl: string | null
  upstash: { url: string; token: string } | null
  google: GoogleConfig | null
  microsoft: MicrosoftConfig | null
  /** null: not offered. */
  imap: ImapSettings | null
  sandboxImap: SandboxImap | null
}

export class InvalidEnvironment extends Error {
  constructor(problems: string[]) {
    super(
      `The environment is not complete:\n${problems.map(problem => `  ${problem}`).join('\n')}\nSee .env.example.`,
    )
    this.name = 'InvalidEnvironment'
  }
}

/** Throws InvalidEnvironment with every problem at once. Empty values count as absent. */
export function readConfig(source: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(
    Object.entries(source).filter(([, value]) => value !== undefined && value !== ''),
  )
  const parsed = Env.safeParse(given)
  if (!parsed.success)
    throw new InvalidEnvironment(
      parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`),
    )
  const env = parsed.data
  const onVercel = env.VERCEL !== undefined
  const upstash =
    env.UPSTASH_REDIS_REST_URL && env.UPSTASH_REDIS_REST_TOKEN
      ? { url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }
      : null
  return {
    databaseUrl: env.DATABASE_URL,
    baseUrl: trimmed(env.INLET_BASE_URL),
    encryptionKeys: env.INLET_ENCRYPTION_KEYS,
    authSecret: env.BETTER_AUTH_SECRET,
    cronSecret: env.CRON_SECRET ?? null,
    demoToken: env.INLET_DEMO_TOKEN ?? null,
    sandboxUrl: env.INLET_SANDBOX_URL ?? null,
    logLevel: env.INLET_LOG_LEVEL,
    signUp: env.INLET_SIGN_UP,
    trustedProxies: onVercel ? Math.max(1, env.INLET_TRUSTED_PROXIES) : env.INLET_TRUSTED_PROXIES,
    streamsPerUser: env.INLET_STREAMS_PER_USER,
    // Vercel ends a function at 300 s by default; the stream says goodbye first.
    streamLifetimeMs: (env.INLET_STREAM_LIFETIME_S ?? (onVercel ? 285 : 3_600)) * 1_000,
    worker: env.INLET_WORKER ?? !onVercel,
    syncConcurrency: env.INLET_SYNC_CONCURRENCY,
    redisUrl: env.REDIS_URL ?? null,
    upstash,
    google: readGoogle(env),
    microsoft: readMicrosoft(env),
    imap: env.INLET_IMAP
      ? {
          privateHosts: env.INLET_IMAP_PRIVATE_HOSTS,
          certificatesFile: env.INLET_IMAP_CERTIFICATES ?? null,
          oauthFile: env.INLET_IMAP_OAUTH ?? null,
        }
      : null,
    sandboxImap: env.INLET_SANDBOX_IMAP ? readSandboxImap(env.INLET_SANDBOX_IMAP) : null,
  }
}

/** imap://USER:PASSWORD@HOST:PORT?smtp=PORT, percent-encoded. */
function readSandboxImap(address: string): SandboxImap {
  const { username, password, hostname, port, searchParams } = new URL(address)
  return {
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    host: hostname,
    port: Number(port) || 143,
    smtpPort: Number(searchParams.get('smtp')) || null,
  }
}

/** With a sandbox, every address of a provider's that is not set explicitly is the sandbox's. */
function sandboxAt(env: Env): (path: string) => string | undefined {
  const sandbox = env.INLET_SANDBOX_URL && trimmed(env.INLET_SANDBOX_URL)
  return path => (sandbox ? `${sandbox}${path}` : undefined)
}

function readGoogle(env: Env): GoogleConfig | null {
  if (!env.GOOGLE_CLIENT_ID || !env.GOOGLE_CLIENT_SECRET) return null
  const at = sandboxAt(env)
  const unlimited = env.GMAIL_UNITS_PER_MINUTE === undefined && env.INLET_SANDBOX_URL
  return {
    clientId: env.GOOGLE_CLIENT_ID,
    clientSecret: env.GOOGLE_CLIENT_SECRET,
    topic: env.GMAIL_PUBSUB_TOPIC ?? null,
    subscription: env.GMAIL_PUBSUB_SUBSCRIPTION ?? null,
    pushAudience: env.GMAIL_PUSH_AUDIENCE ?? `${trimmed(env.INLET_BASE_URL)}/api/webhooks/gmail`,
    pushServiceAccount: env.GMAIL_PUSH_SERVICE_ACCOUNT ?? null,
    unitsPerMinute: unlimited ? null : env.GMAIL_UNITS_PER_MINUTE,
    gmailBaseUrl: env.GMAIL_BASE_URL ?? at('/'),
    oauthBaseUrl: env.GOOGLE_OAUTH_BASE_URL ?? at(''),
    tokenUrl: env.GOOGLE_TOKEN_URL ?? at('/token'),
    certsUrl: env.GOOGLE_CERTS_URL ?? at('/oauth2/v1/certs'),
    pubsubBaseUrl: env.GOOGLE_PUBSUB_BASE_URL ?? at('/'),
  }
}

function readMicrosoft(env: Env): MicrosoftConfig | null {
  if (!env.MICROSOFT_CLIENT_ID || !env.MICROSOFT_CLIENT_SECRET) return null
  const at = sandboxAt(env)
  const own = trimmed(env.INLET_BASE_URL)
  // Graph notifies public https addresses only; the sandbox is on this machine.
  const reachable = own.startsWith('https:') || env.INLET_SANDBOX_URL
  return {
    clientId: env.MICROSOFT_CLIENT_ID,
    clientSecret: env.MICROSOFT_CLIENT_SECRET,
    tenant: env.MICROSOFT_TENANT,
    graphBaseUrl: env.GRAPH_BASE_URL ?? at('/'),
    loginBaseUrl: env.MICROSOFT_LOGIN_BASE_URL ?? at(''),
    requestsPerMinute: env.INLET_SANDBOX_URL ? null : undefined,
    callbackUrl: env.GRAPH_CALLBACK_URL ?? (reachable ? `${own}/api/webhooks/graph` : null),
  }
}

const trimmed = (address: string): string => address.replace(/\/$/, '')
