import { type Token, wordOf } from '@inlet/providers/imap/command'
import type { FetchMessageObject, FetchQueryObject, ImapFlow, ListResponse, MailboxObject } from 'imapflow'
import type { Faults } from '../faults.ts'
import type { Random } from '../random.ts'
import { changedSince, itemOf, type Say, uidsOf, within, word } from './fetch-answer.ts'
import type { ImapMailbox } from './imap-mailbox.ts'
import type { Entry, Folder, Snapshot } from './mail-store.ts'

export type ClientWorld = {
  random: Random
  faults: Faults
  /** The way of a command to the server and back. */
  travel(): Promise<void>
  isStored(mailbox: ImapMailbox, folder: Folder, uid: number): boolean
}

type Listener = (line: { command: string; attributes: unknown[] }) => Promise<void>
type Selected = { view: Snapshot; mailbox: MailboxObject }

const lost = () => Object.assign(new Error('The connection is gone.'), { code: 'NoConnection' })
const refused = (words: string) =>
  Object.assign(new Error(words), { responseStatus: 'NO', responseText: words })

/**
 * A connection to the simulated server, as far as the adapter uses imapflow: the commands that it sends and the answers
 * that they get. A selected folder is seen as it was when it was selected, until the server tells of what others did.
 */
export class ImapClient {
  usable = true
  readonly capabilities: ReadonlySet<string>
  readonly enabled: ReadonlySet<string>
  readonly #mailbox: ImapMailbox
  readonly #world: ClientWorld
  #selected: Selected | null = null

  constructor(mailbox: ImapMailbox, world: ClientWorld) {
    this.#mailbox = mailbox
    this.#world = world
    const { age, objectIds } = mailbox
    const more = [
      ...(objectIds ? ['OBJECTID'] : []),
      ...(objectIds || age === 'qresync' ? ['LIST-STATUS'] : []),
    ]
    this.capabilities = new Set(age === 'plain' ? more : ['MOVE', 'UIDPLUS', 'CONDSTORE', ...more])
    this.enabled = new Set(
      age === 'qresync' ? ['QRESYNC', 'CONDSTORE'] : age === 'condstore' ? ['CONDSTORE'] : [],
    )
  }

  get mailbox(): MailboxObject | false {
    return this.#selected?.mailbox ?? false
  }

  close(): void {
    this.usable = false
  }

