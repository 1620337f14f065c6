import { ImapFlow } from 'imapflow'
import type { Context } from '../bench.ts'
import { clock } from '../browser.ts'
import { type ImapAccess, plainImap } from '../imap-access.ts'

/** A bare client that waits in IDLE, and when it heard of how many messages. */
export type IdleClient = {
  /** How many there are now. */
  exists(): number
  /** When it first heard of so many, on our clock; undefined: not yet. */
  heard(exists: number): number | undefined
}

export async function idleClient(context: Context, access: ImapAccess): Promise<IdleClient> {
  const client = new ImapFlow(plainImap(access))
  context.onEnd(() => client.close())
  client.on('error', error => context.say(`the bare client: ${error.message}`))
  await client.connect()
  const { exists } = await client.mailboxOpen('INBOX', { readOnly: true })
  let last = exists
  const heard = new Map<number, number>()
  client.on('exists', ({ count }) => {
    const at = clock()
    for (; last < count; last++) heard.set(last + 1, at)
  })
  void client.idle().catch(() => {})
  return { exists: () => last, heard: count => heard.get(count) }
}

/** Somebody who puts mail into the inbox, one after the other. */
export async function appender(
  context: Context,
  access: ImapAccess,
): Promise<(raw: string) => Promise<void>> {
  const client = new ImapFlow({ ...plainImap(access), disableAutoIdle: true })
  context.onEnd(() => client.close())
  client.on('error', error => context.say(`who delivers: ${error.message}`))
  await client.connect()
  return async raw => {
    if (!(await client.append('INBOX', raw))) throw new Error('Dovecot did not take a message.')
  }
}
