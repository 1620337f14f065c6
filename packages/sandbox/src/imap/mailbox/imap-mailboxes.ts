import type { Clock } from '../../clock.ts'
import { type AccountOptions, nameOf } from '../../mailbox/mailboxes.ts'
import type { Addressee } from '../../post-office.ts'
import { hash32 } from '../../random.ts'
import type { Collection, Store } from '../../store/store.ts'
import { filledMailbox, flagsOf } from './fill.ts'
import { ImapMailbox } from './imap-mailbox.ts'
import type { ImapAccount, StoredFolder, StoredPlace } from './types.ts'

/** Every IMAP account of the sandbox. Addresses are compared in lower case. */
export class ImapMailboxes {
  #store: Store
  #clock: Clock
  #seed: number
  #accounts: Collection<ImapAccount>
  #all = new Map<string, ImapMailbox>()

  constructor(store: Store, clock: Clock, seed: number) {
    this.#store = store
    this.#clock = clock
    this.#seed = seed
    this.#accounts = store.collection('imap-accounts')
    for (const { email } of this.#accounts.values()) this.#all.set(email, new ImapMailbox(store, email))
  }

  get(email: string): ImapMailbox | undefined {
    return this.#all.get(email.toLowerCase())
  }

  all(): ImapMailbox[] {
    return [...this.#all.values()]
  }

  /** The mailbox that this address and password open. */
  login(email: string, password: string): ImapMailbox | undefined {
    const mailbox = this.get(email)
    return mailbox?.account.password === password ? mailbox : undefined
  }

  /** Creates and fills an account; an existing one is returned as it is. */
  create(options: AccountOptions, password: string): ImapMailbox {
    const email = options.email.toLowerCase()
    const known = this.#all.get(email)
    if (known) return known
    const now = this.#clock.now()
    const name = options.name ?? nameOf(email)
    const firstUidValidity = Math.floor(now / 1000)
    const { folders, places } = filledMailbox({
      count: options.messages === 'all' ? Number.POSITIVE_INFINITY : (options.messages ?? 0),
      now,
      seed: hash32(`imap:${this.#seed}:${email}`),
      owner: { email, name },
      firstUidValidity,
      keep: raw => ({ blob: this.#store.blobs.write(raw) }),
    })
    const account: ImapAccount = {
      email,
      name,
      password,
      createdAt: now,
      nextFolder: folders.length + 1,
      nextUidValidity: firstUidValidity + folders.length,
      subscriptions: folders.map(({ path }) => path),
    }
    const storedFolders = this.#store.collection<StoredFolder>(`imap-folders:${email}`)
    const storedPlaces = this.#store.collection<StoredPlace>(`imap-places:${email}`)
    this.#store.commit([
      this.#accounts.put(email, account),
      ...folders.map(folder => storedFolders.put(`${folder.id}`, folder)),
      ...places.map(({ folder, place }) => storedPlaces.put(`${folder}:${place.uid}`, place)),
    ])
    const mailbox = new ImapMailbox(this.#store, email)
    this.#all.set(email, mailbox)
    return mailbox
  }

  /** Forgets every account; the store must have been cleared. */
  forget(): void {
    this.#all.clear()
  }

  /** The account as a place where mail arrives. */
  addressee(email: string): Addressee | undefined {
    const mailbox = this.get(email)
    const inbox = mailbox?.find('INBOX')
    if (!mailbox || !inbox) return undefined
    return {
      email: mailbox.email,
      name: mailbox.account.name,
      changes: inbox.uidNext,
      receive: (raw, labels, date) => {
        const folder = mailbox.find('INBOX') ?? inbox
        const { uid, modseq } = mailbox.append(folder, raw, flagsOf(labels), date)
        const id = `INBOX;UIDVALIDITY=${folder.uidValidity};UID=${uid}`
        return { id, threadId: id, historyId: String(modseq) }
      },
    }
  }
}
