import { ControlError, noSuchAccount } from '../../control/input.ts'
import type { AccountOptions } from '../../mailbox/mailboxes.ts'
import { unseenIn } from '../commands/status.ts'
import type { Imap } from '../imap.ts'
import type { ImapMailbox } from '../mailbox/imap-mailbox.ts'
import type { StoredFolder, StoredPlace } from '../mailbox/types.ts'
import { headerText } from '../message/text.ts'

/** Which messages of a folder: by UID, else the newest `count`, else all. */
export interface Which {
  email?: string
  folder: string
  uids?: readonly number[]
  count?: number
}

/** What a test or a person does to the IMAP accounts from outside; `/control/imap/…` is the same over HTTP. */
export class ImapControl {
  #imap: Imap
  #accounts: readonly AccountOptions[]

  constructor(imap: Imap, accounts: readonly AccountOptions[]) {
    this.#imap = imap
    this.#accounts = accounts
  }

  /** The account's mailbox; without an address, the first account's. */
  mailbox(email?: string): ImapMailbox {
    const all = this.mailboxes()
    const found = email === undefined ? all[0] : this.#imap.mailboxes.get(email)
    return found ?? noSuchAccount(email, all)
  }

  mailboxes(): ImapMailbox[] {
    return this.#imap.mailboxes.all()
  }

  createAccount(options: AccountOptions): ImapMailbox {
    const other = this.#imap.post.find(options.email)
    if (other && !this.#imap.mailboxes.get(options.email)) {
      throw new ControlError(409, 'address_taken', `${options.email} is an account of another provider.`)
    }
    return this.#imap.mailboxes.create(options, this.#imap.password)
  }

  /** Another password; who is logged in stays so. */
  setPassword(email: string | undefined, password: string): void {
    this.mailbox(email).updateAccount({ password })
  }

  /** As if the person had removed the application's access. Returns how many tokens died; who is logged in stays so. */
  revoke(email?: string): number {
    return this.#imap.tokens.revokeAll(this.mailbox(email).email)
  }

  /** Ends access tokens only: refresh tokens go on working. Returns how many. */
  expireAccessTokens(email?: string): number {
    return this.#imap.tokens.expireAccess(this.mailbox(email).email)
  }

  /** Puts a message into any folder, as another client would. Returns its UID. */
  append(
    where: { email?: string; folder: string },
    raw: Buffer,
    flags: readonly string[] = [],
    date?: number,
  ): number {
    const mailbox = this.mailbox(where.email)
    return mailbox.append(folderOf(mailbox, where.folder), raw, flags, date ?? this.#imap.clock.now()).uid
  }

  /** Adds and removes flags, as another client would. Returns how many messages changed. */
  setFlags(which: Which, add: readonly string[], remove: readonly string[]): number {
    const { mailbox, folder, places } = this.#some(which)
    return mailbox.setFlags(folder, places, ({ flags }) => [
      ...flags.filter(flag => !remove.includes(flag)),
      ...add,
    ]).length
  }

  /** Moves messages; returns their new UIDs. */
  move(which: Which, to: string): number[] {
    const { mailbox, folder, places } = this.#some(which)
    return mailbox.transfer(folder, places, folderOf(mailbox, to), 'move').map(({ uid }) => uid)
  }

  /** Removes messages for good. Returns how many. */
  expunge(which: Which): number {
    const { mailbox, folder, places } = this.#some(which)
    mailbox.expunge(folder, places)
    return places.length
  }

  /** Another UIDVALIDITY and other UIDs; sessions in the folder end. Returns the new UIDVALIDITY. */
  renumber(email: string | undefined, folder: string): number {
    const mailbox = this.mailbox(email)
    return mailbox.renumber(folderOf(mailbox, folder)).uidValidity
  }

  /** Cuts the account's connections. Returns how many. */
  disconnect(email?: string): number {
    const mailbox = this.mailbox(email)
    const open = [...this.#imap.sessions].filter(session => session.mailbox === mailbox)
    for (const session of open) session.cut()
    return open.length
  }

  /** Everything that lies in a folder, by UID. */
  messages(email: string | undefined, folder: string): object[] {
    const mailbox = this.mailbox(email)
    return [...mailbox.places(folderOf(mailbox, folder).id).values()].map(place => ({
      uid: place.uid,
      flags: place.flags,
      date: new Date(place.date).toISOString(),
      size: place.size,
      modseq: place.modseq,
      messageId: headerText(mailbox.parsed(place), 'message-id'),
      subject: headerText(mailbox.parsed(place), 'subject'),
    }))
  }

  /** After the store was emptied: back to the first start. */
  reset(): void {
    for (const session of this.#imap.sessions) session.cut()
    this.#imap.mailboxes.forget()
    for (const account of this.#accounts) this.createAccount(account)
  }

  state(): object {
    const { sessions } = this.#imap
    return {
      connections: sessions.size,
      accounts: this.mailboxes().map(mailbox => ({
        email: mailbox.email,
        name: mailbox.account.name,
        messages: mailbox.size,
        connections: [...sessions].filter(session => session.mailbox === mailbox).length,
        folders: mailbox.folders().map(folder => ({
          path: folder.path,
          specialUse: folder.specialUse,
          uidValidity: folder.uidValidity,
          uidNext: folder.uidNext,
          highestModseq: folder.highestModseq,
          messages: mailbox.places(folder.id).size,
          unseen: unseenIn(mailbox, folder),
        })),
      })),
    }
  }

  #some(which: Which): { mailbox: ImapMailbox; folder: StoredFolder; places: StoredPlace[] } {
    const mailbox = this.mailbox(which.email)
    const folder = folderOf(mailbox, which.folder)
    const all = [...mailbox.places(folder.id).values()]
    const { uids, count } = which
    if (!uids) return { mailbox, folder, places: count === undefined ? all : all.slice(-count) }
    const missing = uids.find(uid => !mailbox.places(folder.id).has(uid))
    if (missing === undefined) return { mailbox, folder, places: all.filter(({ uid }) => uids.includes(uid)) }
    throw new ControlError(404, 'no_such_message', `There is no message ${missing} in ${folder.path}.`)
  }
}

function folderOf(mailbox: ImapMailbox, path: string): StoredFolder {
  const found = mailbox.find(path)
  if (found) return found
  throw new ControlError(404, 'no_such_folder', `There is no folder ${path}.`)
}
