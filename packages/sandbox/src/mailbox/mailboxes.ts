import { corpusMailbox } from '../corpus/fill.ts'
import type { Addressee } from '../post-office.ts'
import { hash32 } from '../random.ts'
import type { Op, Store } from '../store/store.ts'
import { Mailbox } from './mailbox.ts'
import type { HistoryRecord, StoredAccount } from './types.ts'

export interface AccountOptions {
  email: string
  name?: string
  /** How many messages of the corpus it starts with; 'all' is 6,046. Default 0. */
  messages?: number | 'all'
}

/** Ten million is near: ids that are compared as text go wrong after a few changes. */
const FIRST_HISTORY = 9_970_000

/** Every account of the sandbox. Addresses are compared in lower case. */
export class Mailboxes {
  onChange: (mailbox: Mailbox, records: readonly HistoryRecord[]) => void = () => {}
  #store: Store
  #seed: number
  #all = new Map<string, Mailbox>()

  constructor(store: Store, seed: number) {
    this.#store = store
    this.#seed = seed
    for (const account of store.collection<StoredAccount>('accounts').values()) this.#open(account.email)
  }

  get(email: string): Mailbox | undefined {
    return this.#all.get(email.toLowerCase())
  }

  /** The account as a place where mail arrives. */
  addressee(email: string): Addressee | undefined {
    const mailbox = this.get(email)
    return mailbox && addresseeOf(mailbox)
  }

  all(): Mailbox[] {
    return [...this.#all.values()]
  }

  /** Creates and fills an account; an existing one is returned as it is. */
  create(options: AccountOptions, now: number): Mailbox {
    const email = options.email.toLowerCase()
    const known = this.#all.get(email)
    if (known) return known
    const seed = hash32(`${this.#seed}:${email}`)
    const count = options.messages === 'all' ? Number.POSITIVE_INFINITY : (options.messages ?? 0)
    const filled =
      count > 0
        ? corpusMailbox({ count, now, seed, firstHistory: FIRST_HISTORY })
        : { messages: [], labels: [], history: FIRST_HISTORY }
    const account: StoredAccount = {
      email,
      name: options.name ?? nameOf(email),
      subject: `1${String(hash32(email)).padStart(10, '0')}${String(seed).padStart(10, '0')}`,
      createdAt: now,
      history: filled.history,
      floor: filled.history,
      nextLabel: filled.labels.length + 1,
    }
    const accounts = this.#store.collection<StoredAccount>('accounts')
    const labels = this.#store.collection(`labels:${email}`)
    const ops: Op[] = [
      accounts.put(email, account),
      ...filled.labels.map(label => labels.put(label.id, label)),
    ]
    const messages = this.#store.collection(`messages:${email}`)
    this.#store.commit([...ops, ...filled.messages.map(message => messages.put(message.id, message))])
    return this.#open(email)
  }

  /** Forgets every account, and everything else but the signing key. */
  clear(): void {
    this.#all.clear()
    this.#store.clear(['keys'])
  }

  #open(email: string): Mailbox {
    const mailbox = new Mailbox(this.#store, email)
    mailbox.onChange = records => this.onChange(mailbox, records)
    this.#all.set(email, mailbox)
    return mailbox
  }
}

function addresseeOf(mailbox: Mailbox): Addressee {
  return {
    email: mailbox.email,
    name: mailbox.account.name,
    changes: mailbox.history.current,
    receive: (raw, labels, date) => {
      const { id, threadId, history } = mailbox.add({ raw, labels, date })
      return { id, threadId, historyId: String(history) }
    },
  }
}

/** A name for an address that was given none. */
export function nameOf(email: string): string {
  const words = (email.split('@')[0] ?? email).split(/[._-]+/).filter(Boolean)
  return words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
}
