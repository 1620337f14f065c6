import { ProviderError, type ProviderErrorKind } from '@inlet/sync/provider-errors'
import type {
  Connection,
  Fetched,
  OutgoingMail,
  ProviderMutation,
  ProviderPort,
  PulledMessage,
  PulledPage,
} from '@inlet/sync/provider-port'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

/** A provider (a simulated one, usually) that the suite can play on. Filled in by each adapter's own test. */
export interface ProviderWorld {
  readonly port: ProviderPort
  /** The same adapter over the same provider, with a time limit of a second or less for each request. */
  readonly impatient: ProviderPort
  /** The adapter as another process would have it: nothing remembered. */
  restarted(): ProviderPort
  /** Methods that answer without asking anybody, and so cannot fail with the provider. */
  readonly local: readonly (keyof ProviderPort)[]
  /** Where a doorbell may ring, if this provider's needs an address: it confirms whatever it is asked to. */
  readonly callbackUrl: string | null
  /** A thread is what the messages' headers say, and cannot be chosen when sending. */
  readonly threadsByHeaders?: boolean
  /** Nobody can tell afterwards whether a message whose answer was lost has left. */
  readonly sendsBlindly?: boolean
  /** A new, empty mailbox that the port may use. */
  newAccount(): Promise<TestAccount>
  /** Takes every fault back. */
  calm(): void
  close(): Promise<void>
}

/** One mailbox, and what can be done to it behind the adapter's back. Label ids are the provider's own. */
export interface TestAccount {
  readonly conn: Connection
  /** The provider's own ids, as `labelsOf` and `relabel` have them. */
  readonly ids: { inbox: string; trash: string; unread: string; starred: string }
  /** How often a token was asked for after a refusal. */
  readonly refreshes: () => number
  deliver(raw: string, options?: { spam?: boolean; trash?: boolean }): Promise<string>
  /** Where labels are places, the last of `add` is where the message then is. */
  relabel(id: string, change: { add?: string[]; remove?: string[] }): Promise<void>
  delete(id: string): Promise<void>
  makeLabel(name: string): Promise<string>
  labelsOf(id: string): Promise<string[]>
  /** Raw sources of what is in the inbox, of what is filed as sent, and of the drafts. */
  received(): Promise<string[]>
  sent(): Promise<string[]>
  drafts(): Promise<string[]>
  /** The provider forgets all history up to now. */
  expireCursor(): Promise<void>
  /** Access tokens die; a refresh works. Left out where access is a password. */
  expireAccess?(): Promise<void>
  /** The person takes the grant back. */
  revoke(): Promise<void>
  readonly fault: {
    /** Every request is refused as too fast, with or without the time to come back (seconds). */
    throttle(retryAfter: number | null): void
    /** Every request fails on the provider's side. */
    outage(): void
    /** Reading this one message always fails on the provider's side. */
    breakItem(id: string): void
    /** Connections are cut before an answer. */
    cut(times?: number): void
    /** Requests are never answered. */
    hang(): void
    /** The next `count` pages of changes are empty and have successors. */
    emptyPages(count: number): void
    /** The next send is carried out and its answer is lost, at once or by being too late for `impatient`. */
    loseSendAnswer(how: 'garbled' | 'late'): void
    /** The next send is refused before it is carried out, in a way that may be tried again. */
    refuseSend(): void
  }
}

const RESOURCE_LIMIT = 50
const never = new AbortController().signal
let mailNumber = 0

/** A small mail. `parts` makes it one with an HTML body, an inline picture and an attached file. */
export function sampleMail(
  options: { subject?: string; text?: string; parts?: boolean; messageId?: string; references?: string } = {},
): string {
  mailNumber += 1
  const {
    subject = `Sample ${mailNumber}`,
    text = `Text of sample ${mailNumber}.`,
    messageId = `<sample-${mailNumber}@example.test>`,
  } = options
  const head = [
    'From: "Ada Lovelace" <ada@example.test>',
    'To: Bob <bob@example.test>, carol@example.test',
    `Subject: ${subject}`,
    'Date: Fri, 20 Nov 2026 10:00:00 +0000',
    `Message-ID: ${messageId}`,
    'MIME-Version: 1.0',
    ...(options.references ? [`References: ${options.references}`] : []),
  ]
  if (!options.parts) return [...head, 'Content-Type: text/plain; charset=utf-8', '', text, ''].join('\r\n')
  return [
    ...head,
    'Content-Type: multipart/mixed; boundary=outer',
    '',
    '--outer',
    'Content-Type: multipart/related; boundary=inner',
    '',
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    '',
    `<p>${text}</p><img src="cid:dot@example.test">`,
    '--inner',
    'Content-Type: image/gif; name=dot.gif',
    'Content-ID: <dot@example.test>',
    'Content-Disposition: inline; filename=dot.gif',
    'Content-Transfer-Encoding: base64',
    '',
    DOT_GIF,
    '--inner--',
    '--outer',
    'Content-Type: application/pdf; name=report.pdf',
    'Content-Disposition: attachment; filename=report.pdf',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(REPORT).toString('base64'),
    '--outer--',
    '',
  ].join('\r\n')
}
const DOT_GIF = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const REPORT = '%PDF-1.4 not really a report'

