import * as z from 'zod'
import { Account, Label, Message, Thread } from './entities.ts'
import { RowId, Seq } from './seq.ts'

export const ChangeKind = z.enum(['account', 'label', 'message', 'thread'])
export type ChangeKind = z.infer<typeof ChangeKind>

const upsert = <K extends ChangeKind, R extends z.ZodType>(kind: K, row: R) =>
  z.object({ kind: z.literal(kind), op: z.literal('upsert'), id: RowId, seq: Seq, row })

export const Upsert = z.discriminatedUnion('kind', [
  upsert('account', Account),
  upsert('label', Label),
  upsert('message', Message),
  upsert('thread', Thread),
])
export type Upsert = z.infer<typeof Upsert>

export const Deletion = z.object({ kind: ChangeKind, op: z.literal('delete'), id: RowId, seq: Seq })
export type Deletion = z.infer<typeof Deletion>

/** One row at its latest state, or the tombstone of one that is gone. */
export const Change = z.union([Upsert, Deletion])
export type Change = z.infer<typeof Change>

/**
 * Following: every change with seq > `after`, in seq order, up to the limit.
 * `next` is the cursor to ask with next: the seq of the last change, or `head` when nothing is left.
 * A reader at cursor c may apply a page it was handed only if `after` ≤ c; then it moves to `next`.
 */
export const ChangesPage = z.object({
  after: Seq,
  changes: z.array(Change),
  next: Seq,
  head: Seq,
  floor: Seq,
  more: z.boolean(),
})
export type ChangesPage = z.infer<typeof ChangesPage>

/**
 * Filling a new mirror: rows at their latest state, accounts and labels first, then messages (with the
 * threads they are the newest of) from the newest to the oldest. `next` is an opaque position, null at the end.
 * The mirror follows up from the `head` of its *first* page; what changes during the walk shows above it.
 */
export const FillPage = z.object({
  changes: z.array(Upsert),
  next: z.string().nullable(),
  head: Seq,
  floor: Seq,
})
export type FillPage = z.infer<typeof FillPage>

export const FOLLOW_LIMIT_MAX = 1000
export const FILL_START = 'start'

/** Query of GET /api/changes: exactly one of `after` (follow) and `before` (fill; 'start' begins). */
export const ChangesQuery = z
  .strictObject({
    after: z.coerce.number().pipe(Seq).optional(),
    before: z.string().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(FOLLOW_LIMIT_MAX).default(500),
  })
  .refine(q => (q.after === undefined) !== (q.before === undefined), {
    message: 'Give exactly one of after and before.',
  })

/** POST /api/changes/ack: what a mirror has applied, and how long it took, for the latency figures. */
export const Ack = z.strictObject({
  applied: Seq,
  /** From the commit's clock to applied on screen, in ms, when the page carried it. */
  latencyMs: z.number().min(0).max(86_400_000).optional(),
})
export type Ack = z.infer<typeof Ack>
