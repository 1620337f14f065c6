import type { FaultKind } from '@inlet/sandbox/faults'
import { folderId } from '@inlet/sandbox/microsoft/mailbox/ids'
import type { OutlookMailbox } from '@inlet/sandbox/microsoft/mailbox/outlook-mailbox'
import { isProviderError } from '@inlet/sync/provider-errors'
import type { PulledMessage, Version } from '@inlet/sync/provider-port'
import { sampleMail } from '@inlet/testkit/contract/provider-sample'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GraphWorld, graphWorld, type OutlookAccount } from './graph-world.ts'

const never = new AbortController().signal
const places = ['inbox', 'archive', 'deleteditems', 'sentitems', 'recoverableitemsdeletions']
const faults: FaultKind[] = ['delta.repeat', 'delta.empty-page', 'delta.gone']

/** The least that follows a mailbox by the port's rules: what an engine does, without its store. */
class Mirror {
  readonly messages = new Map<string, PulledMessage>()
  #cursors = new Map<string, string>()
  #world: GraphWorld
  #account: OutlookAccount

  constructor(world: GraphWorld, account: OutlookAccount) {
    this.#world = world
    this.#account = account
  }

  async pull(): Promise<void> {
    if (this.#cursors.size === 0) await this.#learnFolders()
    let changed = false
    for (const [key, cursor] of [...this.#cursors]) {
      try {
        for await (const page of this.#world.port.pull(this.#account.conn, key, cursor, never)) {
          await this.#fetch(page.touched)
          if (page.cursor !== null) this.#cursors.set(key, page.cursor)
          changed ||= page.labelsChanged
        }
      } catch (error) {
        if (!isProviderError(error) || error.kind !== 'cursor_expired') throw error
        await this.#begin(key)
        changed ||= key === 'folders'
      }
    }
    if (changed) await this.#learnFolders()
  }

  async #learnFolders(): Promise<void> {
    const keys = (await this.#world.port.resources(this.#account.conn, never)).map(each => each.key)
    for (const key of keys) if (!this.#cursors.has(key)) await this.#begin(key)
    for (const key of [...this.#cursors.keys()].filter(each => !keys.includes(each))) {
      this.#cursors.delete(key)
      await this.#fetchCarriers(key, new Set())
    }
  }

  /** A cursor first, then all that is there, then a look at what is not. */
  async #begin(key: string): Promise<void> {
    const { port } = this.#world
    this.#cursors.set(key, await port.currentCursor(this.#account.conn, key, never))
    const seen = new Set<string>()
    for (const { name } of await port.listings(this.#account.conn, key, never))
      for (let position: string | null = null, page = 0; page === 0 || position !== null; page++) {
        const listed = await port.list(this.#account.conn, key, name, position, never)
        for (const { id, message } of listed.items) {
          seen.add(id)
          if (message) this.#keep(message)
        }
        position = listed.next
      }
    await this.#fetchCarriers(key, seen)
  }

  async #fetchCarriers(label: string, seen: Set<string>): Promise<void> {
    const carriers = [...this.messages.values()].filter(each => each.labelIds.includes(label))
    const version: Version = 2n ** 63n - 1n
    await this.#fetch(carriers.filter(each => !seen.has(each.id)).map(({ id }) => ({ id, version })))
  }

  async #fetch(touched: { id: string; version: Version }[]): Promise<void> {
    const stale = touched.filter(({ id, version }) => (this.messages.get(id)?.version ?? -1n) < version)
    const ids = stale.map(each => each.id)
    const options = { bodies: false, priority: 'live' } as const
    for await (const each of this.#world.port.fetch(this.#account.conn, '', ids, options, never)) {
      if (each.outcome === 'message') this.#keep(each.message)
      else if (each.outcome === 'missing') this.messages.delete(each.id)
      else throw new Error(each.message)
    }
  }

  #keep(message: PulledMessage): void {
    if (message.version > (this.messages.get(message.id)?.version ?? -1n))
      this.messages.set(message.id, message)
  }
}

const truth = (mailbox: OutlookMailbox) =>
  Object.fromEntries(
    [...mailbox.all()]
      .filter(item => item.folder !== 'recoverableitemsdeletions')
      .map(item => {
        const place = folderId(mailbox.account, mailbox.folders.number(item.folder))
        const labels = [place, ...(item.flag === 'flagged' ? ['STARRED'] : [])]
        return [mailbox.wireId(item, true), { labels, unread: !item.read }]
      }),
  )

describe('following an Outlook mailbox', () => {
  let world: GraphWorld
  beforeAll(async () => {
    world = await graphWorld()
  })
  afterAll(() => world.close())

  test('ends with what is there, whatever was done to it within one second and however it was told', async () => {
    const number = fc.nat(1_000)
    const op = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver' as const) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('move' as const), which: number, to: number }) },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constantFrom('star' as const, 'read' as const, 'purge' as const),
          which: number,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constantFrom('make' as const, 'drop' as const), which: number }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('fault' as const), which: number }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('pull' as const) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 40 }), async ops => {
        const account = await world.newAccount()
        const { mailbox } = account
        const mirror = new Mirror(world, account)
        const own = () => mailbox.folders.all().filter(each => each.key.startsWith('folder_'))
        for (const each of ops) {
          const which = 'which' in each ? each.which : 0
          const all = [...mailbox.all()]
          const item = all[which % Math.max(1, all.length)]
          if (each.kind === 'deliver') await account.deliver(sampleMail())
          else if (each.kind === 'pull') await mirror.pull()
          else if (each.kind === 'make') mailbox.createFolder(`Folder ${which}`, 'msgfolderroot')
          else if (each.kind === 'drop') {
            const folder = own()[which % Math.max(1, own().length)]
            if (folder) mailbox.deleteFolder(folder)
          } else if (each.kind === 'fault') {
            const kind = faults[which % faults.length]
            if (kind) world.sandbox.control.addFault({ kind, match: { account: mailbox.email }, count: 1 })
          } else if (item && each.kind === 'move') {
            const keys = [...places, ...own().map(folder => folder.key)]
            mailbox.move([item], keys[each.to % keys.length] ?? 'inbox')
          } else if (item && each.kind === 'star')
            mailbox.update(item, { flag: item.flag === 'flagged' ? 'notFlagged' : 'flagged' })
          else if (item && each.kind === 'read') mailbox.update(item, { read: !item.read })
          else if (item && each.kind === 'purge') mailbox.apply([{ before: item }])
        }
        world.calm()
        // Twice: the first may be what tells of a folder.
        await mirror.pull()
        await mirror.pull()
        const mirrored = [...mirror.messages.values()].map(
          ({ id, labelIds, unread }) => [id, { labels: labelIds, unread }] as const,
        )
        expect(Object.fromEntries(mirrored)).toEqual(truth(mailbox))
      }),
      { numRuns: 40, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
    )
  })
})
