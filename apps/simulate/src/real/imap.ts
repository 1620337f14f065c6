import { ENGLISH } from '@inlet/testkit/dovecot-config'
import type { DovecotMailbox } from '@inlet/testkit/dovecot-mailbox'
import { FAULTS } from './faults.ts'
import { type Found, lookInto } from './imap-look.ts'
import type { ImapServer } from './imap-server.ts'
import { type Answered, letter, plainHeaders } from './letter.ts'
import { type Held, type HeldMessage, type Mailbox, type ProviderAct, Refused } from './mailbox.ts'
import type { Person } from './person.ts'
import type { Sandbox } from './sandbox.ts'
import { pick } from './scene.ts'

const SERVERS_OWN: readonly string[] = ['INBOX', ...Object.values(ENGLISH)]
const FOLDERS_AT_FIRST = ['INBOX', 'INBOX', 'INBOX', 'Archive', 'Work'] as const

/** Never one that a folder had before: seconds of a time that has not come. */
let uidValidity = 3_000_000_000

export class ImapMailbox implements Mailbox {
  readonly kind = 'imap'
  readonly email: string
  readonly #sandbox: Sandbox
  readonly #server: ImapServer
  #passwords = 0

  constructor(sandbox: Sandbox, server: ImapServer, email: string) {
    this.#sandbox = sandbox
    this.#server = server
    this.email = email
  }

  async create(messages: number): Promise<void> {
    const { email } = this
    await this.#sandbox.control('imap/accounts', { email, messages: 0 })
    await this.#changePassword()
    const letters = Array.from({ length: messages }, (_, n) => letter(email, `Old ${n} of ${email}`))
    const shared = Map.groupBy(letters, (_, n) => FOLDERS_AT_FIRST[n % FOLDERS_AT_FIRST.length] ?? 'INBOX')
    for (const [folder, some] of shared) await this.#box.appendAll(some, folder)
  }

