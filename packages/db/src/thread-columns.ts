import type { Thread } from '@inlet/protocol/entities'
import { idArray, json } from './columns.ts'
import type { Column } from './copy-in.ts'

export type ThreadWrite = { row: Thread; seq: number }

export const threadColumns = (userId: string): Column<ThreadWrite>[] => [
  { name: 'user_id', type: 'text', of: () => userId },
  { name: 'id', type: 'text', of: w => w.row.id },
  { name: 'account_id', type: 'text', of: w => w.row.accountId },
  { name: 'subject', type: 'text', of: w => w.row.subject },
  { name: 'snippet', type: 'text', of: w => w.row.snippet },
  { name: 'participants', type: 'jsonb', of: w => json(w.row.participants) },
  { name: 'last_message_id', type: 'text', of: w => w.row.lastMessageId },
  { name: 'last_message_at', type: 'int8', of: w => w.row.lastMessageAt },
  { name: 'message_count', type: 'int4', of: w => w.row.messageCount },
  { name: 'unread_count', type: 'int4', of: w => w.row.unreadCount },
  { name: 'starred', type: 'boolean', of: w => w.row.starred },
  { name: 'label_ids', type: 'text[]', of: w => idArray(w.row.labelIds) },
  { name: 'attachment_count', type: 'int4', of: w => w.row.attachmentCount },
  { name: 'seq', type: 'int8', of: w => w.seq },
]
