import type { LabelRole } from '@inlet/protocol/entities'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { MutateOutcome, ProviderMutation, PulledMessage } from '@inlet/sync/provider-port'
import type { FakeOutbox } from './fake-outbox.ts'

type Mailbox = {
  readonly messages: ReadonlyMap<string, unknown>
  readonly folders: ReadonlyMap<string, unknown>
  placeOf(role: LabelRole): string
  deliver(folder: string, content: Partial<PulledMessage>): string
  mark(id: string, flags: { unread?: boolean; starred?: boolean }): void
  move(id: string, to: string): void
  remove(id: string): void
}

/** What every mailbox begins with, and what it is for. */
export const FIRST_FOLDERS = {
  Inbox: 'inbox',
  Archive: 'archive',
  Deleted: 'trash',
  Sent: 'sent',
  Drafts: 'drafts',
  Junk: 'spam',
} as const
const PLACE = { archive: 'archive', trash: 'trash', untrash: 'inbox' } as const

/** Carries a person's change out in a mailbox of folders: the last folder that is added is where a message then lies. */
export function changeFolders(mailbox: Mailbox, outbox: FakeOutbox, change: ProviderMutation): MutateOutcome {
  if ('mail' in change)
    return outbox.carryOut(change, {
      file: (type, content) => mailbox.deliver(mailbox.placeOf(type === 'send' ? 'sent' : 'drafts'), content),
      remove: id => mailbox.remove(id),
    })
  const there = change.messageIds.filter(id => mailbox.messages.has(id))
  if (there.length === 0) throw new ProviderError('not_found', 'None of the messages is there.')
  if (change.type === 'read') for (const id of there) mailbox.mark(id, { unread: !change.read })
  else if (change.type === 'star') for (const id of there) mailbox.mark(id, { starred: change.starred })
  else {
    const to = targetOf(mailbox, change)
    for (const id of there) mailbox.move(id, to)
  }
  return { state: 'done', messageId: null }
}

function targetOf(
  mailbox: Mailbox,
  change: Extract<ProviderMutation, { type: 'labels' | keyof typeof PLACE }>,
): string {
  if (change.type !== 'labels') return mailbox.placeOf(PLACE[change.type])
  const to = change.add.at(-1) ?? mailbox.placeOf('archive')
  if (!mailbox.folders.has(to)) throw new ProviderError('permanent', `There is no folder ${to}.`)
  return to
}
