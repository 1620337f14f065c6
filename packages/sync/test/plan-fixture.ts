import { plan, type Stored, type StoredMessage } from '../src/plan.ts'
import type { LabelPatch, PulledMessage } from '../src/provider-port.ts'
import { rowId } from '../src/row-id.ts'
import type { Batch } from '../src/store-port.ts'

export const ACCOUNT = 'account-1'
export const idOf = (id: string) => rowId(ACCOUNT, 'message', id)
export const labelOf = (id: string) => rowId(ACCOUNT, 'label', id)

export function pulled(id: string, version: bigint, more: Partial<PulledMessage> = {}): PulledMessage {
  const labelIds = more.labelIds ?? ['INBOX', 'UNREAD']
  return {
    id,
    threadId: `t-${id}`,
    version,
    subject: `Subject ${id}`,
    from: { name: 'Ada', email: 'ada@example.com' },
    to: [],
    cc: [],
    bcc: [],
    replyTo: [],
    snippet: '',
    receivedAt: 1_000,
    sentAt: null,
    unread: labelIds.includes('UNREAD'),
    starred: labelIds.includes('STARRED'),
    draft: false,
    sizeBytes: 10,
    messageIdHeader: null,
    inReplyTo: null,
    references: [],
    attachments: [],
    body: { html: null, text: 'hello', warning: null },
    ...more,
    labelIds,
  }
}

export function patch(id: string, version: bigint, add: string[], remove: string[]): LabelPatch {
  const flag = (label: string) => (add.includes(label) ? true : remove.includes(label) ? false : null)
  return { id, version, add, remove, unread: flag('UNREAD'), starred: flag('STARRED') }
}

export function batch(part: Partial<Batch>): Batch {
  return {
    lease: { resourceId: 'r', token: 't' },
    cursorVersion: 0,
    userId: 'u',
    accountId: ACCOUNT,
    now: 5_000,
    upserts: [],
    patches: [],
    deletions: [],
    missing: [],
    labels: null,
    failures: [],
    ...part,
  }
}

export const nothing = (): Stored => ({
  messages: new Map(),
  tombstones: new Map(),
  labels: new Map(),
  attempts: new Map(),
})

/** Applies writes as a store does, so that batches can follow each other. */
export function apply(stored: Stored, part: Partial<Batch>): Stored {
  const writes = plan(stored, batch(part))
  const messages = new Map(stored.messages)
  const tombstones = new Map(stored.tombstones)
  for (const id of writes.revived) tombstones.delete(id)
  for (const write of [...writes.messages, ...writes.bodies]) messages.set(write.row.id, write)
  for (const { id, version } of writes.versions)
    messages.set(id, { ...(messages.get(id) as StoredMessage), version })
  for (const { id, version } of [...writes.deletions, ...writes.tombstones]) {
    messages.delete(id)
    tombstones.set(id, version)
  }
  return { ...stored, messages, tombstones }
}
