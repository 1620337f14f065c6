import type { MutationBody, Outgoing } from '@inlet/protocol/mutations'
import type { Tx } from './transaction.ts'

export type MutationError = { code: string; message: string }
type Resolved = { accountId: string } | { error: MutationError }

const refuse = (code: 'not_found' | 'bad_request', message: string): Resolved => ({
  error: { code, message },
})

/** Which of the user's accounts a mutation is for. Everything it names must be this user's (I11). */
export async function resolveMutation(tx: Tx, userId: string, body: MutationBody): Promise<Resolved> {
  switch (body.type) {
    case 'draft':
      return await resolveOutgoing(tx, userId, body.draft)
    case 'send':
      return await resolveOutgoing(tx, userId, body.message)
    default:
      return await resolveOnMessages(tx, userId, body)
  }
}

async function resolveOnMessages(
  tx: Tx,
  userId: string,
  body: Extract<MutationBody, { messageIds: string[] }>,
): Promise<Resolved> {
  const { rows } = await tx.query<{ id: string; account_id: string | null }>(
    `SELECT id, account_id FROM message WHERE user_id = $1 AND id = ANY($2)
     UNION ALL
     SELECT id, NULL FROM tombstone WHERE user_id = $1 AND kind = 'message' AND id = ANY($2) AND seq IS NOT NULL`,
    [userId, body.messageIds],
  )
  const known = new Set(rows.map(row => row.id))
  const unknown = body.messageIds.find(id => !known.has(id))
  if (unknown !== undefined) return refuse('not_found', `There is no message ${unknown}.`)
  // What was deleted a moment ago is left out; the rest of the selection goes on.
  const accounts = new Set(rows.flatMap(row => row.account_id ?? []))
  const [accountId] = accounts
  if (accountId === undefined) return refuse('not_found', 'The message has been deleted.')
  if (accounts.size > 1)
    return refuse('bad_request', 'The messages belong to several accounts; send one change for each.')
  if (body.type === 'label') {
    const labelIds = [...new Set([...body.add, ...body.remove])]
    const labels = await tx.query(
      'SELECT FROM label WHERE user_id = $1 AND account_id = $2 AND id = ANY($3)',
      [userId, accountId, labelIds],
    )
    if (labels.rowCount !== labelIds.length)
      return refuse('not_found', 'A label is not of the account of these messages.')
  }
  return { accountId }
}

async function resolveOutgoing(tx: Tx, userId: string, mail: Outgoing): Promise<Resolved> {
  const { accountId, inReplyTo } = mail
  const account = await tx.query('SELECT FROM account WHERE user_id = $1 AND id = $2', [userId, accountId])
  if (account.rowCount === 0) return refuse('not_found', `There is no account ${accountId}.`)
  if (inReplyTo === null) return { accountId }
  const answered = await tx.query('SELECT FROM message WHERE user_id = $1 AND account_id = $2 AND id = $3', [
    userId,
    accountId,
    inReplyTo,
  ])
  if (answered.rowCount === 0)
    return refuse('not_found', `There is no message ${inReplyTo} in this account to answer.`)
  return { accountId }
}
