import type { LabelRole } from '@inlet/protocol/entities'
import type { MutationBody } from '@inlet/protocol/mutations'
import type { LabelRow, MessagePatch, MessageRow } from './tables.ts'

/** What a mutation will make of each message, by message id; `send` and `draft` change no row that exists. */
export function patchesOf(
  body: MutationBody,
  messages: readonly MessageRow[],
  labels: readonly LabelRow[],
): Record<string, MessagePatch> {
  const patches: Record<string, MessagePatch> = {}
  for (const message of messages) {
    const withRole = (...roles: LabelRole[]) =>
      labels
        .filter(label => label.accountId === message.accountId && label.role && roles.includes(label.role))
        .map(label => label.id)
    const patch = patchOf(body, withRole)
    if (patch) patches[message.id] = patch
  }
  return patches
}

function patchOf(body: MutationBody, withRole: (...roles: LabelRole[]) => string[]): MessagePatch | null {
  switch (body.type) {
    case 'read':
      return { unread: !body.read, ...(body.read ? removing : adding)(withRole('unread')) }
    case 'star':
      return { starred: body.starred, ...(body.starred ? adding : removing)(withRole('starred')) }
    case 'archive':
      return { ...removing(withRole('inbox')), ...adding(withRole('archive')) }
    case 'trash':
      return { ...removing(withRole('inbox', 'archive', 'spam')), ...adding(withRole('trash')) }
    case 'untrash':
      // Where it goes then is the provider's choice: the feed will say.
      return removing(withRole('trash'))
    case 'label':
      return { addLabels: body.add, removeLabels: body.remove }
    case 'send':
    case 'draft':
      return null
  }
}

const adding = (addLabels: string[]): MessagePatch => ({ addLabels })
const removing = (removeLabels: string[]): MessagePatch => ({ removeLabels })
