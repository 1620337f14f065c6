import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, PulledPage, Version } from '@inlet/sync/provider-port'
import { segment } from './batch.ts'
import type { GraphClient } from './client.ts'
import { deltaRound, wholeRound } from './delta.ts'
import { text } from './errors.ts'
import { FOLDERS } from './folders.ts'
import { isDeltaPath } from './links.ts'
import { NEWEST, versionOf } from './message.ts'

const PULL_PAGE = 500
const WALK_PAGE = 1_000

/** What changed is fetched anyway, so ids and times are all that is asked for. The links carry this selection on. */
function firstPath(resource: string): string {
  return resource === FOLDERS
    ? '/me/mailFolders/delta?$select=displayName,parentFolderId'
    : `/me/mailFolders/${segment(resource)}/messages/delta?$select=id,lastModifiedDateTime`
}

/** Outlook has no "from now on": the first round is walked to its end, and its deltaLink is the cursor. */
export async function currentCursor(
  client: GraphClient,
  conn: Connection,
  resource: string,
  signal: AbortSignal,
): Promise<string> {
  const call = { action: 'walk to the end of a folder', priority: 'live', signal } as const
  return await wholeRound(async () => {
    for await (const { end } of deltaRound(client, conn, call, firstPath(resource), WALK_PAGE))
      if (end !== null) return end
    throw new ProviderError('transient', 'Outlook answered a round of changes without an end.')
  })
}

/**
 * Everything after a cursor. A message that is no longer in the folder was moved or deleted, Graph does not say which:
 * it is touched like any other, and what fetching it answers decides. The same id may come twice; nothing is promised
 * about the order, and only the last page carries a cursor.
 */
export async function* pullChanges(
  client: GraphClient,
  conn: Connection,
  resource: string,
  cursor: string,
  signal: AbortSignal,
): AsyncGenerator<PulledPage> {
  if (!isDeltaPath(cursor))
    throw new ProviderError('cursor_expired', `"${cursor.slice(0, 40)}" is no cursor of Outlook.`)
  const call = { action: 'read what has changed', priority: 'live', signal } as const
  try {
    for await (const { items, end, arrivedAt } of deltaRound(client, conn, call, cursor, PULL_PAGE)) {
      const isFolders = resource === FOLDERS
      yield {
        ...NOTHING,
        touched: isFolders ? [] : touchedIn(items, arrivedAt),
        cursor: end,
        labelsChanged: isFolders && items.length > 0,
      }
    }
  } catch (error) {
    if (!(error instanceof ProviderError && error.kind === 'not_found')) throw error
    // The folder itself is gone. Its messages went with it or elsewhere: the list of folders has the word.
    yield { ...NOTHING, touched: [], cursor, labelsChanged: true }
  }
}

const NOTHING = { upserts: [], patches: [], deletions: [] } satisfies Partial<PulledPage>

/** The newest of what a page says of each id. Its version is of the moment the answer came: no state asked for before holds it. */
function touchedIn(items: Record<string, unknown>[], arrivedAt: number): { id: string; version: Version }[] {
  const touched = new Map<string, Version>()
  for (const item of items) {
    const id = text(item.id)
    if (!id) continue
    const told = item['@removed'] === undefined && text(item.lastModifiedDateTime) !== ''
    const version = told ? versionOf(item.lastModifiedDateTime, arrivedAt) : NEWEST
    if (version > (touched.get(id) ?? -1n)) touched.set(id, version)
  }
  return [...touched].map(([id, version]) => ({ id, version }))
}