  async connect(person: Person): Promise<void> {
    const { email } = this
    const { dovecot, smtpPort } = this.#server
    const at = (port: number) => ({ host: dovecot.host, port, security: 'none' })
    const body = { email, password: this.#password, imap: at(dovecot.port), smtp: at(smtpPort) }
    await person.request('/api/accounts/imap', { method: 'POST', body })
  }

  async receive(text: string): Promise<void> {
    await orRefused(() => this.#box.append(text))
  }

  async answerable(share: number): Promise<Answered | null> {
    const one = pick((await orRefused(() => this.#look())).found, share)
    return one
      ? { messageId: one.messageId, references: one.references.join(' '), subject: one.subject }
      : null
  }

  async held(): Promise<Held> {
    const { folders, found } = await orRefused(() => this.#look())
    return {
      messages: [
        ...Map.groupBy(found, ({ messageId, at, size }) => `${messageId} ${at} ${size}`).values(),
      ].map(heldMessage),
      labels: folders.map(path => ({ key: path, id: null, name: path === 'INBOX' ? 'Inbox' : path })),
    }
  }

  async bell(): Promise<unknown> {
    return this.#server.dovecot.doveadm('who', this.email).catch(String)
  }

  perform(act: ProviderAct): Promise<unknown> {
    return orRefused(() => this.#doIt(act))
  }

  async #doIt(act: ProviderAct): Promise<unknown> {
    const { r, s, type } = act
    const { email: account } = this
    const box = this.#box
    switch (type) {
      case 'createLabel': {
        // Some below another.
        const parent = s < 0.3 ? pick(await this.#own(), r) : undefined
        return box.create(`${parent ? `${parent}/` : ''}Folder ${Math.floor(r * 1_000)}`)
      }
      case 'renameLabel':
      case 'deleteLabel': {
        const folder = pick(await this.#own(), s)
        if (!folder) return
        if (type === 'deleteLabel') return box.remove(folder)
        await box.rename(folder, `Renamed ${Math.floor(r * 1_000)}`)
        // Sometimes another comes under its name at once.
        return r < 0.4 && box.append(letter(account, `In place of ${folder}`), { folder })
      }
      case 'send':
        return box.append(letter('bob@example.com', `Elsewhere ${r}`, account), {
          folder: 'Sent',
          flags: ['\\Seen'],
        })
      case 'draft':
        return box.append(letter('bob@example.com', `Draft ${r}`, account), {
          folder: 'Drafts',
          flags: ['\\Draft'],
        })
      case 'expireCursor': {
        const { folders } = await this.#look()
        const folder = pick(folders, r) ?? 'INBOX'
        if (s < 0.3 && !SERVERS_OWN.includes(folder)) return box.recreate(folder)
        return this.#server.dovecot.setUidValidity(folder, ++uidValidity, account)
      }
      case 'revoke':
        await this.#changePassword()
        return this.#server.kick(account)
      case 'cutOff':
        return this.#server.kick(account)
      case 'provider': {
        const { fault, forMs, probability } = act
        const request = FAULTS.imap[fault as keyof (typeof FAULTS)['imap']]
        const match = { ...request.match, account }
        const seed = Math.floor(r * 2 ** 31)
        return this.#sandbox.control('faults', { ...request, match, forMs, probability, seed })
      }
    }
    return this.#onMessages(act)
  }

  async #onMessages({ r, s, type }: ProviderAct): Promise<unknown> {
    const box = this.#box
    const { found } = await this.#look()
    const one = pick(found, r)
    if (!one) return
    const { folder, uid, flags } = one
    const toggle = (flag: string) =>
      box.flag(folder, [uid], flags.has(flag) ? { remove: [flag] } : { add: [flag] })
    const others = (await this.#own()).filter(path => path !== folder)
    const to = pick(others, s) ?? (folder === 'Archive' ? 'INBOX' : 'Archive')
    const beside = found.filter(each => each.folder === folder).map(each => each.uid)
    switch (type) {
      case 'read':
        return toggle('\\Seen')
      case 'star':
        return toggle('\\Flagged')
      case 'trash':
        return folder === 'Trash' ? undefined : box.move(folder, [uid], 'Trash')
      case 'delete':
        return box.expunge(folder, [uid])
      case 'copy':
        return box.copy(folder, [uid], to)
      case 'label': {
        const moved = await box.move(folder, [uid], to)
        // Sometimes taken back at once.
        const there = moved.get(uid)
        return r < 0.2 && there !== undefined && box.move(to, [there], folder)
      }
      case 'moveThread':
        return box.move(folder, beside.slice(0, 8), to)
      case 'many':
        return box.flag(folder, beside.slice(0, 40), s < 0.5 ? { add: ['\\Seen'] } : { add: ['\\Flagged'] })
    }
  }

  get #box(): DovecotMailbox {
    return this.#server.dovecot.mailbox(this.email)
  }

  get #password(): string {
    return this.#server.dovecot.passwordOf(this.email)
  }

  #look() {
    return lookInto(this.#server.dovecot.port, this.email, this.#password)
  }

  async #own(): Promise<string[]> {
    return (await this.#look()).folders.filter(path => !SERVERS_OWN.includes(path))
  }

  async #changePassword(): Promise<void> {
    const { email: account } = this
    const password = `secret ${++this.#passwords} of ${account}`
    await this.#server.setPassword(account, password)
    await this.#sandbox.control('imap/password', { account, password })
  }
}

/** What lies elsewhere by now, a server that is down, a connection that was cut. */
async function orRefused<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const mistake = error instanceof TypeError || error instanceof ReferenceError
    throw mistake ? error : new Refused(`The mail server: ${error}`)
  }
}

/** What lies at several places is one message: in all of their folders, read if one is, starred if one is. */
function heldMessage(places: Found[]): HeldMessage {
  const [first] = places
  if (!first) throw new Error('A message lies somewhere.')
  const some = (flag: string) => places.some(({ flags }) => flags.has(flag))
  return {
    id: null,
    thread: first.references[0] ?? first.messageId,
    labels: [...new Set(places.map(({ folder }) => folder))],
    row: {
      unread: !some('\\Seen'),
      starred: some('\\Flagged'),
      draft: some('\\Draft') || places.some(({ folder }) => folder === ENGLISH.Drafts),
      receivedAt: first.at,
      sizeBytes: first.size,
      ...plainHeaders(first.subject, first.messageId),
    },
  }
}
