import { messageProperty, viewOf } from '../graph/message-resource.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { Edit, StoredItem } from '../mailbox/types.ts'
import { parseFilter } from '../odata/filter.ts'
import { readPreferences } from '../odata/prefer.ts'
import type { ChangeType, StoredSubscription } from './subscriptions.ts'

export interface Change {
  type: ChangeType
  item: StoredItem
}

/**
 * What an edit is to a subscription: entering its folder or filter is `created`, leaving it
 * `deleted`. To a whole mailbox with usual ids a move is both, since the old id is gone.
 */
export function changesFor(mailbox: OutlookMailbox, subscription: StoredSubscription, edit: Edit): Change[] {
  const before = edit.before && concerns(mailbox, subscription, edit.before) ? edit.before : undefined
  const after = edit.after && concerns(mailbox, subscription, edit.after) ? edit.after : undefined
  return changes(before, after, subscription.immutableIds).filter(({ type }) =>
    subscription.changeTypes.includes(type),
  )
}

function changes(
  before: StoredItem | undefined,
  after: StoredItem | undefined,
  immutable: boolean,
): Change[] {
  if (before && after && (immutable || before.folder === after.folder)) {
    return [{ type: 'updated', item: after }]
  }
  const gone: Change[] = before ? [{ type: 'deleted', item: before }] : []
  const come: Change[] = after ? [{ type: 'created', item: after }] : []
  return [...gone, ...come]
}

function concerns(mailbox: OutlookMailbox, subscription: StoredSubscription, item: StoredItem): boolean {
  const { folder, filter } = subscription
  const within =
    folder === null ? mailbox.folders.isWithin(item.folder, 'msgfolderroot') : item.folder === folder
  if (!within || filter === null) return within
  const view = viewOf(mailbox, item, readPreferences(undefined))
  return parseFilter(filter).test(path => messageProperty(view, path))
}
