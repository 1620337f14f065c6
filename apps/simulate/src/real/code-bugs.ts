import { type Kind, type Plan, unmended } from './plan.ts'

/** A bug in the product's own source, as the workers run it: one text in one file becomes another. */
export type CodeBug = {
  name: string
  /** The invariant that it breaks. */
  breaks: string
  /** What the mailboxes are of those who live with it; Gmail's unless told. */
  kinds?: readonly [Kind, ...Kind[]]
  /** What has to happen, or not to happen, for anybody to notice. */
  occasion?: (plan: Plan) => Plan
  /** From the root of the checkout. */
  file: string
  /** Found in it exactly once. */
  from: string
  to: string
}

/**
 * What only SQL, two processes and a server that dies can show: a store in memory has neither locks nor statements. The
 * last ones are in what follows Outlook and a mail server.
 */
export const codeBugs: readonly CodeBug[] = [
  {
    name: 'lease-not-fenced',
    breaks: 'I8',
    file: 'packages/db/src/commit.ts',
    from: `
    own.lease_token !== batch.lease.token ||
    own.cursor_version !== batch.cursorVersion ||`,
    to: '',
  },
  {
    name: 'feed-not-locked',
    breaks: 'I2',
    file: 'packages/db/src/feed-row.ts',
    from: 'SELECT head FROM feed WHERE user_id = $1 FOR UPDATE',
    to: 'SELECT head FROM feed WHERE user_id = $1',
  },
  {
    // The pause makes the time between the two as long as on a server with much to do.
    name: 'commit-in-two',
    breaks: 'I1',
    file: 'packages/db/src/commit.ts',
    from: `
    writeMessages(tx, feed, batch, writes, stored)`,
    to: `
    moveCursor(tx, batch)
    tx.send('COMMIT; SELECT pg_sleep(0.1); BEGIN')
    writeMessages(tx, feed, batch, writes, stored)`,
  },
  {
    name: 'mark-in-run-lost',
    breaks: 'I8',
    file: 'packages/db/src/sql/release-done.ts',
    from: 'dirty_at = CASE WHEN marks <> claimed_marks THEN dirty_at WHEN $4',
    to: 'dirty_at = CASE WHEN $4',
  },
  {
    name: 'outlook-removal-unheard',
    breaks: 'I1',
    kinds: ['outlook'],
    occasion: unmended,
    file: 'packages/providers/src/graph/pull.ts',
    from: 'if (!id) continue',
    to: `if (!id || item['@removed'] !== undefined) continue`,
  },
  {
    name: 'imap-flags-unheard',
    breaks: 'I1',
    kinds: ['imap'],
    occasion: unmended,
    file: 'packages/providers/src/imap/pull-folder.ts',
    from: 'if (first.length > 0) yield { places: first, vanished: [], cursor: null }',
    to: '',
  },
  {
    name: 'imap-idle-unheard',
    breaks: 'I6',
    kinds: ['imap'],
    file: 'packages/sync/src/attendant.ts',
    from: 'this.#rung.add(key)',
    to: '',
  },
  {
    name: 'imap-sent-twice',
    breaks: 'I4',
    kinds: ['imap'],
    file: 'packages/providers/src/imap/send.ts',
    from: 'const delivery = await deliver(access, from, envelope, raw, signal)',
    to: `await deliver(access, from, envelope, raw, signal)
    const delivery = await deliver(access, from, envelope, raw, signal)`,
  },
]

/** The source with the bug in it. Throws where the code has moved on. */
export function withBug(source: string, { file, from, to }: CodeBug): string {
  const parts = source.split(from)
  if (parts.length !== 2)
    throw new Error(`${file} holds this ${parts.length - 1} times instead of once: ${from.trim()}`)
  return parts.join(to)
}
