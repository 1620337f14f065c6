import { setTimeout as sleep } from 'node:timers/promises'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'

/** The mail server of a stack: a real Dovecot, with a login for each mailbox. */
export class ImapServer {
  readonly dovecot: DovecotServer
  /** Where mail is handed in: the sandbox, which knows the same logins. */
  readonly smtpPort: number
  #trouble: Promise<unknown> = Promise.resolve()
  #logins: Promise<unknown> = Promise.resolve()

  constructor(dovecot: DovecotServer, smtpPort: number) {
    this.dovecot = dovecot
    this.smtpPort = smtpPort
  }

  /** Another password, for a new login or an old one. One at a time: they lie in one file. */
  setPassword(user: string, password: string): Promise<void> {
    const done = this.#logins.then(() => this.dovecot.setPassword(user, password))
    this.#logins = done.catch(() => {})
    return done
  }

  /** Everyone who is logged in as this user is cut off. */
  async kick(user: string): Promise<void> {
    // It fails where nobody is.
    await this.dovecot.doveadm('kick', user).catch(() => {})
  }

  /** Stands still for a while, with all connections open. */
  freeze(forMs: number): Promise<void> {
    return this.#next(async () => {
      this.dovecot.pause()
      await sleep(forMs)
      this.dovecot.resume()
    })
  }

  /** Ends with all connections, and is back after a while. */
  restart(forMs: number): Promise<void> {
    return this.#next(async () => {
      await this.dovecot.halt()
      await sleep(forMs)
      await this.dovecot.start()
    })
  }

  /** Resolves when it runs again. */
  async rest(): Promise<void> {
    await this.#trouble
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#trouble.then(work)
    this.#trouble = done.catch(() => {})
    return done
  }
}

/** Maildir, everything that it can: QRESYNC, MOVE, IDLE. */
export async function startImapServer(smtpPort: number): Promise<ImapServer> {
  return new ImapServer(await startDovecot(), smtpPort)
}
