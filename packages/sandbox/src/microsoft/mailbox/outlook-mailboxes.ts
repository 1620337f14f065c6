import { createHash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { generateMessage } from '../../generate/generate.ts'
import { person } from '../../generate/people.ts'
import { type AccountOptions, nameOf } from '../../mailbox/mailboxes.ts'
import type { Addressee } from '../../post-office.ts'
import { hash32, seeded } from '../../random.ts'
import type { Collection, Store } from '../../store/store.ts'
import { composeMime, emptyMessage } from '../message/compose.ts'
import { filledMailbox, marksOf } from './fill.ts'
import { conversationId } from './ids.ts'
import { type Listener, OutlookMailbox } from './outlook-mailbox.ts'
import type { OutlookAccount, StoredFolder, StoredItem } from './types.ts'

/** Ten million is near: numbers that are compared as text go wrong after a few changes. */
const FIRST_CHANGE = 9_940_000
/** Made-up mail among the corpus, so that one mailbox is not the other's twin, and unfinished drafts. */
const GENERATED = 12
const DRAFTS = 2
const FEWEST_FOR_BOTH = 50

/** Every Outlook account of the sandbox. Addresses are compared in lower case. */
export class OutlookMailboxes {
  #store: Store
  #clock: Clock
  #seed: number
  #listen: (mailbox: OutlookMailbox) => Listener
  #accounts: Collection<OutlookAccount>
  #all = new Map<string, OutlookMailbox>()

  constructor(parts: {
    store: Store
    clock: Clock
    seed: number
    listen: (mailbox: OutlookMailbox) => Listener
  }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#seed = parts.seed
    this.#listen = parts.listen
    this.#accounts = this.#store.collection('outlook-accounts')
    for (const { email } of this.#accounts.values()) this.#open(email)
  }

  get(email: string): OutlookMailbox | undefined {
    return this.#all.get(email.toLowerCase())
  }

  all(): OutlookMailbox[] {
    return [...this.#all.values()]
  }

  /** Creates and fills an account; an existing one is returned as it is. */
  create(options: AccountOptions): OutlookMailbox {
    const email = options.email.toLowerCase()
    const known = this.#all.get(email)
    if (known) return known
    const now = this.#clock.now()
    const seed = hash32(`outlook:${this.#seed}:${email}`)
    const wanted = options.messages === 'all' ? Number.POSITIVE_INFINITY : (options.messages ?? 0)
    const both = wanted >= FEWEST_FOR_BOTH
    const count = both ? wanted - GENERATED - DRAFTS : wanted
    const filled = filledMailbox({ count, now, seed, firstHistory: FIRST_CHANGE })
    const account: OutlookAccount = {
      email,
      name: options.name ?? nameOf(email),
      userId: guid(`${this.#seed}:${email}`),
      createdAt: now,
      history: filled.history,
      floor: filled.history,
      nextFolder: filled.nextFolder,
    }
    const folders = this.#store.collection<StoredFolder>(`outlook-folders:${email}`)
    const items = this.#store.collection<StoredItem>(`outlook-items:${email}`)
    this.#store.commit([
      this.#accounts.put(email, account),
      ...filled.folders.map(folder => folders.put(folder.key, folder)),
      ...filled.items.map(item => items.put(item.id, item)),
    ])
    const mailbox = this.#open(email)
    if (both) addMadeUpMail(mailbox, seed, now)
    return mailbox
  }

  /** Forgets every account; the store must have been cleared. */
  forget(): void {
    this.#all.clear()
  }

  /** The account as a place where mail arrives. */
  addressee(email: string): Addressee | undefined {
    const mailbox = this.get(email)
    return mailbox && addresseeOf(mailbox)
  }

  #open(email: string): OutlookMailbox {
    const mailbox = new OutlookMailbox(this.#store, email, () => this.#clock.now())
    mailbox.listener = this.#listen(mailbox)
    this.#all.set(email, mailbox)
    return mailbox
  }
}

function addresseeOf(mailbox: OutlookMailbox): Addressee {
  return {
    email: mailbox.email,
    name: mailbox.account.name,
    changes: mailbox.changes.current,
    receive: (raw, labels, date) => {
      const { read, ...also } = marksOf(labels)
      const item = mailbox.add({ raw, folder: 'inbox', date, read, also })
      return {
        id: mailbox.wireId(item, true),
        threadId: conversationId(mailbox.account, item.threadId),
        historyId: String(item.change),
      }
    },
  }
}

function addMadeUpMail(mailbox: OutlookMailbox, seed: number, now: number): void {
  const to = mailbox.account
  const hours = (n: number): number => now - n * 3600_000
  for (let index = 0; index < GENERATED; index++) {
    const date = hours((GENERATED - index) * 5)
    const { raw, labels } = generateMessage({ seed, index, to, now: date })
    const { read, ...also } = marksOf(labels)
    mailbox.add({ raw, folder: 'inbox', date, read, also: { ...also, sent: date } })
  }
  const random = seeded(`drafts:${seed}`)
  for (let index = 0; index < DRAFTS; index++) {
    const { name, email } = person(random)
    const fields = {
      ...emptyMessage(to),
      subject: `A question for ${name.split(' ')[0]}`,
      to: [{ emailAddress: { name, address: email } }],
      body: { contentType: 'text' as const, content: 'Before I forget: ' },
    }
    const date = hours(index * 20 + 1)
    mailbox.add({ raw: composeMime(fields, date), folder: 'drafts', date, read: true, draft: true })
  }
}

/** The same seed and address give the same object id. */
function guid(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
