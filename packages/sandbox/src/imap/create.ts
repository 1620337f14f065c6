import type { AddressInfo, Server } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import { Tokens } from '../google/oauth/tokens.ts'
import type { AccountOptions } from '../mailbox/mailboxes.ts'
import type { PostOffice } from '../post-office.ts'
import type { Store } from '../store/store.ts'
import { DEFAULT_LIMITS, type Imap, type ImapLimits } from './imap.ts'
import { ImapMailboxes } from './mailbox/imap-mailboxes.ts'
import { DEFAULT_MAIL_CLIENT } from './oauth.ts'
import { createImapServer } from './server.ts'
import { createSmtpServer } from './smtp.ts'

export interface ImapOptions {
  /** Created at the first start; already existing ones stay as they are. */
  accounts?: readonly AccountOptions[]
  /** Of every account; default `demo`. */
  password?: string
  /** Default 0: any free port. */
  port?: number
  smtpPort?: number
  limits?: Partial<ImapLimits>
}

interface Parts {
  store: Store
  clock: Clock
  faults: Faults
  post: PostOffice
  seed: number
}

/** Puts the IMAP and SMTP simulators together over the sandbox's common parts. */
export function createImap(options: ImapOptions, parts: Parts): Imap {
  const { store, clock, faults, post, seed } = parts
  const mailboxes = new ImapMailboxes(store, clock, seed)
  const password = options.password ?? 'demo'
  for (const account of options.accounts ?? []) mailboxes.create(account, password)
  post.register(address => mailboxes.addressee(address))
  const tokens = new Tokens(store, clock, 'imap-tokens')
  return {
    ...{ clock, faults, post, mailboxes, tokens, clients: [DEFAULT_MAIL_CLIENT], password },
    limits: limitsOf(options),
    sessions: new Set(),
    mailboxOf(email, token) {
      const mailbox = mailboxes.get(email)
      return mailbox && tokens.caller(token)?.email === mailbox.email ? mailbox : undefined
    },
  }
}

function limitsOf({ limits }: ImapOptions): ImapLimits {
  return { ...DEFAULT_LIMITS, ...limits }
}

/** Where clients reach the accounts. */
export interface ImapPorts {
  host: string
  port: number
  smtpPort: number
}

export interface Listening {
  ports: ImapPorts
  close(): Promise<void>
}

/** Takes both ports, or neither: rejects when one is taken. */
export async function listenForMail(
  host: string,
  options: ImapOptions,
  ready: Promise<Imap>,
): Promise<Listening> {
  const { literalBytes, connections } = limitsOf(options)
  const imap = createImapServer(ready)
  const smtp = createSmtpServer(ready, { messageBytes: literalBytes, connections })
  const port = await listen(imap, host, options.port ?? 0)
  const close = async (): Promise<void> => {
    const sessions = await ready.then(
      world => [...world.sessions],
      () => [],
    )
    const closed = new Promise<void>(resolve => imap.close(() => resolve()))
    for (const session of sessions) session.cut()
    await Promise.all([closed, new Promise<void>(resolve => smtp.close(() => resolve()))])
  }
  try {
    const smtpPort = await listen(smtp.server, host, options.smtpPort ?? 0)
    return { ports: { host, port, smtpPort }, close }
  } catch (error) {
    await new Promise<void>(resolve => imap.close(() => resolve()))
    throw error
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}
