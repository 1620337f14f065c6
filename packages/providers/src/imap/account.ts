import { createHash } from 'node:crypto'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection } from '@inlet/sync/provider-port'
import type { At } from './in-folder.ts'
import { createPool, type Pool, type Purpose } from './pool.ts'
import type { SessionWorld } from './session.ts'
import type { MailAccess, Security, ServerSettings } from './settings.ts'

/** What a grant of IMAP holds. `smtpHost` null: nothing can be sent. */
export type ImapGrant = {
  email: string
  displayName: string
  user: string
  /** null: it is logged in to with the tokens of a consent. */
  password: string | null
  /** The configured provider that gives tokens, and what tells its consents apart: a new one never finds the connections of the one before. */
  oauth?: string | null
  consent?: string | null
  imapHost: string
  imapPort: number
  imapSecurity: Security
  smtpHost: string | null
  smtpPort: number | null
  smtpSecurity: Security | null
}

/** An account at work in this process. */
export type ImapAccount = { grant: ImapGrant; access: MailAccess; pool: Pool }

/** `conn`: of the last who used it, for the tokens of later connections. */
type Known = { account: ImapAccount; usedAt: number; conn: Connection }

export type Accounts = {
  of(conn: Connection, signal: AbortSignal): Promise<ImapAccount>
  at(conn: Connection, purpose: Purpose, signal: AbortSignal): Promise<At & ImapAccount>
  /** Closes all connections. */
  close(): Promise<void>
}

/** A pool that nobody has used for so long is given up; its connections have ended before by themselves. */
const UNUSED_MS = 10 * 60_000

/**
 * The connections of each account. They belong to the grant that opened them: another password never finds those of
 * the one before, nor does anybody who only knows the name of a mailbox.
 */
export function createAccounts(from: SessionWorld): Accounts {
  const known = new Map<string, Known>()
  const { world } = from

  function sweep(): void {
    for (const [key, { account, usedAt }] of known) {
      const { open, waiting } = account.pool.stats()
      if (open + waiting > 0 || world.now() - usedAt < UNUSED_MS) continue
      known.delete(key)
      void account.pool.close()
    }
  }

  const accounts: Accounts = {
    async of(conn, signal) {
      signal.throwIfAborted()
      const data = await conn.secret(signal)
      const grant = readGrant(conn.email, data)
      const key = createHash('sha256')
        .update(JSON.stringify([conn.accountId, grant]))
        .digest('base64url')
      const found = known.get(key)
      if (found) {
        Object.assign(found, { usedAt: world.now(), conn })
        return found.account
      }
      sweep()
      const access = accessOf(conn.accountId, grant, (until, stale) => entry.conn.accessToken(until, stale))
      const account = { grant, access, pool: createPool(access, from) }
      const entry: Known = { account, usedAt: world.now(), conn }
      known.set(key, entry)
      return account
    },
    at: async (conn, purpose, signal) => ({ ...(await accounts.of(conn, signal)), purpose, signal }),
    async close() {
      const all = [...known.values()]
      known.clear()
      await Promise.all(all.map(({ account }) => account.pool.close()))
    },
  }
  return accounts
}

const SECURITIES: readonly string[] = ['tls', 'starttls', 'none']

/** `token` is asked at each login by consent. */
export function accessOf(accountId: string, grant: ImapGrant, token: Connection['accessToken']): MailAccess {
  const { password } = grant
  return {
    accountId,
    imap: { host: grant.imapHost, port: grant.imapPort, security: grant.imapSecurity },
    smtp: smtpOf(grant),
    user: grant.user,
    secret:
      password === null
        ? async (signal, stale) => ({ accessToken: await token(signal, stale) })
        : async () => ({ password }),
  }
}

/** A stored grant, checked. Throws ProviderError where it says no way in. */
export function readGrant(email: string, data: Record<string, string | number | null>): ImapGrant {
  const text = (name: string) => (typeof data[name] === 'string' ? (data[name] as string) : '')
  const port = (name: string) => (Number.isInteger(data[name]) ? Number(data[name]) : 0)
  const security = (name: string): Security => {
    const found = text(name)
    // Never less than was agreed: what is not known is TLS.
    return SECURITIES.includes(found) ? (found as Security) : 'tls'
  }
  const grant: ImapGrant = {
    email: text('email') || email,
    displayName: text('displayName'),
    user: text('user'),
    password: text('oauth') ? null : text('password'),
    oauth: text('oauth') || null,
    consent: text('consent') || null,
    imapHost: text('imapHost'),
    imapPort: port('imapPort'),
    imapSecurity: security('imapSecurity'),
    smtpHost: text('smtpHost') || null,
    smtpPort: port('smtpPort') || null,
    smtpSecurity: text('smtpHost') ? security('smtpSecurity') : null,
  }
  if (!grant.user || !grant.imapHost || !grant.imapPort)
    throw new ProviderError('unauthorized', `The way into ${email} is not known. Connect it again.`, {
      reconnect: true,
    })
  return grant
}

function smtpOf({ smtpHost, smtpPort, smtpSecurity }: ImapGrant): ServerSettings | null {
  if (smtpHost === null || smtpPort === null) return null
  return { host: smtpHost, port: smtpPort, security: smtpSecurity ?? 'tls' }
}