/** What every mail adapter must do. Runs over one world; each test has a mailbox of its own. */
export function providerContract(name: string, makeWorld: () => Promise<ProviderWorld>): void {
  describe(`the provider contract over ${name}`, { timeout: 30_000 }, () => {
    let world: ProviderWorld
    let port: ProviderPort
    beforeAll(async () => {
      world = await makeWorld()
      port = world.port
    }, 60_000)
    afterEach(() => world.calm())
    afterAll(() => world.close())

    const fetchAll = async (account: TestAccount, ids: string[], bodies = true): Promise<Fetched[]> => {
      const key = await resourceOf(account)
      return await collect(port.fetch(account.conn, key, ids, { bodies, priority: 'live' }, never))
    }
    const message = async (account: TestAccount, id: string, bodies = true): Promise<PulledMessage> => {
      const [fetched] = await fetchAll(account, [id], bodies)
      if (fetched?.outcome !== 'message') throw new Error(`${id} was not fetched: ${JSON.stringify(fetched)}`)
      return fetched.message
    }
    /** Asked once an account, so that it is known when a fault strikes. */
    const firstOf = new WeakMap<TestAccount, string>()
    const resourceOf = async (account: TestAccount): Promise<string> => {
      const key = firstOf.get(account) ?? (await port.resources(account.conn, never))[0]?.key
      if (key === undefined) throw new Error('The account has no resource.')
      firstOf.set(account, key)
      return key
    }
    const resourcesOf = async (account: TestAccount): Promise<string[]> =>
      (await port.resources(account.conn, never)).map(each => each.key)
    const cursorOf = async (account: TestAccount): Promise<Cursors> => {
      const cursors: Cursors = new Map()
      for (const key of await resourcesOf(account))
        cursors.set(key, await port.currentCursor(account.conn, key, never))
      return cursors
    }
    /** Pulls every resource that has a cursor. */
    const pullAll = async (account: TestAccount, cursors: Cursors): Promise<Pulled> => {
      const runs: PulledPage[][] = []
      const next: Cursors = new Map()
      for (const [key, cursor] of cursors) {
        const pages = await collect(port.pull(account.conn, key, cursor, never))
        runs.push(pages)
        next.set(key, lastCursor(pages))
      }
      return { runs, pages: runs.flat(), next }
    }

    describe('who and what', () => {
      test('identify names the mailbox', async () => {
        const account = await world.newAccount()
        const { email, displayName } = await port.identify(account.conn, never)
        expect(email).toBe(account.conn.email)
        expect(displayName).not.toBe('')
      })

      test('resources are few, named and the same each time', async () => {
        const account = await world.newAccount()
        const resources = await port.resources(account.conn, never)
        expect(resources.length).toBeGreaterThan(0)
        expect(resources.length).toBeLessThan(RESOURCE_LIMIT)
        expect(new Set(resources.map(each => each.key)).size).toBe(resources.length)
        expect(await port.resources(account.conn, never)).toEqual(resources)
      })

      test('labels have roles, names and whatever a person made', async () => {
        const account = await world.newAccount()
        const made = await account.makeLabel('Böker & Söhne')
        const labels = await port.labels(account.conn, never)
        for (const role of ['inbox', 'sent', 'drafts', 'trash', 'spam'])
          expect(labels.filter(label => label.role === role)).toHaveLength(1)
        expect(labels.find(label => label.id === made)).toMatchObject({
          name: 'Böker & Söhne',
          role: null,
          hidden: false,
        })
        expect(new Set(labels.map(label => label.id)).size).toBe(labels.length)
      })

      test('counts are the provider’s totals, unread ones apart', async () => {
        const account = await world.newAccount()
        const before = await port.counts(account.conn, null, never)
        const id = await account.deliver(sampleMail())
        await account.deliver(sampleMail(), { spam: true })
        await port.mutate(account.conn, { type: 'read', messageIds: [id], read: true }, never)
        const after = await port.counts(account.conn, null, never)
        expect(after.messages - before.messages).toBe(2)
        if (after.unread !== null) expect(after.unread - (before.unread ?? 0)).toBe(1)
      })
    })

    describe('pull', () => {
      test('of nothing new is one page without content and with a cursor', async () => {
        const account = await world.newAccount()
        await account.deliver(sampleMail())
        const { pages, runs } = await pullAll(account, await cursorOf(account))
        expect(changesIn(pages)).toEqual({ ids: [], deletions: [] })
        for (const run of runs) expect(run.map(page => page.cursor === null)).toEqual([false])
      })

      test('brings what was delivered after the cursor, and what is fetched is at least as new', async () => {
        const account = await world.newAccount()
        await account.deliver(sampleMail())
        const cursor = await cursorOf(account)
        const ids = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
        const { pages } = await pullAll(account, cursor)
        expect(changesIn(pages).ids.sort()).toEqual([...ids].sort())
        for (const { id, version } of pages.flatMap(page => page.touched))
          expect((await message(account, id)).version).toBeGreaterThanOrEqual(version)
      })

      test('goes on from its own last cursor without repeating or missing anything', async () => {
        const account = await world.newAccount()
        let cursor = await cursorOf(account)
        for (let round = 0; round < 3; round++) {
          const id = await account.deliver(sampleMail())
          const { pages, next } = await pullAll(account, cursor)
          expect(changesIn(pages).ids).toEqual([id])
          cursor = next
        }
        expect(changesIn((await pullAll(account, cursor)).pages).ids).toEqual([])
      })

      test('again from an old cursor says the same again', async () => {
        const account = await world.newAccount()
        const cursor = await cursorOf(account)
        await account.deliver(sampleMail())
        const first = await pullAll(account, cursor)
        const second = await pullAll(account, cursor)
        expect(changesIn(second.pages)).toEqual(changesIn(first.pages))
      })

      test('tells of reading, starring and filing, as patches that lead to the fetched state or as something to fetch', async () => {
        const account = await world.newAccount()
        const filed = await account.makeLabel('Filed')
        const { inbox, unread, starred } = account.ids
        const id = await account.deliver(sampleMail())
        const before = await message(account, id)
        const cursor = await cursorOf(account)
        await account.relabel(id, { remove: [unread] })
        await account.relabel(id, { add: [starred, filed] })
        await account.relabel(id, { add: [unread], remove: [filed] })
        await account.relabel(id, { add: [filed], remove: [unread, inbox] })
        const { pages } = await pullAll(account, cursor)
        const after = await message(account, id)
        if (changesIn(pages).ids.includes(id) && pages.every(page => page.patches.length === 0)) return
        expect(applyPatches(before, pages)).toEqual(stateOf(after))
      })

      test('gives each message at most one patch at one version', async () => {
        const account = await world.newAccount()
        const { inbox, unread, starred } = account.ids
        const id = await account.deliver(sampleMail())
        const cursor = await cursorOf(account)
        for (let i = 0; i < 5; i++) {
          await account.relabel(id, { add: [starred], remove: [unread, inbox] })
          await account.relabel(id, { add: [unread, inbox], remove: [starred] })
        }
        const patches = (await pullAll(account, cursor)).pages.flatMap(page => page.patches)
        expect(new Set(patches.map(patch => `${patch.id} ${patch.version}`)).size).toBe(patches.length)
        for (const [at, patch] of patches.entries())
          expect(patch.version).toBeGreaterThan(patches[at - 1]?.version ?? -1n)
      })

      test('names what was deleted for ever, and fetching it confirms it', async () => {
        const account = await world.newAccount()
        const [kept, gone] = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
        const cursor = await cursorOf(account)
        await account.delete(gone)
        const { ids, deletions } = changesIn((await pullAll(account, cursor)).pages)
        // Where labels are folders, what left one may be in another: only fetching it tells.
        if (port.tree !== undefined) expect([...ids, ...deletions]).toEqual([gone])
        else expect(deletions).toEqual([gone])
        expect((await fetchAll(account, [gone, kept])).map(each => [each.id, each.outcome]).sort()).toEqual(
          [
            [gone, 'missing'],
            [kept, 'message'],
          ].sort(),
        )
      })

      test('of mail that came and went is a deletion newer than its arrival', async () => {
        const account = await world.newAccount()
        const cursor = await cursorOf(account)
        const id = await account.deliver(sampleMail())
        await account.delete(id)
        const { pages } = await pullAll(account, cursor)
        if (port.tree !== undefined) {
          // Whoever tells of what lies in a folder now has nothing to tell.
          for (const told of changesIn(pages).ids) expect(told).toBe(id)
          expect(await fetchAll(account, [id])).toEqual([{ id, outcome: 'missing' }])
          return
        }
        const deletion = pages.flatMap(page => page.deletions).find(each => each.id === id)
        for (const touched of pages.flatMap(page => page.touched))
          expect(deletion?.version).toBeGreaterThan(touched.version)
        expect(deletion).toBeDefined()
      })

      test('survives empty pages that have successors', async () => {
        const account = await world.newAccount()
        const cursor = await cursorOf(account)
        const id = await account.deliver(sampleMail())
        account.fault.emptyPages(3)
        const { pages, runs, next } = await pullAll(account, cursor)
        expect(changesIn(pages).ids).toEqual([id])
        for (const run of runs) expect(run.slice(0, -1).every(page => page.cursor === null)).toBe(true)
        expect([...next.values()]).not.toEqual([...cursor.values()])
      })

      test('of more than a page has a cursor on its last page only, and misses nothing', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail())
        const cursor = await cursorOf(account)
        for (let i = 0; i < 600; i++)
          await account.relabel(
            id,
            i % 2 ? { remove: [account.ids.starred] } : { add: [account.ids.starred] },
          )
        const last = await account.deliver(sampleMail())
        const { pages, runs, next } = await pullAll(account, cursor)
        for (const run of runs) expect(run.slice(0, -1).every(page => page.cursor === null)).toBe(true)
        expect(changesIn(pages).ids).toContain(last)
        expect(changesIn((await pullAll(account, next)).pages).ids).toEqual([])
      })

      test('from a cursor that the provider has forgotten throws cursor_expired', async () => {
        const account = await world.newAccount()
        const cursor = await cursorOf(account)
        await account.deliver(sampleMail())
        await account.expireCursor()
        expect(await kindOf(pullAll(account, cursor))).toBe('cursor_expired')
        expect(changesIn((await pullAll(account, await cursorOf(account))).pages).ids).toEqual([])
      })

      test.each(['', 'garbage', '-1'])('from %j, which is no cursor, throws cursor_expired', async cursor => {
        const account = await world.newAccount()
        const key = await resourceOf(account)
        expect(await kindOf(collect(port.pull(account.conn, key, cursor, never)))).toBe('cursor_expired')
      })

      test('says when a label appeared that was not listed, and not again once it was', async () => {
        const account = await world.newAccount()
        await port.labels(account.conn, never)
        const id = await account.deliver(sampleMail())
        let cursor = await cursorOf(account)
        const fresh = await account.makeLabel('Fresh')
        await account.relabel(id, { add: [fresh] })
        const { pages, next } = await pullAll(account, cursor)
        expect(pages.some(page => page.labelsChanged)).toBe(true)
        await port.labels(account.conn, never)
        cursor = next
        await account.relabel(await account.deliver(sampleMail()), { add: [fresh] })
        const later = await pullAll(account, cursor)
        expect(later.pages.some(page => page.labelsChanged)).toBe(false)
      })
    })

    describe('listings', () => {
      const walk = async (account: TestAccount, key: string, listing: string) => {
        const ids: string[] = []
        let position: string | null = null
        let total: number | null = null
        for (let page = 0; page < 100; page++) {
          const listed = await port.list(account.conn, key, listing, position, never)
          ids.push(...listed.items.map(item => item.id))
          total ??= listed.total
          position = listed.next
          if (position === null) return { ids, total }
        }
        throw new Error('The listing does not end.')
      }

      test('hold every message, spam and trash too, newest first, as many as the provider counts', async () => {
        const account = await world.newAccount()
        const ids: string[] = []
        for (let i = 0; i < 5; i++)
          ids.push(await account.deliver(sampleMail(), { spam: i === 1, trash: i === 3 }))
        const everything: string[] = []
        let counted = 0
        for (const key of await resourcesOf(account)) {
          const [first] = await port.listings(account.conn, key, never)
          if (!first) continue
          expect(first.counted).toBe(true)
          const { ids: listed, total } = await walk(account, key, first.name)
          everything.push(...listed)
          counted += total ?? 0
          const dates = await Promise.all(listed.map(async id => (await message(account, id)).receivedAt))
          expect(dates).toEqual([...dates].sort((a, b) => b - a))
        }
        expect(everything.sort()).toEqual([...ids].sort())
        expect(counted).toBe(5)
        expect((await port.counts(account.conn, null, never)).messages).toBe(5)
      })

      test('tell states, where they do, that are those of fetching', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail({ parts: true }))
        const key = await resourceOf(account)
        const [first] = await port.listings(account.conn, key, never)
        const { items } = await port.list(account.conn, key, first?.name ?? '', null, never)
        const told = items.find(item => item.id === id)?.message
        if (!told) return
        const fetched = await message(account, id)
        expect(fetched.version).toBeGreaterThanOrEqual(told.version)
        expect({ ...told, version: 0n }).toEqual({ ...fetched, version: 0n })
      })

      test('hold, for each label, exactly those who carry it', async () => {
        const account = await world.newAccount()
        const filed = await account.makeLabel('Filed')
        const { unread, starred } = account.ids
        const everything: string[] = []
        for (let i = 0; i < 6; i++) {
          const id = await account.deliver(sampleMail(), { trash: i === 5 })
          everything.push(id)
          if (i % 2) await account.relabel(id, { add: [filed], remove: [unread] })
          if (i % 3) await account.relabel(id, { add: [starred] })
        }
        const carried = new Map(
          await Promise.all(everything.map(async id => [id, await account.labelsOf(id)] as const)),
        )
        const walked: string[] = []
        for (const key of await resourcesOf(account))
          for (const { name, labelId } of await port.listings(account.conn, key, never)) {
            if (labelId === null) continue
            walked.push(labelId)
            const expected = everything.filter(id => carried.get(id)?.includes(labelId))
            expect((await walk(account, key, name)).ids.sort()).toEqual(expected.sort())
          }
        expect(new Set(walked).size).toBe(walked.length)
        expect(walked).toContain(filed)
      })

      test('walk on from a position while mail arrives', async () => {
        const account = await world.newAccount()
        const key = await resourceOf(account)
        const ids: string[] = []
        for (let i = 0; i < 510; i++) ids.push(await account.deliver(sampleMail()))
        const [all] = await port.listings(account.conn, key, never)
        const first = await port.list(account.conn, key, all?.name ?? '', null, never)
        expect(first.total).toBe(510)
        await account.deliver(sampleMail())
        const rest: string[] = []
        for (let position = first.next; position !== null; ) {
          const page = await port.list(account.conn, key, all?.name ?? '', position, never)
          rest.push(...page.items.map(item => item.id))
          position = page.next
        }
        // One told twice is harmless, one left out is not.
        expect([...new Set([...first.items.map(item => item.id), ...rest])].sort()).toEqual(ids.sort())
      })

      test('from a position that nobody knows throw cursor_expired', async () => {
        const account = await world.newAccount()
        const key = await resourceOf(account)
        await account.deliver(sampleMail())
        const [all] = await port.listings(account.conn, key, never)
        expect(await kindOf(port.list(account.conn, key, all?.name ?? '', 'garbage', never))).toBe(
          'cursor_expired',
        )
      })
    })

    describe('fetch', () => {
      test('gives each id exactly one outcome: what is there, what is gone, what cannot be read', async () => {
        const account = await world.newAccount()
        const there = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
        const gone = await account.deliver(sampleMail())
        const broken = await account.deliver(sampleMail())
        await account.delete(gone)
        account.fault.breakItem(broken)
        const fetched = await fetchAll(account, [broken, ...there, gone])
        const outcomes = Object.fromEntries(fetched.map(each => [each.id, each.outcome]))
        expect(fetched).toHaveLength(4)
        expect(outcomes).toEqual({
          [there[0] ?? '']: 'message',
          [there[1] ?? '']: 'message',
          [gone]: 'missing',
          [broken]: 'failed',
        })
        const failure = fetched.find(each => each.outcome === 'failed')
        expect(failure).toMatchObject({
          code: expect.stringMatching(/^\w+$/),
          message: expect.stringMatching(/\w+ \w+/),
        })
      })

      test('of only a broken message is a failed item, not a failed account', async () => {
        const account = await world.newAccount()
        const broken = await account.deliver(sampleMail())
        account.fault.breakItem(broken)
        expect((await fetchAll(account, [broken])).map(each => each.outcome)).toEqual(['failed'])
      })

      test('reads a whole message', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(
          sampleMail({
            subject: '=?utf-8?B?R3LDvMOfZQ==?=',
            text: 'Straße & <b>',
            parts: true,
            messageId: '<whole@example.test>',
          }),
        )
        expect(await message(account, id)).toMatchObject({
          id,
          subject: 'Grüße',
          from: { name: 'Ada Lovelace', email: 'ada@example.test' },
          to: [
            { name: 'Bob', email: 'bob@example.test' },
            { name: '', email: 'carol@example.test' },
          ],
          sentAt: Date.UTC(2026, 10, 20, 10),
          messageIdHeader: '<whole@example.test>',
          unread: true,
          starred: false,
          draft: false,
          attachments: [
            { filename: 'dot.gif', mimeType: 'image/gif', inline: true, contentId: 'dot@example.test' },
            { filename: 'report.pdf', mimeType: 'application/pdf', inline: false, contentId: null },
          ],
          body: { html: expect.stringContaining('Straße & <b>'), warning: null },
        })
      })

      test('without bodies tells the same of everything else', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail({ parts: true }))
        const { body, ...full } = await message(account, id, true)
        const { body: none, ...light } = await message(account, id, false)
        expect(body).not.toBeNull()
        expect(none).toBeNull()
        // Where a version says when a state was asked for, the later one is greater.
        expect(light.version).toBeGreaterThanOrEqual(full.version)
        expect({ ...light, version: 0n }).toEqual({ ...full, version: 0n })
      })

      test.each([30, null])(
        'that is throttled (Retry-After %j) throws rate_limited with a time and judges nobody',
        async retryAfter => {
          const account = await world.newAccount()
          const key = await resourceOf(account)
          const ids = await Promise.all(Array.from({ length: 20 }, () => account.deliver(sampleMail())))
          account.fault.throttle(retryAfter)
          const started = Date.now()
          const seen: Fetched[] = []
          const error = await caught(
            collect(port.fetch(account.conn, key, ids, { bodies: true, priority: 'backfill' }, never), seen),
          )
          expect(error).toMatchObject({ kind: 'rate_limited' })
          expect((error as ProviderError).retryAt).toBeGreaterThan(started)
          if (retryAfter !== null)
            expect((error as ProviderError).retryAt).toBeGreaterThanOrEqual(started + retryAfter * 1_000)
          expect(seen).toEqual([])
        },
      )

      test('while the provider is down throws transient and judges nobody', async () => {
        const account = await world.newAccount()
        const key = await resourceOf(account)
        const ids = await Promise.all(Array.from({ length: 20 }, () => account.deliver(sampleMail())))
        account.fault.outage()
        const seen: Fetched[] = []
        const error = await caught(
          collect(port.fetch(account.conn, key, ids, { bodies: true, priority: 'live' }, never), seen),
        )
        expect(error).toMatchObject({ kind: 'transient' })
        expect(seen).toEqual([])
      })

      test('may be left early', async () => {
        const account = await world.newAccount()
        const ids = await Promise.all(Array.from({ length: 20 }, () => account.deliver(sampleMail())))
        for await (const first of port.fetch(
          account.conn,
          await resourceOf(account),
          ids,
          { bodies: false, priority: 'live' },
          never,
        )) {
          expect(ids).toContain(first.id)
          break
        }
        expect(await fetchAll(account, ids)).toHaveLength(20)
      })

      test('of nothing asks for nothing', async () => {
        const account = await world.newAccount()
        await resourceOf(account)
        account.fault.outage()
        expect(await fetchAll(account, [])).toEqual([])
      })
    })

    describe('bodies and attachments', () => {
      test('are read one by one', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail({ text: 'An opened letter.', parts: true }))
        expect((await port.body(account.conn, id, never)).html).toContain('An opened letter.')
        const { attachments } = await message(account, id)
        const bytes = await Promise.all(
          attachments.map(part => port.attachment(account.conn, id, part.partId, never)),
        )
        expect(Buffer.from(bytes[0] ?? []).toString('base64')).toBe(DOT_GIF)
        expect(Buffer.from(bytes[1] ?? []).toString()).toBe(REPORT)
      })

      test('of what is gone, and parts that never were, throw not_found', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail({ parts: true }))
        expect(await kindOf(port.attachment(account.conn, id, '9.9.9', never))).toBe('not_found')
        await account.delete(id)
        expect(await kindOf(port.body(account.conn, id, never))).toBe('not_found')
        expect(await kindOf(port.attachment(account.conn, id, '1', never))).toBe('not_found')
      })
    })

    describe('the doorbell', () => {
      test('is registered, renewed by the same call, and stopped as often as one likes', async () => {
        const account = await world.newAccount()
        const key = await resourceOf(account)
        const request = { secret: 'a secret of this watch', callbackUrl: world.callbackUrl }
        const first = await port.watch(account.conn, key, { ...request, current: null }, never)
        if (first === null) return
        expect(first.expiresAt).toBeGreaterThan(Date.now() + 60_000)
        const second = await port.watch(account.conn, key, { ...request, current: first }, never)
        expect(second?.expiresAt).toBeGreaterThanOrEqual(first.expiresAt)
        if (first.cursor !== null) await pullAll(account, new Map([[key, first.cursor]]))
        await port.unwatch(account.conn, first, never)
        await port.unwatch(account.conn, first, never)
      })
    })

    describe('mutate', () => {
      const changes: [
        string,
        (ids: string[], to: Labels) => ProviderMutation,
        { has: (to: Labels) => string[]; not: (to: Labels) => string[] },
      ][] = [
        [
          'reading',
          ids => ({ type: 'read', messageIds: ids, read: true }),
          { has: () => [], not: to => [to.unread] },
        ],
        [
          'unreading',
          ids => ({ type: 'read', messageIds: ids, read: false }),
          { has: to => [to.unread], not: () => [] },
        ],
        [
          'starring',
          ids => ({ type: 'star', messageIds: ids, starred: true }),
          { has: to => [to.starred], not: () => [] },
        ],
        [
          'archiving',
          ids => ({ type: 'archive', messageIds: ids }),
          { has: () => [], not: to => [to.inbox] },
        ],
        [
          'trashing',
          ids => ({ type: 'trash', messageIds: ids }),
          { has: to => [to.trash], not: to => [to.inbox] },
        ],
        [
          'filing',
          (ids, to) => ({ type: 'labels', messageIds: ids, add: [to.filed], remove: [to.inbox] }),
          { has: to => [to.filed], not: to => [to.inbox] },
        ],
      ]
      test.each(changes)(
        '%s sets a state, for one and for many, and twice is once',
        async (_name, change, { has, not }) => {
          const account = await world.newAccount()
          const to = { ...account.ids, filed: await account.makeLabel('Filed') }
          for (const count of [1, 15]) {
            const ids = await Promise.all(Array.from({ length: count }, () => account.deliver(sampleMail())))
            for (let time = 0; time < 2; time++) {
              expect(await port.mutate(account.conn, change(ids, to), never)).toMatchObject({
                state: 'done',
              })
              for (const id of ids) {
                const labels = await account.labelsOf(id)
                expect(labels).toEqual(expect.arrayContaining(has(to)))
                for (const label of not(to)) expect(labels).not.toContain(label)
              }
            }
          }
        },
      )

      test('trash can be undone', async () => {
        const account = await world.newAccount()
        const ids = await Promise.all(Array.from({ length: 12 }, () => account.deliver(sampleMail())))
        for (const some of [ids.slice(0, 1), ids]) {
          await port.mutate(account.conn, { type: 'trash', messageIds: some }, never)
          await port.mutate(account.conn, { type: 'untrash', messageIds: some }, never)
          for (const id of some) expect(await account.labelsOf(id)).not.toContain(account.ids.trash)
        }
      })

      test('of a message that is gone throws not_found; among others it is passed over', async () => {
        const account = await world.newAccount()
        const [kept, gone] = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
        await account.delete(gone)
        expect(
          await kindOf(port.mutate(account.conn, { type: 'star', messageIds: [gone], starred: true }, never)),
        ).toBe('not_found')
        await port.mutate(account.conn, { type: 'star', messageIds: [gone, kept], starred: true }, never)
        expect(await account.labelsOf(kept)).toContain(account.ids.starred)
      })

      test('with a label that is not there is refused for good', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail())
        const change: ProviderMutation = {
          type: 'labels',
          messageIds: [id],
          add: ['Label_987654'],
          remove: [],
        }
        expect(await kindOf(port.mutate(account.conn, change, never))).toBe('permanent')
      })

      test('comes back through pull', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail())
        const cursor = await cursorOf(account)
        await port.mutate(account.conn, { type: 'star', messageIds: [id], starred: true }, never)
        const { pages } = await pullAll(account, cursor)
        expect(
          [...pages.flatMap(page => page.patches), ...pages.flatMap(page => page.touched)].map(
            each => each.id,
          ),
        ).toContain(id)
      })
    })

    describe('sending', () => {
      const mail = (account: TestAccount, more: Partial<OutgoingMail> = {}): OutgoingMail => ({
        from: { name: 'Me, Myself', email: account.conn.email },
        to: [{ name: 'Zoë', email: 'zoe@example.test' }],
        cc: [],
        bcc: [{ name: '', email: 'hidden@example.test' }],
        subject: 'Grüße aus Köln',
        text: 'Hello.\n\nBye.',
        html: null,
        threadId: null,
        inReplyTo: null,
        references: [],
        ...more,
      })
      const send = (
        account: TestAccount,
        clientId: string,
        more: Partial<OutgoingMail> = {},
      ): ProviderMutation => ({
        type: 'send',
        clientId,
        mail: mail(account, more),
      })

      test('files one copy under sent, whose id is the answer', async () => {
        const account = await world.newAccount()
        const outcome = await port.mutate(account.conn, send(account, 'client-id-1'), never)
        const sent = await account.sent()
        expect(sent).toHaveLength(1)
        if (outcome.state !== 'done' || outcome.messageId === null)
          throw new Error(`not sent: ${JSON.stringify(outcome)}`)
        const filed = await message(account, outcome.messageId)
        expect(filed).toMatchObject({
          subject: 'Grüße aus Köln',
          to: [{ name: 'Zoë', email: 'zoe@example.test' }],
        })
        expect(filed.from).toEqual({ name: 'Me, Myself', email: account.conn.email })
        expect(readable(filed.body)).toBe('Hello.\n\nBye.')
        expect(sent[0]).not.toContain('client-id-1')
      })

      test('reaches hidden recipients too, and nobody else is told of them', async () => {
        const [account, open, hidden] = [
          await world.newAccount(),
          await world.newAccount(),
          await world.newAccount(),
        ]
        const change = send(account, 'client-id-bcc', {
          to: [{ name: '', email: open.conn.email }],
          bcc: [{ name: '', email: hidden.conn.email }],
        })
        await port.mutate(account.conn, change, never)
        expect((await port.counts(hidden.conn, null, never)).messages).toBe(1)
        const received = await open.received()
        expect(received).toHaveLength(1)
        expect(received[0]).not.toContain(hidden.conn.email)
      })

      test('twice with one client id sends once: in a row, at the same time, and from a new process', async () => {
        const account = await world.newAccount()
        const change = send(account, 'client-id-2')
        const first = await port.mutate(account.conn, change, never)
        expect(await port.mutate(account.conn, change, never)).toEqual(first)
        expect(await world.restarted().mutate(account.conn, change, never)).toEqual(first)
        expect(await account.sent()).toHaveLength(1)
        const other = send(account, 'client-id-3')
        await Promise.all([port.mutate(account.conn, other, never), port.mutate(account.conn, other, never)])
        expect(await account.sent()).toHaveLength(2)
      })

      test('with different client ids sends each, and a known first attempt needs no look-up', async () => {
        const account = await world.newAccount()
        await port.mutate(
          account.conn,
          { ...send(account, 'client-id-4'), again: false } as ProviderMutation,
          never,
        )
        await port.mutate(
          account.conn,
          { ...send(account, 'client-id-5'), again: false } as ProviderMutation,
          never,
        )
        expect(await account.sent()).toHaveLength(2)
      })

      test.each(['garbled', 'late'] as const)(
        'whose answer is lost (%s) never sends twice, and its end is known or said to be unknown',
        async how => {
          const account = await world.newAccount()
          const change = send(account, `client-id-lost-${how}`)
          account.fault.loseSendAnswer(how)
          const outcome = await (how === 'late' ? world.impatient : port).mutate(account.conn, change, never)
          expect(['done', 'unknown']).toContain(outcome.state)
          world.calm()
          const again = await world.restarted().mutate(account.conn, change, never)
          expect(world.sendsBlindly ? ['done', 'unknown'] : ['done']).toContain(again.state)
          expect(await account.sent()).toHaveLength(1)
        },
      )

      test('that was refused can be repeated', async () => {
        const account = await world.newAccount()
        const change = send(account, 'client-id-6')
        account.fault.refuseSend()
        const refused = await caught(port.mutate(account.conn, change, never))
        expect(['transient', 'rate_limited']).toContain((refused as ProviderError).kind)
        expect(await account.sent()).toEqual([])
        world.calm()
        expect(await world.restarted().mutate(account.conn, change, never)).toMatchObject({ state: 'done' })
        expect(await account.sent()).toHaveLength(1)
      })

      test('answers in the thread, with the headers that threading needs', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(
          sampleMail({
            subject: 'A question',
            messageId: '<question@example.test>',
            references: '<older@example.test>',
          }),
        )
        const asked = await message(account, id)
        const outcome = await port.mutate(
          account.conn,
          send(account, 'client-id-7', {
            subject: 'Re: A question',
            threadId: asked.threadId,
            inReplyTo: '<question@example.test>',
            references: ['<older@example.test>', '<question@example.test>'],
          }),
          never,
        )
        if (outcome.state !== 'done' || outcome.messageId === null) throw new Error('not sent')
        expect(await message(account, outcome.messageId)).toMatchObject({
          threadId: asked.threadId,
          inReplyTo: '<question@example.test>',
          references: expect.arrayContaining(['<question@example.test>']),
        })
      })

      test('goes to the thread that was named, whatever its headers would suggest', async () => {
        if (world.threadsByHeaders) return
        const account = await world.newAccount()
        const asked = await message(account, await account.deliver(sampleMail({ subject: 'A question' })))
        const change = send(account, 'client-id-10', { subject: 'Another matter', threadId: asked.threadId })
        const outcome = await port.mutate(account.conn, change, never)
        if (outcome.state !== 'done' || outcome.messageId === null) throw new Error('not sent')
        expect((await message(account, outcome.messageId)).threadId).toBe(asked.threadId)
      })

      test('without a recipient is refused for good', async () => {
        const account = await world.newAccount()
        expect(
          await kindOf(port.mutate(account.conn, send(account, 'client-id-8', { to: [], bcc: [] }), never)),
        ).toBe('permanent')
      })

      test('keeps one draft for one client id, with its newest text', async () => {
        const account = await world.newAccount()
        const draft = (text: string): ProviderMutation => ({
          type: 'draft',
          clientId: 'client-id-9',
          mail: mail(account, { text }),
        })
        await port.mutate(account.conn, draft('First words.'), never)
        await port.mutate(account.conn, draft('Second thoughts.'), never)
        const outcome = await world.restarted().mutate(account.conn, draft('Last words.'), never)
        const drafts = await account.drafts()
        expect(drafts).toHaveLength(1)
        expect(drafts[0]).toContain('Last words.')
        if (outcome.state !== 'done' || outcome.messageId === null) throw new Error('no draft')
        expect(await message(account, outcome.messageId)).toMatchObject({ draft: true })
        expect(await account.sent()).toEqual([])
      })
    })

    describe('errors', () => {
      type At = { key: string; cursor: string }
      const placeOf = async (account: TestAccount): Promise<At> => {
        const key = await resourceOf(account)
        return { key, cursor: await port.currentCursor(account.conn, key, never) }
      }
      const calls: [
        keyof ProviderPort,
        (over: ProviderPort, account: TestAccount, at: At, signal: AbortSignal) => Promise<unknown>,
      ][] = [
        ['identify', (over, { conn }, _at, signal) => over.identify(conn, signal)],
        ['currentCursor', (over, { conn }, { key }, signal) => over.currentCursor(conn, key, signal)],
        ['pull', (over, { conn }, { key, cursor }, signal) => collect(over.pull(conn, key, cursor, signal))],
        ['listings', (over, { conn }, { key }, signal) => over.listings(conn, key, signal)],
        ['list', async (over, { conn }, { key }, signal) => over.list(conn, key, 'all', null, signal)],
        [
          'fetch',
          (over, { conn }, { key }, signal) =>
            collect(
              over.fetch(
                conn,
                key,
                ['18c0000000000001', '18c0000000000002'],
                { bodies: true, priority: 'live' },
                signal,
              ),
            ),
        ],
        ['labels', (over, { conn }, _at, signal) => over.labels(conn, signal)],
        ['counts', (over, { conn }, { key }, signal) => over.counts(conn, key, signal)],
        [
          'watch',
          (over, { conn }, { key }, signal) =>
            over.watch(conn, key, { secret: 's', callbackUrl: world.callbackUrl, current: null }, signal),
        ],
        ['unwatch', (over, { conn }, { key }, signal) => over.unwatch(conn, { providerId: key }, signal)],
        ['body', (over, { conn }, _at, signal) => over.body(conn, '18c0000000000001', signal)],
        [
          'attachment',
          (over, { conn }, _at, signal) => over.attachment(conn, '18c0000000000001', '1', signal),
        ],
        [
          'mutate',
          (over, { conn }, _at, signal) =>
            over.mutate(conn, { type: 'archive', messageIds: ['18c0000000000001'] }, signal),
        ],
      ]

      test.each(calls)('%s while the provider is down is transient', async (name, call) => {
        if (world.local.includes(name)) return
        const account = await world.newAccount()
        const at = await placeOf(account)
        account.fault.outage()
        expect(await kindOf(call(port, account, at, never))).toBe('transient')
      })

      test.each(calls)('%s that is throttled says when to come back', async (name, call) => {
        if (world.local.includes(name)) return
        const account = await world.newAccount()
        const at = await placeOf(account)
        account.fault.throttle(20)
        const before = Date.now()
        const error = await caught(call(port, account, at, never))
        expect(error).toMatchObject({ kind: 'rate_limited' })
        expect((error as ProviderError).retryAt).toBeGreaterThanOrEqual(before + 20_000)
      })

      test.each(calls)('%s after the grant was taken back asks for reconnection', async (name, call) => {
        if (world.local.includes(name)) return
        const account = await world.newAccount()
        const at = await placeOf(account)
        await account.revoke()
        expect(await caught(call(port, account, at, never))).toMatchObject({
          kind: 'unauthorized',
          reconnect: true,
        })
      })

      test.each(calls)('%s ends with the signal’s reason when aborted in mid-flight', async (name, call) => {
        if (world.local.includes(name)) return
        const account = await world.newAccount()
        const at = await placeOf(account)
        account.fault.hang()
        const leaving = new AbortController()
        const reason = new Error('the person has left')
        const running = caught(call(port, account, at, leaving.signal))
        setTimeout(() => leaving.abort(reason), 30)
        expect(await running).toBe(reason)
        expect(await caught(call(port, account, at, leaving.signal))).toBe(reason)
      })

      test.each(calls)('%s that gets no answer ends at its time limit', async (name, call) => {
        if (world.local.includes(name)) return
        const account = await world.newAccount()
        const at = await placeOf(account)
        account.fault.hang()
        expect(await kindOf(call(world.impatient, account, at, never))).toBe('transient')
      })

      test('an access token that has died is replaced once, and the call goes on', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail())
        await message(account, id)
        if (!account.expireAccess) return
        await account.expireAccess()
        expect((await message(account, id)).id).toBe(id)
        expect(account.refreshes()).toBeGreaterThan(0)
      })

      test('a connection that is cut once is tried again', async () => {
        const account = await world.newAccount()
        const id = await account.deliver(sampleMail())
        account.fault.cut(1)
        expect((await message(account, id)).id).toBe(id)
      })

      test('nothing thrown quotes a token', async () => {
        const account = await world.newAccount()
        const token = await account.conn.accessToken(never)
        account.fault.outage()
        const error = await caught(port.labels(account.conn, never))
        expect(flatten(error)).not.toContain(token)
      })
    })
  })
}

