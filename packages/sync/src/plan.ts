import type { Label, Message } from '@inlet/protocol/entities'
import { fromPulled } from './from-pulled.ts'
import type { PulledAttachment, PulledBody, Version } from './provider-port.ts'
import { rowId } from './row-id.ts'
import { sameContent } from './same-content.ts'
import type { Batch } from './store-port.ts'

/** A message as the store holds it: its mirrored row, and what only the server keeps. */
export type StoredMessage = {
  row: Message
  providerId: string
  threadProviderId: string
  version: Version
  sentAt: number | null
  inReplyTo: string | null
  references: string[]
  bcc: Message['to']
  replyTo: Message['to']
  /** A body is stored beside it. Bodies never change: a draft's new text is a new message. */
  hasBody: boolean
}

export type MessageWrite = StoredMessage & {
  /** null: keep what is stored. */
  body: PulledBody | null
  attachments: (PulledAttachment & { id: string })[] | null
}

/** Everything the planner looks at. `messages` and `tombstones` are keyed by row id and cover every id in the batch. */
export type Stored = {
  messages: Map<string, StoredMessage>
  /** Versions at which rows were deleted. */
  tombstones: Map<string, Version>
  labels: Map<string, StoredLabel>
  /** For a retry: how often each of its items has failed by now. By provider's id; what is no failed item is not here. */
  attempts: Map<string, number>
}
/** A label with the number of stored messages that carry it. */
export type StoredLabel = LabelRow & { total: number }
export type LabelRow = Omit<Label, 'total' | 'unread'> & { providerId: string }

export type Writes = {
  /** New or changed rows, complete. Each takes a seq. */
  messages: MessageWrite[]
  /** Seen at a newer version with the same content: no seq, nobody needs to know. */
  versions: { id: string; version: Version }[]
  /** Bodies that came with rows whose content is known already: stored without a seq. */
  bodies: MessageWrite[]
  /** Stored rows to delete; each leaves a tombstone with a seq. */
  deletions: { id: string; version: Version }[]
  /** Of what is gone and was not stored: kept so that a listing in flight cannot bring it back. */
  tombstones: { id: string; version: Version }[]
  /** Tombstones that a newer state overrules. */
  revived: string[]
  /** Threads to derive again (row ids). */
  threads: string[]
  labels: LabelRow[]
  deletedLabels: string[]
  /** By label row id. */
  labelCounts: Map<string, { total: number; unread: number }>
  failures: { providerId: string; code: string; message: string; retryAt: number }[]
  /** What is no longer a failed item; with `attempts`, only if it has failed so often. */
  healed: { providerId: string; attempts: number | null }[]
}

/** The version at which something is dead that was gone before it was stored: older than any state. */
const NEVER_STORED: Version = 0n

/**
 * Merges what the provider said into what is stored. Pure. The newer version wins, equal versions are replays,
 * and a row is deleted only where the batch says so (I4, I7). Everything arrives through here: live sync, backfill,
 * resync and retries, so the same message may come from two of them in any order.
 */
