import type { Label, LabelRole, Message, Thread } from '@inlet/protocol/entities'
import type { Seq } from '@inlet/protocol/seq'
import type { OutboxRow } from './tables.ts'

/** `pending`: a change of the person that the feed has not confirmed lies over the row. */
export type ThreadView = Thread & { seq: Seq; pending: boolean }
export type MessageView = Message & { seq: Seq; pending: boolean }

/** A label without its counts, which change with every mail: see UnreadCounts. */
export type LabelView = Omit<Label, 'total' | 'unread'>

export type PendingMutation = Pick<
  OutboxRow,
  'clientId' | 'body' | 'state' | 'createdAt' | 'attempts' | 'error'
>

export interface UnreadCounts {
  /** By label id. */
  labels: Readonly<Record<string, number>>
  /** Summed over the labels of a role in all accounts. */
  roles: Readonly<Partial<Record<LabelRole, number>>>
  /** By account id: its inbox. */
  accounts: Readonly<Record<string, number>>
}

/** `labelIds` wins over `role`; neither means all mail. A role spans all accounts unless `accountId` is given. */
export interface ThreadsQuery {
  labelIds?: readonly string[]
  role?: LabelRole
  accountId?: string
  unreadOnly?: boolean
  /** Threads of the first page; `loadMore` adds as many again. Default 50. */
  limit?: number
}