type Labels = TestAccount['ids'] & { filed: string }
/** Where each resource's changes begin. */
type Cursors = Map<string, string>
/** `runs`: the pages of each resource. */
type Pulled = { runs: PulledPage[][]; pages: PulledPage[]; next: Cursors }

/** A body as text, whatever form the provider gave it. */
function readable(body: PulledMessage['body']): string {
  const html = (body?.html ?? '').replace(/\s*<br[^>]*>\s*/g, '\n').replace(/<[^>]*>/g, '')
  return (body?.text ?? html).replaceAll('\r\n', '\n').trim()
}

async function collect<T>(source: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const item of source) into.push(item)
  return into
}

async function caught(running: Promise<unknown>): Promise<unknown> {
  try {
    await running
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

async function kindOf(running: Promise<unknown>): Promise<ProviderErrorKind> {
  const error = await caught(running)
  if (!(error instanceof ProviderError)) throw error
  return error.kind
}

function lastCursor(pages: PulledPage[]): string {
  const cursor = pages.at(-1)?.cursor
  if (cursor === null || cursor === undefined) throw new Error('The last page has no cursor.')
  return cursor
}

function changesIn(pages: PulledPage[]): { ids: string[]; deletions: string[] } {
  const ids = pages.flatMap(page => [...page.upserts, ...page.touched].map(each => each.id))
  return { ids: [...new Set(ids)], deletions: pages.flatMap(page => page.deletions.map(each => each.id)) }
}

const stateOf = ({ labelIds, unread, starred }: Pick<PulledMessage, 'labelIds' | 'unread' | 'starred'>) => ({
  labelIds: [...labelIds].sort(),
  unread,
  starred,
})

function applyPatches(message: PulledMessage, pages: PulledPage[]): ReturnType<typeof stateOf> {
  let state = stateOf(message)
  for (const patch of pages.flatMap(page => page.patches).filter(each => each.id === message.id)) {
    const labels = new Set(state.labelIds)
    for (const label of patch.remove) labels.delete(label)
    for (const label of patch.add) labels.add(label)
    state = stateOf({
      labelIds: [...labels],
      unread: patch.unread ?? state.unread,
      starred: patch.starred ?? state.starred,
    })
  }
  return state
}

/** Everything that a careless logger might print of an error. */
function flatten(error: unknown): string {
  const seen = new Set<unknown>()
  const walk = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return String(value)
    if (seen.has(value)) return ''
    seen.add(value)
    return Object.getOwnPropertyNames(value)
      .map(name => walk((value as Record<string, unknown>)[name]))
      .join(' ')
  }
  return walk(error)
}
