import { createHash } from 'node:crypto'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { PulledLabel, PulledPage, ResourceSpec } from '@inlet/sync/provider-port'
import type { ImapAccount } from './account.ts'
import { mailError } from './errors.ts'
import { listFolders, type MailFolder } from './folders.ts'
import { type At, onceMore } from './in-folder.ts'

/** The resource that follows the list of folders; folders' keys begin with M or P. */
export const TREE = 'folders'

/** A list older than this is asked for again before it decides where something is moved to. */
const FRESH_MS = 60_000

export type Tree = {
  /** All folders that are followed, asked for now. */
  list(at: At & ImapAccount): Promise<MailFolder[]>
  /** As they were a moment ago. */
  recent(at: At & ImapAccount): Promise<MailFolder[]>
  /** Throws `not_found` where there is no such folder any more. */
  folder(at: At & ImapAccount, key: string): Promise<MailFolder>
}

export function createTree(now: () => number): Tree {
  const lists = new WeakMap<object, { folders: MailFolder[]; at: number }>()
  const tree: Tree = {
    async list(at) {
      const { pool, purpose, signal } = at
      const { folders } = await onceMore(() =>
        pool.use(purpose, signal, undefined, session => listFolders(session, signal)),
      )
      const shown = folders.filter(({ hidden }) => !hidden)
      lists.set(at.pool, { folders: shown, at: now() })
      return shown
    },
    async recent(at) {
      const known = lists.get(at.pool)
      return known && now() - known.at < FRESH_MS ? known.folders : await tree.list(at)
    },
    async folder(at, key) {
      const found = (folders: MailFolder[]) => folders.find(folder => folder.key === key)
      const folder = found(await tree.recent(at)) ?? found(await tree.list(at))
      if (!folder)
        throw mailError(
          { code: 'folder_missing', kind: 'not_found', sentence: 'It is not listed any more.' },
          'open a folder',
        )
      return folder
    },
  }
  return tree
}

export const toResources = (folders: readonly MailFolder[]): ResourceSpec[] => [
  ...folders.map(({ key, name }) => ({ key, name, watched: false })),
  { key: TREE, name: 'Folders', watched: false },
]

export const toLabels = (folders: readonly MailFolder[]): PulledLabel[] =>
  folders.map(({ key, name, role }) => ({ id: key, name, role, color: null, hidden: false }))

/** What a list of folders is told from another by. */
export const treeCursor = (folders: readonly MailFolder[]): string =>
  createHash('sha256')
    .update(JSON.stringify(folders.map(({ key, path, name, role }) => [key, path, name, role])))
    .digest('base64url')

export const nothingNew = (): PulledPage => ({
  upserts: [],
  touched: [],
  patches: [],
  deletions: [],
  cursor: null,
  labelsChanged: false,
})

/** IMAP tells of no change of the list: it is compared. */
export async function* pullTree(
  tree: Tree,
  at: At & ImapAccount,
  cursor: string,
): AsyncGenerator<PulledPage> {
  if (!/^[\w-]{43}$/.test(cursor))
    throw new ProviderError('cursor_expired', 'This says nothing about a list of folders.')
  const now = treeCursor(await tree.list(at))
  yield { ...nothingNew(), cursor: now, labelsChanged: now !== cursor }
}
