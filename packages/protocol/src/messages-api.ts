import * as z from 'zod'
import { Upsert } from './changes.ts'
import { Millis } from './entities.ts'
import { RowId } from './seq.ts'

export const Attachment = z.object({
  id: RowId,
  filename: z.string(),
  mimeType: z.string(),
  sizeBytes: z.number().int(),
  /** Shown inside the HTML by its Content-ID. */
  inline: z.boolean(),
  contentId: z.string().nullable(),
})
export type Attachment = z.infer<typeof Attachment>

/** GET /api/messages/[id]/body. HTML is as received: the reader sanitises it and frames it. */
export const MessageBody = z.object({
  id: RowId,
  html: z.string().nullable(),
  text: z.string().nullable(),
  attachments: z.array(Attachment),
  /** Set when some part could not be decoded: what is shown may be incomplete. */
  warning: z.string().nullable(),
})
export type MessageBody = z.infer<typeof MessageBody>

/** GET /api/messages: pages of threads and their newest messages beyond the mirror, newest first. */
export const MessagesQuery = z.strictObject({
  accountId: RowId.optional(),
  labelId: RowId.optional(),
  threadId: RowId.optional(),
  before: z.coerce.number().pipe(Millis).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export const MessagesPage = z.object({ changes: z.array(Upsert), next: Millis.nullable() })
export type MessagesPage = z.infer<typeof MessagesPage>

/** GET /api/search?q=: full text over everything stored. */
export const SearchQuery = z.strictObject({
  q: z.string().trim().min(1).max(200),
  accountId: RowId.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})
