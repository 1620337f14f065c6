import type { LabelView } from '@inlet/client/views'
import type { LabelRole } from '@inlet/protocol/entities'
import { labelName } from './label-name.ts'

/** What the list shows: one folder or label, of one account or of all. Neither role nor label is all mail. */
export interface View {
  accountId: string | null
  role: LabelRole | null
  labelId: string | null
  query: string
}

export interface InboxPlace extends View {
  threadId: string | null
}

const roles = {
  inbox: 'Inbox',
  starred: 'Starred',
  important: 'Important',
  sent: 'Sent',
  drafts: 'Drafts',
  archive: 'Archive',
  spam: 'Spam',
  trash: 'Trash',
} as const satisfies Partial<Record<LabelRole, string>>

export type FolderRole = keyof typeof roles
export const folderRoles = Object.keys(roles) as FolderRole[]
export const folderName = (role: FolderRole): string => roles[role]

const isFolder = (value: string | null): value is FolderRole => value !== null && value in roles

/** Reads the address bar; anything unknown there is the inbox. */
export function parsePlace(params: URLSearchParams): InboxPlace {
  const folder = params.get('in')
  const labelId = params.get('label')
  return {
    accountId: params.get('account'),
    role: labelId || folder === 'all' ? null : isFolder(folder) ? folder : 'inbox',
    labelId,
    query: params.get('q') ?? '',
    threadId: params.get('thread'),
  }
}

export function placeHref(place: InboxPlace): string {
  const params = new URLSearchParams()
  if (place.accountId) params.set('account', place.accountId)
  if (place.labelId) params.set('label', place.labelId)
  else if (place.role !== 'inbox') params.set('in', place.role ?? 'all')
  if (place.query) params.set('q', place.query)
  if (place.threadId) params.set('thread', place.threadId)
  const query = params.toString()
  return query ? `/?${query}` : '/'
}

/** Changes when the list shows something else. */
export const viewKey = (view: View): string =>
  [view.accountId ?? '', view.labelId ?? view.role ?? 'all', view.query].join('|')

export function viewTitle(view: View, labels: readonly LabelView[], accounts: number): string {
  if (view.query) return 'Search'
  if (view.labelId) {
    const label = labels.find(each => each.id === view.labelId)
    return label ? labelName(label) : 'Label'
  }
  if (!isFolder(view.role)) return 'All mail'
  if (view.role === 'inbox' && !view.accountId && accounts > 1) return 'All inboxes'
  return folderName(view.role)
}