export function plan(stored: Stored, batch: Batch): Writes {
  const { accountId } = batch
  const idOf = (providerId: string) => rowId(accountId, 'message', providerId)
  /** The labels that the batch speaks of: row ids by provider id. */
  const labels = new Map<string, string>()
  const labelOf = (providerId: string) => {
    const id = labels.get(providerId) ?? rowId(accountId, 'label', providerId)
    labels.set(providerId, id)
    return id
  }
  const before = (id: string) => stored.messages.get(id)
  const now = new Map<string, MessageWrite>()
  const gone = new Map<string, Version>()
  const revived = new Set<string>()
  /** Messages that have to be fetched, and why. */
  const unresolved = new Map<string, string>()
  const healed = new Map<string, number | null>()
  const current = (id: string) => (gone.has(id) ? undefined : (now.get(id) ?? before(id)))
  const deadAt = (id: string) => gone.get(id) ?? (revived.has(id) ? undefined : stored.tombstones.get(id))

  for (const message of batch.upserts) {
    const id = idOf(message.id)
    const existing = current(id)
    const dead = deadAt(id)
    if (dead !== undefined && dead >= message.version) continue
    // What is stored may be a label change on top of a state from before a gap, and the gap is what a listing is there to
    // mend: neither of the two is the whole truth.
    if (batch.heals === false && existing && existing.version > message.version)
      unresolved.set(message.id, 'It changed while a listing fetched it.')
    if (existing && existing.version > message.version) continue
    // Where nothing numbers deletions, a page that was on its way may tell what has gone since: it is asked for again.
    if (dead !== undefined && batch.heals === false) {
      unresolved.set(message.id, 'It was deleted while a listing fetched it.')
      continue
    }
    // Whoever ended its failure while a retry fetched it has heard of it since: that it is gone.
    if (dead !== undefined && batch.heals && stored.attempts.get(message.id) !== batch.heals.get(message.id))
      continue
    if (dead !== undefined) {
      gone.delete(id)
      if (stored.tombstones.has(id)) revived.add(id)
    }
    now.set(id, fromPulled(accountId, message, labelOf))
    const attempts = batch.heals ? batch.heals.get(message.id) : null
    if (batch.heals !== false && attempts !== undefined) healed.set(message.id, attempts)
  }

  for (const patch of batch.patches) {
    const id = idOf(patch.id)
    const existing = current(id)
    if (!existing) {
      if (deadAt(id) === undefined) unresolved.set(patch.id, 'Its labels changed before it was stored.')
      continue
    }
    if (existing.version >= patch.version) continue
    const carried = new Set(patch.exactly ? [] : existing.row.labelIds)
    for (const label of patch.remove) carried.delete(labelOf(label))
    for (const label of patch.add) carried.add(labelOf(label))
    now.set(id, {
      body: null,
      attachments: null,
      ...existing,
      version: patch.version,
      row: {
        ...existing.row,
        labelIds: [...carried].sort(),
        unread: patch.unread ?? existing.row.unread,
        starred: patch.starred ?? existing.row.starred,
        draft: patch.draft ?? existing.row.draft,
      },
    })
  }

  for (const { id: providerId, version } of batch.deletions) {
    const id = idOf(providerId)
    healed.set(providerId, null)
    const existing = current(id)
    if (existing && existing.version > version) continue
    now.delete(id)
    unresolved.delete(providerId)
    const dead = deadAt(id)
    if (dead === undefined || dead < version) gone.set(id, version)
  }

  for (const providerId of batch.missing) {
    const id = idOf(providerId)
    healed.set(providerId, null)
    const existing = current(id)
    unresolved.delete(providerId)
    now.delete(id)
    if (existing) gone.set(id, existing.version)
    else if (deadAt(id) === undefined) gone.set(id, NEVER_STORED)
  }

  const writes: Writes = {
    messages: [],
    versions: [],
    bodies: [],
    deletions: [],
    tombstones: [],
    revived: [...revived].filter(id => now.has(id)),
    threads: [],
    labels: [],
    deletedLabels: [],
    labelCounts: new Map(),
    failures: batch.failures.map(({ id, ...failure }) => ({ providerId: id, ...failure })),
    healed: [...healed].map(([providerId, attempts]) => ({ providerId, attempts })),
  }
  // A patch on what is not stored says that a message exists which nobody has fetched: the items lane fetches it.
  for (const [providerId, message] of unresolved)
    writes.failures.push({
      providerId,
      code: 'not_fetched',
      message,
      retryAt: batch.now,
    })
  const threads = new Set<string>()

  for (const [id, write] of now) {
    const old = before(id)
    if (old && sameContent(old, write)) {
      if (write.body && !old.hasBody) writes.bodies.push(write)
      if (write.version > old.version) writes.versions.push({ id, version: write.version })
      continue
    }
    writes.messages.push(write)
    threads.add(write.row.threadId)
    if (old) threads.add(old.row.threadId)
    count(writes.labelCounts, old?.row, -1)
    count(writes.labelCounts, write.row, +1)
  }
  for (const [id, version] of gone) {
    const old = before(id)
    if (!old) {
      writes.tombstones.push({ id, version })
      continue
    }
    writes.deletions.push({ id, version })
    threads.add(old.row.threadId)
    count(writes.labelCounts, old.row, -1)
  }
  writes.threads = [...threads]
  planLabels(stored, batch, writes)
  planUnlisted(stored, batch, writes, labels)
  for (const [id, change] of writes.labelCounts)
    if (change.total === 0 && change.unread === 0) writes.labelCounts.delete(id)
  return writes
}

function planLabels(stored: Stored, batch: Batch, writes: Writes): void {
  if (!batch.labels) return
  const listed = new Set<string>()
  for (const { id: providerId, name, role, color, hidden } of batch.labels) {
    const id = rowId(batch.accountId, 'label', providerId)
    listed.add(id)
    const row: LabelRow = { id, accountId: batch.accountId, providerId, name, role, color, hidden }
    const old = stored.labels.get(id)
    if (!old || old.name !== name || old.role !== role || old.color !== color || old.hidden !== hidden)
      writes.labels.push(row)
  }
  // A label that is gone but still carried here says that we have missed its removals: a resync finds them through the
  // row, so it stays until nobody carries it.
  for (const [id, { total }] of stored.labels) {
    const carried = total + (writes.labelCounts.get(id)?.total ?? 0)
    if (!listed.has(id) && carried <= 0) writes.deletedLabels.push(id)
  }
}

/**
 * A label may be made, used and deleted before any list is fetched. What a message carries has a row all the same, or no
 * resync could look for who carries it still: hidden, under its id, until a list names it or nobody carries it.
 */
function planUnlisted(
  stored: Stored,
  batch: Batch,
  writes: Writes,
  labels: ReadonlyMap<string, string>,
): void {
  const listed = new Set(batch.labels?.map(label => label.id))
  for (const [providerId, id] of labels) {
    if (stored.labels.has(id) || listed.has(providerId)) continue
    if (!writes.messages.some(({ row }) => row.labelIds.includes(id))) continue
    const { accountId } = batch
    writes.labels.push({ id, accountId, providerId, name: providerId, role: null, color: null, hidden: true })
  }
}

function count(counts: Writes['labelCounts'], row: Message | undefined, sign: 1 | -1): void {
  if (!row) return
  for (const label of row.labelIds) {
    const entry = counts.get(label) ?? { total: 0, unread: 0 }
    entry.total += sign
    if (row.unread) entry.unread += sign
    counts.set(label, entry)
  }
}
