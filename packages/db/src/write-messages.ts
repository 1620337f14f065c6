import type { MessageWrite, Writes } from '@inlet/sync/plan'
import type { Batch } from '@inlet/sync/store-port'
import { columns } from './columns.ts'
import type { LockedFeed } from './feed-row.ts'
import type { Tx } from './pool.ts'
import { deleteMessages } from './sql/delete-messages.ts'
import { quietTombstones } from './sql/quiet-tombstones.ts'
import { replaceAttachments } from './sql/replace-attachments.ts'
import { setVersions } from './sql/set-versions.ts'
import { upsertBodies } from './sql/upsert-bodies.ts'
import { messageColumns, upsertMessages } from './sql/upsert-messages.ts'

export async function writeMessages(tx: Tx, feed: LockedFeed, batch: Batch, writes: Writes): Promise<void> {
  const { userId, accountId, now } = batch
  if (writes.messages.length > 0) {
    const first = feed.take(writes.messages.length)
    await tx.query(upsertMessages, [userId, accountId, now, first, ...messageColumns(writes.messages)])
  }
  const withBody = [...writes.messages, ...writes.bodies]
  await writeBodies(tx, userId, withBody)
  await writeAttachments(tx, userId, withBody)
  // A patch brings no attachments and changes nothing that is searched.
  await queueSearch(
    tx,
    userId,
    withBody.filter(write => write.attachments !== null).map(write => write.row.id),
  )

  if (writes.versions.length > 0)
    await tx.query(setVersions, [userId, ...columns(writes.versions, [v => v.id, v => v.version.toString()])])
  if (writes.deletions.length > 0) {
    const gone = columns(writes.deletions, [d => d.id, d => d.version.toString()])
    await tx.query(deleteMessages, [userId, ...gone, feed.take(writes.deletions.length), now])
  }
  if (writes.tombstones.length > 0) {
    const gone = columns(writes.tombstones, [d => d.id, d => d.version.toString()])
    await tx.query(quietTombstones, [userId, ...gone, now])
  }
  if (writes.revived.length > 0)
    await tx.query(`DELETE FROM tombstone WHERE user_id = $1 AND kind = 'message' AND id = ANY($2)`, [
      userId,
      writes.revived,
    ])
}

async function writeBodies(tx: Tx, userId: string, writes: MessageWrite[]): Promise<void> {
  const rows = writes.filter(write => write.body !== null)
  if (rows.length === 0) return
  const picked = columns(rows, [w => w.row.id, w => w.body?.html, w => w.body?.text, w => w.body?.warning])
  await tx.query(upsertBodies, [userId, ...picked])
}

async function writeAttachments(tx: Tx, userId: string, writes: MessageWrite[]): Promise<void> {
  const owners = writes.filter(write => write.attachments !== null)
  if (owners.length === 0) return
  const parts = owners.flatMap(write =>
    (write.attachments ?? []).map(part => ({ ...part, messageId: write.row.id })),
  )
  const picked = columns(parts, [
    part => part.id,
    part => part.messageId,
    part => part.partId,
    part => part.filename,
    part => part.mimeType,
    part => part.sizeBytes,
    part => part.inline,
    part => part.contentId,
  ])
  await tx.query(replaceAttachments, [userId, owners.map(write => write.row.id), ...picked])
}

async function queueSearch(tx: Tx, userId: string, ids: string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.query(
    'INSERT INTO search_queue (user_id, id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING',
    [userId, ids],
  )
}
