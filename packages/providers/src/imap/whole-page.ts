import type { PulledPlace } from '@inlet/sync/places'
import type { PulledMessage } from '@inlet/sync/provider-port'
import { fetchMessages } from './fetch.ts'
import { withIdentities } from './identities.ts'
import { type At, type FolderRef, inFolder, type View } from './in-folder.ts'
import { placesOf, uidsBelow } from './places.ts'
import { toMessage } from './to-message.ts'

/** Characters of text that a page holds; what comes after them is named only (I13). */
const TEXT_MAX = 16 * 1024 * 1024

export type WholePage = {
  put: PulledPlace[]
  /** By id, as far as they could be had. */
  messages: Map<string, PulledMessage>
  /** As of PlacesBelow. */
  rest: number | null
}

/**
 * One page of a folder's messages below a UID, newest first, each asked for once. What cannot be read is named only, as
 * far as it can be told from others: whoever wants it will fetch it, and learn what is wrong with it (I10).
 */
export async function readWhole(
  at: At,
  folder: FolderRef & { key: string },
  before: number,
  size: number,
  view: View,
): Promise<WholePage> {
  const options = { action: `list ${folder.path}`, view }
  const { uids, rest } = await inFolder(at, folder, options, client => uidsBelow(client, before, size))
  const put: PulledPlace[] = []
  const messages = new Map<string, PulledMessage>()
  const unread: number[] = []
  let text = 0
  for await (const fetched of fetchMessages(at, folder, uids, { bodies: true }, view)) {
    if (fetched.outcome === 'failed') unread.push(fetched.uid)
    if (fetched.outcome !== 'message') continue
    const message = toMessage(fetched, [folder.key])
    put.push({ ...fetched.place, messageId: message.id })
    text += (message.body?.text?.length ?? 0) + (message.body?.html?.length ?? 0)
    if (text <= TEXT_MAX) messages.set(message.id, message)
  }
  if (unread.length > 0) {
    const places = await inFolder(at, folder, options, client => placesOf(client, unread))
    put.push(...(await withIdentities(at, folder, places, view)))
  }
  return { put: put.sort((a, b) => b.uid - a.uid), messages, rest }
}
