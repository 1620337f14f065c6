import type { StoredMutation } from './mutation-store.ts'
import { ProviderError } from './provider-errors.ts'
import type { ProviderMutation } from './provider-port.ts'
import type { RunEnd } from './store-port.ts'
import type { Work } from './work.ts'

const AT_ONCE = 50
/** After this many tries of one change its failure is final and told to the person. */
const TRIES = 6

/**
 * The mutations lane: a person's changes, in the order in which they were made, one account at a time. The truth comes
 * back through live sync, which is marked as soon as the provider has them.
 */
export async function carryOut(work: Work, signal: AbortSignal): Promise<RunEnd> {
  const { store, world, bus } = work.engine
  const { accountId } = work.claim
  const pending = await store.pendingMutations(accountId, AT_ONCE)
  for (const mutation of pending) {
    signal.throwIfAborted()
    await carryOutOne(work, mutation, signal)
  }
  if (pending.length > 0) {
    await store.mark({ accountId, lanes: ['live'] }, 'mutation', world.now())
    await bus.ring({ type: 'work' })
  }
  return pending.length === AT_ONCE ? { ok: true, again: { at: world.now() } } : { ok: true }
}

async function carryOutOne(work: Work, mutation: StoredMutation, signal: AbortSignal): Promise<void> {
  const { store, world } = work.engine
  const attempts = mutation.attempts + 1
  const settle = (
    state: 'done' | 'failed' | 'unknown' | 'pending' | 'sending',
    error: { code: string; message: string } | null,
  ) => {
    const { clientId, userId } = mutation
    return store.setMutation(work.claim.lease, clientId, userId, { state, error, attempts }, world.now())
  }
  const isSend = mutation.body.type === 'send'
  try {
    // What was leaving when the process died may have left: the adapter looks for its client id before sending again.
    if (isSend) await settle('sending', null)
    const outcome = await work.port.mutate(work.conn, toProvider(work, mutation), signal)
    if (outcome.state === 'unknown')
      return await settle('unknown', { code: 'provider_failed', message: outcome.message })
    await settle('done', null)
  } catch (error) {
    if (!(error instanceof ProviderError)) {
      if (isSend) await settle('pending', null)
      throw error
    }
    const final = error.kind === 'permanent' || error.kind === 'not_found' || attempts >= TRIES
    const code = error.kind === 'not_found' ? 'not_found' : 'provider_failed'
    await settle(final ? 'failed' : 'pending', { code, message: error.message })
    if (!final) throw error
  }
}

function toProvider(work: Work, mutation: StoredMutation): ProviderMutation {
  const { body, providerIds: messageIds, clientId } = mutation
  switch (body.type) {
    case 'read':
      return { type: 'read', messageIds, read: body.read }
    case 'star':
      return { type: 'star', messageIds, starred: body.starred }
    case 'archive':
    case 'trash':
    case 'untrash':
      return { type: body.type, messageIds }
    case 'label':
      return { type: 'labels', messageIds, ...mutation.labelProviderIds }
    case 'draft':
    case 'send': {
      const mail = body.type === 'draft' ? body.draft : body.message
      const answered = mutation.inReplyTo
      return {
        type: body.type,
        clientId,
        again: mutation.attempts > 0,
        mail: {
          from: { name: '', email: work.claim.email },
          to: mail.to,
          cc: mail.cc,
          bcc: mail.bcc,
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          threadId: answered?.threadProviderId ?? null,
          inReplyTo: answered?.messageIdHeader ?? null,
          references: answered
            ? [...answered.references, ...(answered.messageIdHeader ? [answered.messageIdHeader] : [])]
            : [],
        },
      }
    }
  }
}
