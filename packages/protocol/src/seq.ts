import * as z from 'zod'

/**
 * The position of a change in one user's feed: a positive integer, dense enough for Number
 * (2^53 changes at 1,000 a second last 285,000 years). 0 means "before the first change".
 */
export const Seq = z.int().min(0)
export type Seq = z.infer<typeof Seq>

/** Ids of rows: 16 characters of base64url (96 bits), see `rowId` in @inlet/sync/row-id. */
export const RowId = z.string().min(1).max(64)
