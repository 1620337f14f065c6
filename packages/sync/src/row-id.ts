import { hash, randomBytes } from 'node:crypto'

type Kind = 'message' | 'thread' | 'label' | 'attachment'

/** Ids remembered: one commit asks for each of its messages several times, and for the same labels again and again. */
const REMEMBERED_MAX = 20_000
const remembered = new Map<Kind, Map<string, Map<string, string>>>()
let count = 0

/**
 * The id of a row that mirrors something of a provider: 96 bits of SHA-256 over (account, kind, provider's id).
 * Being a function of the identity, it needs no lookup, survives a second backfill, and makes replays meet their rows.
 */
export function rowId(accountId: string, kind: Kind, providerId: string): string {
  const known = remembered.get(kind)?.get(accountId)?.get(providerId)
  if (known !== undefined) return known
  const id = hash('sha256', `${accountId}\n${kind}\n${providerId}`, 'base64url').slice(0, 16)
  remember(accountId, kind, providerId, id)
  return id
}

function remember(accountId: string, kind: Kind, providerId: string, id: string): void {
  if (count >= REMEMBERED_MAX) {
    remembered.clear()
    count = 0
  }
  const accounts = remembered.get(kind) ?? new Map<string, Map<string, string>>()
  remembered.set(kind, accounts)
  const ids = accounts.get(accountId) ?? new Map<string, string>()
  accounts.set(accountId, ids)
  ids.set(providerId, id)
  count += 1
}

/** A fresh random id of the same form, for rows that begin here. */
export function newId(): string {
  return randomBytes(12).toString('base64url')
}
