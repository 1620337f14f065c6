import * as z from 'zod'
import { Address } from './entities.ts'
import { RowId } from './seq.ts'

/** Written by the browser, so that sending twice is doing once. */
export const ClientId = z
  .string()
  .min(8)
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/)

const onMessages = { messageIds: z.array(RowId).min(1).max(100) }

export const Outgoing = z.strictObject({
  accountId: RowId,
  to: z.array(Address).max(100),
  cc: z.array(Address).max(100).default([]),
  bcc: z.array(Address).max(100).default([]),
  subject: z.string().max(998),
  text: z.string().max(1_000_000),
  html: z.string().max(2_000_000).nullable().default(null),
  /** The message being answered, for threading. */
  inReplyTo: RowId.nullable().default(null),
})
export type Outgoing = z.infer<typeof Outgoing>

/** A person's change. `read`, `star`, `label` set a state, so replaying them is harmless; `send` is made so by its client id. */
export const MutationBody = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('read'), ...onMessages, read: z.boolean() }),
  z.strictObject({ type: z.literal('star'), ...onMessages, starred: z.boolean() }),
  z.strictObject({ type: z.literal('archive'), ...onMessages }),
  z.strictObject({ type: z.literal('trash'), ...onMessages }),
  z.strictObject({ type: z.literal('untrash'), ...onMessages }),
  z.strictObject({
    type: z.literal('label'),
    ...onMessages,
    add: z.array(RowId).max(50),
    remove: z.array(RowId).max(50),
  }),
  z.strictObject({ type: z.literal('draft'), draft: Outgoing }),
  z.strictObject({ type: z.literal('send'), message: Outgoing }),
])
export type MutationBody = z.infer<typeof MutationBody>

export const Mutation = z.strictObject({ clientId: ClientId, body: MutationBody })
export type Mutation = z.infer<typeof Mutation>

export const MutationsRequest = z.strictObject({ mutations: z.array(Mutation).min(1).max(50) })

/**
 * done: the provider has it. pending: durable here, will be carried out (poll or watch the feed).
 * failed: will not be carried out, with the reason. unknown: a send whose answer was lost; a person decides.
 */
export const MutationResult = z.object({
  clientId: ClientId,
  state: z.enum(['pending', 'done', 'failed', 'unknown']),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type MutationResult = z.infer<typeof MutationResult>
export const MutationsResponse = z.object({ results: z.array(MutationResult) })
