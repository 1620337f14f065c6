import type { LabelRole } from '@inlet/protocol/entities'
import type { Connection, PulledLabel } from '@inlet/sync/provider-port'
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { clean, oneLine } from '../mime.ts'
import type { GmailClient } from './client.ts'

type System = { name: string; role: LabelRole | null; hidden: boolean }

/** Gmail's own labels: their ids are their names in capitals. */
const SYSTEM: Readonly<Record<string, System>> = {
  INBOX: { name: 'Inbox', role: 'inbox', hidden: false },
  SENT: { name: 'Sent', role: 'sent', hidden: false },
  DRAFT: { name: 'Drafts', role: 'drafts', hidden: false },
  TRASH: { name: 'Trash', role: 'trash', hidden: false },
  SPAM: { name: 'Spam', role: 'spam', hidden: false },
  STARRED: { name: 'Starred', role: 'starred', hidden: false },
  IMPORTANT: { name: 'Important', role: 'important', hidden: false },
  UNREAD: { name: 'Unread', role: 'unread', hidden: true },
  CHAT: { name: 'Chat', role: null, hidden: true },
  CATEGORY_PERSONAL: { name: 'Personal', role: 'category', hidden: false },
  CATEGORY_SOCIAL: { name: 'Social', role: 'category', hidden: false },
  CATEGORY_PROMOTIONS: { name: 'Promotions', role: 'category', hidden: false },
  CATEGORY_UPDATES: { name: 'Updates', role: 'category', hidden: false },
  CATEGORY_FORUMS: { name: 'Forums', role: 'category', hidden: false },
}

/** History never says that a label was made; a label id that was not listed is how we notice. */
export type KnownLabels = {
  /** Is there a person's label among these that the last listing did not hold? */
  unknown(accountId: string, labelIds: Iterable<string>): boolean
  remember(accountId: string, labelIds: string[]): void
}

const ACCOUNTS_MAX = 10_000

export function createKnownLabels(): KnownLabels {
  const known = new Map<string, Set<string>>()
  return {
    unknown(accountId, labelIds) {
      const listed = known.get(accountId)
      for (const id of labelIds) if (!(id in SYSTEM) && !listed?.has(id)) return true
      return false
    },
    remember(accountId, labelIds) {
      known.delete(accountId)
      known.set(accountId, new Set(labelIds))
      const [oldest] = known.keys()
      if (known.size > ACCOUNTS_MAX && oldest !== undefined) known.delete(oldest)
    },
  }
}

export async function listLabels(
  client: GmailClient,
  known: KnownLabels,
  conn: Connection,
  signal: AbortSignal,
): Promise<PulledLabel[]> {
  const { labels = [] } = await client.call(
    conn,
    { method: 'labels.list', action: 'list the labels', priority: 'live', signal },
    (gmail, options) => gmail.users.labels.list({ userId: 'me' }, options),
  )
  const pulled = labels.map(toPulledLabel).filter(label => label !== null)
  known.remember(
    conn.accountId,
    pulled.map(label => label.id),
  )
  return pulled
}

export function toPulledLabel(label: gmail_v1.Schema$Label): PulledLabel | null {
  const id = label.id
  if (!id) return null
  const system = SYSTEM[id]
  if (system) return { id, ...system, color: null }
  const color = label.color?.backgroundColor
  return {
    id,
    name: oneLine(label.name ?? id, 225),
    role: null,
    color: color && /^#[0-9a-f]{3,8}$/i.test(color) ? clean(color, 9) : null,
    hidden: label.labelListVisibility === 'labelHide',
  }
}
