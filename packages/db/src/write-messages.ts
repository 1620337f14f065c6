import type { MessageWrite, Writes } from '@inlet/sync/plan'
import type { PulledAttachment } from '@inlet/sync/provider-port'
import type { Batch } from '@inlet/sync/store-port'
import { columns, updateRows } from './columns.ts'
import type { Column } from './copy-in.ts'
import type { LockedFeed } from './feed-row.ts'
import { allColumns, changingColumns } from './message-columns.ts'
import type { StoredState } from './read-stored.ts'
import { queueSearch } from './search-index.ts'
import { deleteMessages } from './sql/delete-messages.ts'
import { quietTombstones } from './sql/quiet-tombstones.ts'
import { replaceAttachments } from './sql/replace-attachments.ts'
import { setVersions } from './sql/set-versions.ts'
import { upsertBodies } from './sql/upsert-bodies.ts'
import type { Tx } from './transaction.ts'

/** Rows that are new are copied in: under the feed lock nobody else can have made them meanwhile. */
export function writeMessages(
  tx: Tx,
  feed: LockedFeed,
  batch: Batch,
  writes: Writes,
  stored: StoredState,
): void {
  const { userId, now } = batch
  const isNew = (write: MessageWrite) => !stored.messages.has(write.row.id)
  const fresh = writes.messages.filter(isNew)
  const changed = writes.messages.filter(write => !isNew(write))
  if (fresh.length > 0) insert(tx, batch, fresh, feed.take(fresh.length))
  if (changed.length > 0) update(tx, userId, changed, feed.take(changed.length))
  replaceParts(tx, userId, [...changed, ...writes.bodies])
  // A patch brings no attachments and changes nothing that is searched.
  const searched = [...writes.messages, ...writes.bodies].filter(write => write.attachments !== null)
  queueSearch(
    tx,
    userId,
    searched.map(write => write.row.id),
  )

  if (writes.versions.length > 0)
    tx.send(setVersions, [userId, ...columns(writes.versions, [v => v.id, v => v.version.toString()])])
  if (writes.deletions.length > 0) {
    const gone = columns(writes.deletions, [d => d.id, d => d.version.toString()])
    tx.send(deleteMessages, [userId, ...gone, feed.take(writes.deletions.length), now])
  }
  if (writes.tombstones.length > 0) {
    const gone = columns(writes.tombstones, [d => d.id, d => d.version.toString()])
    tx.send(quietTombstones, [userId, ...gone, now])
  }
  if (writes.revived.length > 0)
    tx.send(`DELETE FROM tombstone WHERE user_id = $1 AND kind = 'message' AND id = ANY($2)`, [
      userId,
      writes.revived,
    ])
}

function insert(tx: Tx, batch: Batch, fresh: MessageWrite[], firstSeq: number): void {
  tx.copy({ table: 'message', columns: allColumns(batch, firstSeq), rows: fresh })
  const bodies = fresh.filter(write => write.body !== null)
  if (bodies.length > 0) tx.copy({ table: 'message_body', columns: bodyColumns(batch.userId), rows: bodies })
  const attachments = attachmentsOf(fresh)
  if (attachments.length > 0)
    tx.copy({ table: 'attachment', columns: attachmentColumns(batch.userId), rows: attachments })
}

function update(tx: Tx, userId: string, changed: MessageWrite[], firstSeq: number): void {
  const all = changingColumns(firstSeq)
  tx.send(updateRows('message', 'id', all), [userId, ...all.map(({ of }) => changed.map(of))])
}

/** Bodies and attachments of rows that were there already. */
function replaceParts(tx: Tx, userId: string, writes: MessageWrite[]): void {
  const bodies = writes.filter(write => write.body !== null)
  if (bodies.length > 0) {
    const picked = columns(bodies, [
      w => w.row.id,
      w => w.body?.html,
      w => w.body?.text,
      w => w.body?.warning,
    ])
    tx.send(upsertBodies, [userId, ...picked])
  }
  const owners = writes.filter(write => write.attachments !== null)
  if (owners.length === 0) return
  const [, ...all] = attachmentColumns(userId)
  const parts = attachmentsOf(owners)
  const picked = all.map(({ of }) => parts.map(of))
  tx.send(replaceAttachments, [userId, owners.map(write => write.row.id), ...picked])
}

const bodyColumns = (userId: string): Column<MessageWrite>[] => [
  { name: 'user_id', type: 'text', of: () => userId },
  { name: 'id', type: 'text', of: w => w.row.id },
  { name: 'html', type: 'text', of: w => w.body?.html ?? null },
  { name: 'text', type: 'text', of: w => w.body?.text ?? null },
  { name: 'warning', type: 'text', of: w => w.body?.warning ?? null },
]

type AttachmentRow = PulledAttachment & { id: string; messageId: string }

const attachmentsOf = (writes: MessageWrite[]): AttachmentRow[] =>
  writes.flatMap(write => (write.attachments ?? []).map(part => ({ ...part, messageId: write.row.id })))

/** In the order that replace-attachments.ts expects, behind the user. */
const attachmentColumns = (userId: string): Column<AttachmentRow>[] => [
  { name: 'user_id', type: 'text', of: () => userId },
  { name: 'id', type: 'text', of: part => part.id },
  { name: 'message_id', type: 'text', of: part => part.messageId },
  { name: 'part_id', type: 'text', of: part => part.partId },
  { name: 'filename', type: 'text', of: part => part.filename },
  { name: 'mime_type', type: 'text', of: part => part.mimeType },
  { name: 'size_bytes', type: 'int8', of: part => part.sizeBytes },
  { name: 'inline', type: 'boolean', of: part => part.inline },
  { name: 'content_id', type: 'text', of: part => part.contentId },
]
