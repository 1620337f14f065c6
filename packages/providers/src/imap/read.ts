import type { Place as StoredPlace } from '@inlet/sync/places'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, Fetched, FetchOptions, PulledBody } from '@inlet/sync/provider-port'
import type { World } from '@inlet/sync/world'
import type { ImapAccount } from './account.ts'
import { fetchMessages, fetchPart } from './fetch.ts'
import type { MailFolder } from './folders.ts'
import type { At } from './in-folder.ts'
import { grouped, isOver, nothingUnseen } from './locate.ts'
import { toMessage } from './to-message.ts'
import type { Tree } from './tree.ts'

const ASK_AGAIN_MS = 30_000

/** Messages by their ids, read where they lie. One outcome for each id. */
export async function* fetchByPlace(
  conn: Connection,
  at: At & ImapAccount,
  tree: Pick<Tree, 'list' | 'recent'>,
  ids: readonly string[],
  options: FetchOptions,
  world: World,
): AsyncGenerator<Fetched> {
  const waiting = new Set(ids)
  if (waiting.size === 0) return
  let places = [...(await conn.places.of([...waiting])).values()]
  // Round by round: whoever does not lie where its first place says is looked for at its next one.
  for (let round = 0; waiting.size > 0 && places.some(each => each.length > round); round++) {
    const next = places.flatMap(each => each[round] ?? []).filter(({ messageId }) => waiting.has(messageId))
    for await (const fetched of readPlaces(at, await tree.recent(at), next, places, options)) {
      waiting.delete(fetched.id)
      yield fetched
    }
  }
  if (waiting.size === 0) return
  // A folder that was made since the last look may have it: this needs the list as it is now.
  const gone = await nothingUnseen(conn, at, await tree.list(at))
  const dead = new Set(places.flat().map(placeKey))
  places = [...(await conn.places.of([...waiting])).values()]
  const placed = new Set(places.flat().flatMap(place => (dead.has(placeKey(place)) ? [] : place.messageId)))
  for (const id of waiting)
    yield gone && !placed.has(id)
      ? { id, outcome: 'missing' }
      : {
          id,
          outcome: 'failed',
          code: 'not_placed',
          message: 'It has left its folder, and another one may have it that has not been looked through.',
          retryAt: world.now() + ASK_AGAIN_MS,
        }
}

const placeKey = ({ resource, epoch, uid }: StoredPlace): string => `${epoch} ${uid} ${resource}`

async function* readPlaces(
  at: At,
  folders: readonly MailFolder[],
  next: readonly StoredPlace[],
  places: readonly StoredPlace[][],
  options: FetchOptions,
): AsyncGenerator<Fetched> {
  for (const { ref, members } of grouped(next, folders)) {
    const byUid = new Map(members.map(({ id, uid }) => [uid, id]))
    try {
      for await (const fetched of fetchMessages(at, ref, [...byUid.keys()], options)) {
        const id = byUid.get(fetched.uid)
        if (id === undefined) continue
        if (fetched.outcome === 'failed') {
          const { code, message, retryAt } = fetched
          yield { id, outcome: 'failed', code, message, retryAt }
        }
        // Another message at this UID is a folder that was made anew under the same number.
        if (fetched.outcome !== 'message' || fetched.message.id !== id) continue
        const own = places.find(each => each[0]?.messageId === id) ?? []
        const labelIds = own.map(({ resource }) => resource)
        yield { id, outcome: 'message', message: toMessage(fetched, labelIds) }
      }
    } catch (error) {
      if (!isOver(error)) throw error
    }
  }
}

export async function readBody(
  conn: Connection,
  at: At,
  folders: MailFolder[],
  id: string,
): Promise<PulledBody> {
  const options = { bodies: true, priority: 'interactive' } as const
  const places = (await conn.places.of([id])).get(id) ?? []
  for (const place of places)
    for await (const fetched of readPlaces(at, folders, [place], [places], options)) {
      if (fetched.outcome === 'message' && fetched.message.body) return fetched.message.body
      if (fetched.outcome === 'failed') throw new ProviderError('transient', fetched.message)
    }
  throw notThere()
}

export async function readAttachment(
  conn: Connection,
  at: At,
  folders: MailFolder[],
  id: string,
  partId: string,
): Promise<Uint8Array> {
  let reason: unknown = notThere()
  const places = (await conn.places.of([id])).get(id) ?? []
  for (const { ref, members } of grouped(places, folders))
    for (const { uid } of members)
      try {
        return await fetchPart(at, ref, uid, partId)
      } catch (error) {
        if (!isOver(error) && !(error instanceof ProviderError && error.kind === 'not_found')) throw error
        reason = error
      }
  throw reason instanceof ProviderError && reason.kind === 'not_found' ? reason : notThere()
}

const notThere = () => new ProviderError('not_found', 'The message is not there any more.')
