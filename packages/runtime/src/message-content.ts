import type { MessageReader } from '@inlet/db/messages'
import type { MessageBody } from '@inlet/protocol/messages-api'
import { connect } from '@inlet/sync/connection'
import { type Engine, providerOf } from '@inlet/sync/engine'
import { ProviderError } from '@inlet/sync/provider-errors'

/** What is fetched when a person opens something: a body that is not stored, the bytes of an attachment. */
export function messageContent({ engine, reads }: { engine: Engine; reads: MessageReader }) {
  async function source(accountId: string) {
    const account = await engine.store.account(accountId)
    if (!account) throw new ProviderError('not_found', 'The account is gone.')
    const { port } = providerOf(engine, account.provider)
    return { port, conn: connect(engine, { accountId, email: account.email, provider: account.provider }) }
  }

  return {
    async messageBody(userId: string, messageId: string, signal: AbortSignal): Promise<MessageBody> {
      const stored = await reads.readBody(userId, messageId, signal)
      if (!stored) throw new ProviderError('not_found', 'You have no such message.')
      if (stored.body) return stored.body
      const { port, conn } = await source(stored.accountId)
      await reads.saveBody(userId, messageId, await port.body(conn, stored.providerId, signal))
      const saved = await reads.readBody(userId, messageId, signal)
      if (!saved?.body) throw new ProviderError('not_found', 'The message was deleted meanwhile.')
      return saved.body
    },
    async attachment(userId: string, attachmentId: string, signal: AbortSignal) {
      const found = await reads.readAttachment(userId, attachmentId, signal)
      if (!found) throw new ProviderError('not_found', 'You have no such attachment.')
      const { port, conn } = await source(found.accountId)
      return { ...found, bytes: await port.attachment(conn, found.messageProviderId, found.partId, signal) }
    },
  }
}