  async #answer(): Promise<void> {
    if (!this.usable) throw lost()
    await this.#world.travel()
    if (!this.usable) throw lost()
    if (this.#world.faults.strike('provider', ['transient'])) {
      this.close()
      throw lost()
    }
  }

  /** Within the selected folder. What others did is told with any command, or not yet. */
  async #inside(): Promise<Snapshot> {
    await this.#answer()
    const selected = this.#selected
    if (!selected) throw refused('No folder is selected.')
    const { of } = selected.view
    const { store } = this.#mailbox
    const over = store.folders.get(selected.view.path) !== of || of.uidValidity !== selected.view.uidValidity
    if (over && this.#world.random.chance(0.5)) {
      this.close()
      throw lost()
    }
    if (!over && this.#world.random.chance(0.5)) selected.view = store.snapshot(of)
    return selected.view
  }

  /** Writing reaches the folder itself, if it is still the one that was selected. */
  async #writing(): Promise<Folder> {
    const view = await this.#inside()
    if (this.#mailbox.store.folders.get(view.path) === view.of && view.of.uidValidity === view.uidValidity)
      return view.of
    this.close()
    throw lost()
  }

  async mailboxOpen(path: string, { readOnly }: { readOnly: boolean }): Promise<MailboxObject> {
    await this.#answer()
    const folder = this.#mailbox.store.folders.get(path)
    if (!folder) {
      this.#selected = null
      throw refused('There is no such folder.')
    }
    const view = this.#mailbox.store.snapshot(folder)
    const mailbox = {
      path,
      readOnly,
      uidValidity: BigInt(view.uidValidity),
      uidNext: view.uidNext,
      exists: view.entries.size,
      ...(this.#mailbox.objectIds && { mailboxId: folder.id }),
      ...(this.#mailbox.age === 'plain' ? { noModseq: true } : { highestModseq: view.modseq }),
    } as unknown as MailboxObject
    this.#selected = { view, mailbox }
    return mailbox
  }

  async list({
    statusQuery,
  }: {
    statusQuery?: object
  } = {}): Promise<Pick<ListResponse, 'path' | 'pathAsListed' | 'delimiter' | 'flags' | 'status'>[]> {
    await this.#answer()
    return [...this.#mailbox.store.folders.values()].map(({ path, use }) => ({
      path,
      pathAsListed: path,
      delimiter: '/',
      flags: new Set(use === null ? [] : [use]),
      ...(statusQuery && { status: this.#counted(path) }),
    }))
  }

  /** The server tells what others have done in the selected folder. */
  async noop(): Promise<void> {
    await this.#answer()
    const { view } = this.#selected ?? {}
    if (!view) return
    const { of } = view
    if (this.#mailbox.store.folders.get(view.path) !== of || of.uidValidity !== view.uidValidity) {
      this.close()
      throw lost()
    }
    if (this.#selected) this.#selected.view = this.#mailbox.store.snapshot(of)
  }

  /** Of the selected folder, as the connection knows it. */
  async status(path: string) {
    await this.#answer()
    const known = this.#selected?.view.path === path || this.#mailbox.store.folders.has(path)
    return known && this.#counted(path)
  }

  #counted(path: string) {
    const selected = this.#selected?.view.path === path ? this.#selected.view : null
    const folder = selected ?? this.#mailbox.store.folders.get(path)
    if (!folder) throw refused('There is no such folder.')
    const unseen = [...folder.entries.values()].filter(({ flags }) => !flags.has('\\Seen')).length
    const { uidNext, uidValidity, modseq } = folder
    const counted = { path, messages: folder.entries.size, unseen, uidNext, uidValidity: BigInt(uidValidity) }
    return this.enabled.has('CONDSTORE') ? { ...counted, highestModseq: modseq } : counted
  }

  async mailboxCreate(path: string) {
    await this.#answer()
    this.#mailbox.store.make(path)
    return { path }
  }

  async fetchOne(range: string, query: FetchQueryObject, options = {}): Promise<FetchMessageObject | false> {
    return (await this.fetchAll(range, query, options)).at(-1) ?? false
  }

  async fetchAll(
    range: string,
    query: FetchQueryObject,
    { uid = false }: { uid?: boolean } = {},
  ): Promise<FetchMessageObject[]> {
    const { entries } = await this.#inside()
    const all = [...entries.values()].sort((a, b) => a.uid - b.uid)
    const from = range === '*' ? all.length - 1 : Number(/^(\d+):\*$/.exec(range)?.[1] ?? 1) - 1
    const wanted = uid ? within(range) : null
    const chosen = wanted ? all.filter(entry => wanted(entry.uid)) : all.slice(Math.max(0, from))
    return chosen.map(entry => this.#row(entry, query))
  }

  /** UID FETCH of items, in the order in which they are asked for. */
  async #fetch([set, items]: Token[], say: Say): Promise<void> {
    const { entries } = await this.#inside()
    const inRange = within(wordOf(set))
    const names = (items as Token[]).map(wordOf)
    const chosen = [...entries.values()].filter(({ uid }) => inRange(uid)).sort((a, b) => a.uid - b.uid)
    for (const entry of chosen) {
      const row = this.#row(entry, {
        flags: names.includes('FLAGS'),
        envelope: names.includes('ENVELOPE'),
        source: names.includes('BODY.PEEK'),
      })
      await say(
        'FETCH',
        word('FETCH'),
        names.flatMap(name => itemOf(name, row)),
      )
    }
  }

  #row({ uid, letter, flags, modseq }: Entry, query: FetchQueryObject): FetchMessageObject {
    const { faults } = this.#world
    const broken = this.#mailbox.broken.has(letter.id) || faults.strike('provider', ['item_failed']) !== null
    return {
      seq: 0,
      uid,
      ...(query.flags && { flags: new Set(flags) }),
      ...((query.envelope || query.source) && letter.row),
      ...(query.source && !broken && { source: letter.source }),
      ...(this.enabled.has('CONDSTORE') && { modseq }),
    }
  }

  async exec(
    name: string,
    attributes: Token[],
    { untagged }: { untagged: Record<string, Listener> },
  ): Promise<{ next(): void }> {
    const say: Say = async (command, ...said) => {
      await untagged[command]?.({ command, attributes: said })
    }
    switch (name) {
      case 'UID SEARCH':
        await say('SEARCH', ...(await this.#search(attributes)).map(word))
        break
      case 'UID FETCH':
        if (attributes[2]) await changedSince(await this.#inside(), attributes, this.#world.random, say)
        else await this.#fetch(attributes, say)
        break
      case 'UID STORE': {
        const folder = await this.#writing()
        const flags = (attributes[2] as Token[]).map(wordOf)
        const add = wordOf(attributes[1]).startsWith('+')
        this.#mailbox.store.flag(folder, uidsOf(folder, attributes[0]), add ? flags : [], add ? [] : flags)
        break
      }
      case 'UID COPY':
      case 'UID MOVE': {
        const folder = await this.#writing()
        const to = this.#mailbox.store.folders.get(wordOf(attributes[1]))
        if (!to) throw Object.assign(refused('There is no such folder.'), { serverResponseCode: 'TRYCREATE' })
        const how = name === 'UID MOVE' ? 'move' : 'copy'
        this.#mailbox.store[how](folder, uidsOf(folder, attributes[0]), to)
        break
      }
      case 'UID EXPUNGE':
      case 'EXPUNGE': {
        const folder = await this.#writing()
        const named = name === 'EXPUNGE' ? [...folder.entries.keys()] : uidsOf(folder, attributes[0])
        const marked = named.filter(uid => folder.entries.get(uid)?.flags.has('\\Deleted'))
        this.#mailbox.store.expunge(folder, marked)
        break
      }
      case 'LIST':
        await this.#answer()
        for (const { path, id } of this.#mailbox.store.folders.values())
          await say('STATUS', word(path), [word('MAILBOXID'), [word(id)]])
        break
      default:
        throw Object.assign(new Error(`${name} is not known.`), { responseStatus: 'BAD' })
    }
    return { next: () => {} }
  }

  async #search(criteria: Token[]): Promise<number[]> {
    const view = await this.#inside()
    const words = criteria.map(wordOf)
    if (words[0] === 'DELETED')
      return [...view.entries.values()].filter(({ flags }) => flags.has('\\Deleted')).map(({ uid }) => uid)
    const inRange = within(words[1] ?? '')
    const since = words[2] === 'MODSEQ' ? BigInt(words[3] ?? 0) : null
    const found = [...view.entries.values()]
      .filter(({ uid, modseq }) => inRange(uid) && (since === null || modseq >= since))
      .map(({ uid }) => uid)
    // A search that leaves something out must cost nothing; but what nobody has ever shown, nobody can know.
    if (since !== null || !this.#world.faults.strike('provider', ['omit'])) return found
    const omitted = found.find(uid => this.#world.isStored(this.#mailbox, view.of, uid))
    return found.filter(uid => uid !== omitted)
  }
}

export const asImapFlow = (client: ImapClient): ImapFlow => client as unknown as ImapFlow
