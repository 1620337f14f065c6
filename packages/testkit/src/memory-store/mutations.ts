import type { MutationBody, MutationResult, Outgoing } from '@inlet/protocol/mutations'
import type { StoredMutation } from '@inlet/sync/mutation-store'
import { StaleLease } from '@inlet/sync/provider-errors'
import type { Lease, Store } from '@inlet/sync/store-port'
import { markLane } from './scheduling.ts'
import {
  byText,
  type MemoryState,
  type MessageEntry,
  type MutationEntry,
  resourcesOf,
  userOf,
} from './state.ts'

type Resolved = { accountId: string } | { error: { code: string; message: string } }
const refuse = (code: 'not_found' | 'bad_request', message: string): Resolved => ({
  error: { code, message },
})

export function addMutations(
  state: MemoryState,
  userId: string,
  mutations: { clientId: string; body: MutationBody }[],
  now: number,
): MutationResult[] {
  const accounts = new Set<string>()
  for (const { clientId, body } of mutations) {
    const key = `${userId} ${clientId}`
    if (state.mutations.has(key)) continue
    const resolved = resolve(state, userId, body)
    const error = 'error' in resolved ? resolved.error : null
    const accountId = 'error' in resolved ? '' : resolved.accountId
    const base = { n: state.mutations.size, clientId, userId, accountId, body, attempts: 0 }
    state.mutations.set(key, { ...base, state: error ? 'failed' : 'pending', error })
    if (!error) accounts.add(accountId)
  }
  for (const accountId of accounts) {
    const lanes = resourcesOf(state, accountId).filter(lane => lane.lane === 'mutations')
    const first = lanes.sort((a, b) => byText(a.key, b.key))[0]
    if (first) markLane(first, 'mutation', now)
  }
  return mutationResults(
    state,
    userId,
    mutations.map(mutation => mutation.clientId),
  )
}

function resolve(state: MemoryState, userId: string, body: MutationBody): Resolved {
  if (body.type === 'draft') return resolveOutgoing(state, userId, body.draft)
  if (body.type === 'send') return resolveOutgoing(state, userId, body.message)
  const user = userOf(state, userId)
  const accounts = new Set<string>()
  for (const id of body.messageIds) {
    const message = user.messages.get(id)
    if (message) accounts.add(message.row.accountId)
    else if ((user.tombstones.get(`message ${id}`)?.seq ?? null) === null)
      return refuse('not_found', `There is no message ${id}.`)
  }
  const [accountId] = accounts
  if (accountId === undefined) return refuse('not_found', 'The message has been deleted.')
  if (accounts.size > 1)
    return refuse('bad_request', 'The messages belong to several accounts; send one change for each.')
  if (body.type === 'label') {
    const own = [...body.add, ...body.remove].every(id => user.labels.get(id)?.row.accountId === accountId)
    if (!own) return refuse('not_found', 'A label is not of the account of these messages.')
  }
  return { accountId }
}

function resolveOutgoing(state: MemoryState, userId: string, { accountId, inReplyTo }: Outgoing): Resolved {
  const user = userOf(state, userId)
  if (!user.accounts.has(accountId)) return refuse('not_found', `There is no account ${accountId}.`)
  if (inReplyTo !== null && user.messages.get(inReplyTo)?.row.accountId !== accountId)
    return refuse('not_found', `There is no message ${inReplyTo} in this account to answer.`)
  return { accountId }
}

export function mutationResults(state: MemoryState, userId: string, clientIds: string[]): MutationResult[] {
  return clientIds.flatMap(clientId => {
    const entry = state.mutations.get(`${userId} ${clientId}`)
    if (!entry) return []
    return [{ clientId, state: entry.state === 'sending' ? 'pending' : entry.state, error: entry.error }]
  })
}

export function pendingMutations(state: MemoryState, accountId: string, limit: number): StoredMutation[] {
  const pending: StoredMutation[] = []
  for (const entry of state.mutations.values()) {
    if (pending.length >= limit) break
    if (entry.accountId !== accountId || (entry.state !== 'pending' && entry.state !== 'sending')) continue
    pending.push(stored(state, entry))
  }
  return pending
}

function stored(state: MemoryState, { n: _, error: _error, ...entry }: MutationEntry): StoredMutation {
  const { body, accountId } = entry
  const user = userOf(state, entry.userId)
  const own = (id: string): MessageEntry | null => {
    const message = user.messages.get(id)
    return message?.row.accountId === accountId ? message : null
  }
  const labels = (ids: string[]) =>
    [...ids].sort(byText).flatMap(id => {
      const label = user.labels.get(id)
      return label?.row.accountId === accountId ? [label.providerId] : []
    })
  const ids = 'messageIds' in body ? body.messageIds : []
  const inReplyTo =
    body.type === 'send' ? body.message.inReplyTo : body.type === 'draft' ? body.draft.inReplyTo : null
  const answered = inReplyTo === null ? null : own(inReplyTo)
  return {
    ...entry,
    providerIds: ids.flatMap(id => own(id)?.providerId ?? []),
    labelProviderIds:
      body.type === 'label'
        ? { add: labels(body.add), remove: labels(body.remove) }
        : { add: [], remove: [] },
    inReplyTo: answered && {
      providerId: answered.providerId,
      threadProviderId: answered.threadProviderId,
      messageIdHeader: answered.row.messageIdHeader,
      references: answered.references,
    },
  }
}

export function setMutation(
  state: MemoryState,
  lease: Lease,
  clientId: string,
  userId: string,
  change: Parameters<Store['setMutation']>[3],
): void {
  if (state.resources.get(lease.resourceId)?.leaseToken !== lease.token)
    throw new StaleLease(lease.resourceId)
  const key = `${userId} ${clientId}`
  const entry = state.mutations.get(key)
  if (entry) state.mutations.set(key, { ...entry, ...change })
}
