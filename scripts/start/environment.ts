import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { root } from './root.ts'
import type { Secrets } from './secrets.ts'

export type Env = Record<string, string | undefined>

export const demoMailbox = 'demo@inlet.test'
export const demoOutlook = 'demo@outlook.inlet.test'
export const demoImap = 'demo@mail.inlet.test'

/** The environment over `.env`: what is exported wins over what is written down. Empty values count as unset. */
export function readEnvironment(): Env {
  const file = join(root, '.env')
  const written = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const merged: Env = { ...written, ...process.env }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''))
}

export const dataDirOf = (env: Env) => resolve(root, env.INLET_DATA_DIR ?? '.inlet')

/** The sandbox stands in for Google and Microsoft unless there are real credentials or another sandbox is named. */
export const needsSandbox = (env: Env) =>
  !env.GOOGLE_CLIENT_ID && !env.MICROSOFT_CLIENT_ID && !env.INLET_SANDBOX_URL

export interface Addresses {
  port: number
  baseUrl: string
  databaseUrl: string
  sandboxUrl: string | undefined
  /** Where a sandbox of ours speaks IMAP and SMTP. */
  sandboxMail?: MailPorts | undefined
  /** File with the consent page of its accounts. */
  imapOAuthFile?: string | undefined
}

export interface MailPorts {
  imap: number
  smtp: number
}

const sandboxGoogle = (baseUrl: string) => ({
  GOOGLE_CLIENT_ID: 'inlet-sandbox.apps.googleusercontent.com',
  GOOGLE_CLIENT_SECRET: 'sandbox-secret',
  GMAIL_PUBSUB_TOPIC: 'projects/inlet-sandbox/topics/gmail',
  // Pub/Sub's own default: the audience is the push endpoint's URL.
  GMAIL_PUSH_AUDIENCE: `${baseUrl}/api/webhooks/gmail`,
  GMAIL_PUSH_SERVICE_ACCOUNT: 'gmail-push@inlet-sandbox.iam.gserviceaccount.com',
})

const sandboxMicrosoft = (port: number) => ({
  MICROSOFT_CLIENT_ID: '5a4dbcc7-6f1e-4c39-9a1e-1b1e75a4d0b0',
  MICROSOFT_CLIENT_SECRET: 'sandbox~secret',
  GRAPH_CALLBACK_URL: `http://127.0.0.1:${port}/api/webhooks/graph`,
})

/** The demo mailbox that the sandbox has by itself, on loopback, and so in reach only where private hosts are. */
const sandboxImap = ({ imap, smtp }: MailPorts) => ({
  INLET_SANDBOX_IMAP: `imap://${encodeURIComponent(demoImap)}:demo@127.0.0.1:${imap}?smtp=${smtp}`,
  INLET_IMAP_PRIVATE_HOSTS: '1',
})

/** The consent page of the sandbox's IMAP accounts, as INLET_IMAP_OAUTH describes one. */
export const sandboxMailOAuth = (sandboxUrl: string, { imap, smtp }: MailPorts) => [
  {
    id: 'sandbox',
    name: 'Sandbox Mail',
    domains: ['mail.inlet.test'],
    imap: { host: '127.0.0.1', port: imap, security: 'none' },
    smtp: { host: '127.0.0.1', port: smtp, security: 'none' },
    authorizeUrl: `${sandboxUrl}/imap/oauth/authorize`,
    tokenUrl: `${sandboxUrl}/imap/oauth/token`,
    revokeUrl: `${sandboxUrl}/imap/oauth/revoke`,
    clientId: 'inlet-mail',
    clientSecret: 'sandbox-mail-secret',
    scopes: ['mail', 'offline_access'],
  },
]

/** What apps/web gets. Variables that are set already are never replaced, except the addresses of what was started. */
export function serverEnvironment(
  env: Env,
  secrets: Secrets,
  dataDir: string,
  at: Addresses,
): NodeJS.ProcessEnv {
  const sandboxUrl = at.sandboxUrl ?? env.INLET_SANDBOX_URL
  return {
    ...(sandboxUrl ? { ...sandboxGoogle(at.baseUrl), INLET_DEMO_TOKEN: secrets.demoToken } : {}),
    ...(sandboxUrl && env.INLET_SANDBOX_OUTLOOK !== 'none' ? sandboxMicrosoft(at.port) : {}),
    ...(at.sandboxMail && env.INLET_SANDBOX_IMAP_ACCOUNTS !== 'none' ? sandboxImap(at.sandboxMail) : {}),
    ...(at.imapOAuthFile ? { INLET_IMAP_OAUTH: at.imapOAuthFile } : {}),
    INLET_ENCRYPTION_KEYS: secrets.encryptionKeys,
    BETTER_AUTH_SECRET: secrets.betterAuthSecret,
    CRON_SECRET: secrets.cronSecret,
    INLET_BASE_URL: at.baseUrl,
    ...env,
    ...(sandboxUrl ? { INLET_SANDBOX_URL: sandboxUrl } : {}),
    DATABASE_URL: at.databaseUrl,
    INLET_DATA_DIR: dataDir,
    PORT: String(at.port),
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
  }
}

/** What packages/sandbox/src/main.ts gets: the other half of the agreement above. */
export function sandboxEnvironment(
  env: Env,
  dataDir: string,
  at: { webPort: number; baseUrl: string; sandboxPort: number; mail?: MailPorts },
): NodeJS.ProcessEnv {
  const google = { ...sandboxGoogle(at.baseUrl), ...env }
  return {
    INLET_SANDBOX_ACCOUNTS: `${demoMailbox}:all`,
    INLET_SANDBOX_OUTLOOK: `${demoOutlook}:600`,
    INLET_SANDBOX_IMAP_ACCOUNTS: `${demoImap}:400`,
    ...env,
    INLET_SANDBOX_HOST: '127.0.0.1',
    INLET_SANDBOX_PORT: String(at.sandboxPort),
    // Its usual ports may be somebody else's.
    ...(at.mail
      ? { INLET_SANDBOX_IMAP_PORT: String(at.mail.imap), INLET_SANDBOX_SMTP_PORT: String(at.mail.smtp) }
      : { INLET_SANDBOX_IMAP_ACCOUNTS: 'none' }),
    INLET_SANDBOX_DATA: join(dataDir, 'sandbox'),
    // By address, not by name: the server listens on 127.0.0.1 alone, and localhost may mean ::1 first.
    INLET_SANDBOX_PUSH: `http://127.0.0.1:${at.webPort}/api/webhooks/gmail`,
    INLET_SANDBOX_AUDIENCE: google.GMAIL_PUSH_AUDIENCE,
    INLET_SANDBOX_SERVICE_ACCOUNT: google.GMAIL_PUSH_SERVICE_ACCOUNT,
  }
}
