import { toPulledMessage } from '@inlet/providers/imap/message'
import { ImapFlow } from 'imapflow'
import { type ImapAccess, plainImap } from '../imap-access.ts'

const AT_ONCE = 100
const NOWHERE = { id: '', threadId: '', version: 0n, labelIds: [] }

/**
 * What anyone would write first: open each folder, fetch its messages whole, newest first, decode what a reader needs as
 * we do, and forget it. Returns how many it read.
 */
export async function fetchImap(access: ImapAccess, signal: AbortSignal): Promise<number> {
  const client = new ImapFlow(plainImap(access))
  const leave = () => client.close()
  signal.addEventListener('abort', leave, { once: true })
  await client.connect()
  let read = 0
  try {
    for (const { path } of await client.list()) {
      const { exists } = await client.mailboxOpen(path, { readOnly: true })
      for (let last = exists; last > 0; last -= AT_ONCE) {
        const query = { uid: true, flags: true, internalDate: true, size: true, source: true }
        const range = `${Math.max(1, last - AT_ONCE + 1)}:${last}`
        for await (const row of client.fetch(range, query)) {
          const message = toPulledMessage(NOWHERE, row, row.source ?? Buffer.alloc(0), { bodies: true })
          if (message.receivedAt > 0) read++
        }
      }
    }
    return read
  } finally {
    signal.removeEventListener('abort', leave)
    client.close()
  }
}
