import { noPlaces, type Place } from '@inlet/sync/places'
import type { Connection, Fetched } from '@inlet/sync/provider-port'
import { realWorld } from '@inlet/sync/world'
import type { ImapFlow, MailboxObject } from 'imapflow'
import { expect, test } from 'vitest'
import type { ImapAccount } from '../src/imap/account.ts'
import { codeOf, mailError } from '../src/imap/errors.ts'
import type { MailFolder } from '../src/imap/folders.ts'
import type { At } from '../src/imap/in-folder.ts'
import { currentCursor, listPage, pullChanges } from '../src/imap/pull.ts'
import { fetchByPlace } from '../src/imap/read.ts'
import type { Session } from '../src/imap/session.ts'
import { createTree } from '../src/imap/tree.ts'
import { never } from './imap-world.ts'

type Selected = {
  uidValidity: bigint
  uidNext: number
  mailboxId?: string
  exists?: number
  noModseq?: boolean
  highestModseq?: bigint
}

/** A server whose folders hold nothing any more, as far as it is asked here, but for what a search still finds. */
function serverOf(folders: Record<string, Selected>, found: number[] = []): At & ImapAccount {
  const client = {
    enabled: new Set(),
    capabilities: new Set(),
    list: async () =>
      Object.keys(folders).map(path => ({ path, pathAsListed: path, delimiter: '/', flags: new Set() })),
    status: async (path: string) => folders[path] && { messages: 0, ...folders[path] },
    fetchAll: async () => [],
    exec: async (name: string, _attributes: unknown, { untagged }: { untagged: Record<string, unknown> }) => {
      if (name === 'UID FETCH') return { next: () => {} }
      await (untagged.SEARCH as (line: object) => Promise<void>)({
        attributes: found.map(uid => ({ value: `${uid}` })),
      })
      return { next: () => {} }
    },
  } as unknown as ImapFlow
  const session = {
    unreadable: () => 0,
    destroy: () => {},
    run: async (_action: string, _signal: AbortSignal, work: (client: ImapFlow) => unknown) =>
      await work(client),
    inFolder: async (
      { path }: { path: string },
      action: string,
      _signal: AbortSignal,
      work: (client: ImapFlow, mailbox: MailboxObject) => Promise<unknown>,
    ) => {
      try {
        return await work(client, { path, exists: 0, noModseq: true, ...folders[path] } as MailboxObject)
      } catch (error) {
        if (!(error as { mailboxMissing?: true }).mailboxMissing) throw error
        throw mailError({ code: 'folder_missing', kind: 'not_found', sentence: 'It is gone.' }, action)
      }
    },
  } as unknown as Session
  const use = async (
    _purpose: unknown,
    _signal: unknown,
    _folder: unknown,
    work: (session: Session) => unknown,
  ) => await work(session)
  return { pool: { use }, purpose: 'live', signal: never } as unknown as At & ImapAccount
}

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const folderOf = (key: string, path: string): MailFolder => ({
  key,
  path,
  name: path,
  role: null,
  hidden: false,
})
const INBOX = { uidValidity: 1n, uidNext: 5 }

async function fetchedOf(folders: Record<string, Selected>): Promise<Fetched[]> {
  const at = serverOf(folders)
  const tree = createTree(() => 0)
  // What this process knows: the folders as they are now.
  await tree.list(at)
  folders.New = { uidValidity: 1n, uidNext: 2 }
  const lay: Place = { resource: 'PINBOX', epoch: '1', uid: 4, messageId: 'm', flags: [], modseq: null }
  const cursors: Record<string, string> = { PINBOX: JSON.stringify({ uidValidity: '1', uidNext: 5 }) }
  let asked = 0
  const places = {
    ...noPlaces,
    of: async () => (asked++ === 0 ? new Map([['m', [lay]]]) : new Map<string, Place[]>()),
    cursor: async (key: string) => cursors[key] ?? null,
  }
  const conn = { accountId: 'a', places } as unknown as Connection
  return await allOf(fetchByPlace(conn, at, tree, ['m'], { bodies: false, priority: 'live' }, realWorld))
}

test('a message is not gone for good while a folder that was made a moment ago may have it (I7)', async () => {
  expect(await fetchedOf({ INBOX })).toMatchObject([{ id: 'm', outcome: 'failed', code: 'not_placed' }])
})

test('what is stored of an epoch that was listed before the cursor is compared with the next pull', async () => {
  const cursorWith = async (
    stored: number | null,
    inbox: Selected = { ...INBOX, noModseq: false, highestModseq: 7n, exists: 4 },
  ) => {
    const places = { ...noPlaces, count: async () => stored }
    return JSON.parse(
      await currentCursor(serverOf({ INBOX: inbox }), folderOf('PINBOX', 'INBOX'), places, realWorld),
    )
  }
  // Nothing else tells what changes while it is listed.
  expect((await cursorWith(0, { ...INBOX, exists: 4 })).sweptAt).toBe(0)
  expect((await cursorWith(0)).sweptAt).toBeGreaterThan(0)
  expect((await cursorWith(3)).sweptAt).toBe(0)
  expect((await cursorWith(null)).sweptAt).toBe(0)
})

test('a page of which something vanished while it was read is not the last', async () => {
  const [at, folder] = [
    serverOf({ INBOX: { ...INBOX, uidNext: 9 } }, [1, 2, 3, 4, 5, 6, 7, 8]),
    folderOf('PINBOX', 'INBOX'),
  ]
  expect((await listPage(at, folder, null, noPlaces, null, 5)).next).toBe('1:4')
  expect((await listPage(at, folder, '1:4', noPlaces, null, 5)).next).toBe(null)
})

test('a folder that was renamed is not mistaken for another that has its path now', async () => {
  const at = serverOf({ Work: { uidValidity: 1n, uidNext: 9, mailboxId: 'two' } })
  const [renamed, own] = [folderOf('Mone', 'Work'), folderOf('Mtwo', 'Work')]
  const error = await currentCursor(at, renamed, noPlaces, realWorld).catch((thrown: unknown) => thrown)
  expect(codeOf(error)).toBe('folder_missing')
  expect(JSON.parse(await currentCursor(at, own, noPlaces, realWorld))).toMatchObject({ uidNext: 9 })
  const cursor = JSON.stringify({ uidValidity: '1', uidNext: 3, highestModseq: null, sweptAt: 0 })
  const pages = await allOf(pullChanges(at, renamed, cursor, noPlaces, realWorld))
  expect(pages).toMatchObject([{ cursor, labelsChanged: true }])
})

test('a list of folders is asked for again after a while, whoever needs a folder of it', async () => {
  let now = 0
  const folders: Record<string, Selected> = { INBOX }
  const [at, tree] = [serverOf(folders), createTree(() => now)]
  expect((await tree.folder(at, 'PINBOX')).path).toBe('INBOX')
  delete folders.INBOX
  folders.Other = INBOX
  now = 61_000
  expect(codeOf(await tree.folder(at, 'PINBOX').catch((error: unknown) => error))).toBe('folder_missing')
})
