import type { PulledMessage } from '@inlet/sync/provider-port'
import type { FetchedPlace } from './fetch.ts'
import { threadOf } from './threads.ts'

/** A message is content alone and never changes. */
export const ONLY_VERSION = 1n

/** What was read of a message, as the engine takes it: with its thread, in these folders. */
export const toMessage = (
  { message, serverThread }: Extract<FetchedPlace, { outcome: 'message' }>,
  folders: Iterable<string>,
): PulledMessage => ({
  ...message,
  threadId: serverThread ? `S${serverThread}` : threadOf(message),
  version: ONLY_VERSION,
  labelIds: [...new Set(folders)].sort(),
})
