import { createHash, randomBytes } from 'node:crypto'

/**
 * The id of a row that mirrors something of a provider: 96 bits of SHA-256 over (account, kind, provider's id).
 * Being a function of the identity, it needs no lookup, survives a second backfill, and makes replays meet their rows.
 */
export function rowId(
  accountId: string,
  kind: 'message' | 'thread' | 'label' | 'attachment',
  providerId: string,
): string {
  return createHash('sha256').update(`${accountId}\n${kind}\n${providerId}`).digest('base64url').slice(0, 16)
}

/** A fresh random id of the same form, for rows that begin here. */
export function newId(): string {
  return randomBytes(12).toString('base64url')
}
