import type { Provider } from '@inlet/protocol/entities'
import type { Notice, PushKind } from './provider-port.ts'

export type PushEvent = {
  provider: Provider
  pushId: string | null
  mailbox: string | null
  resource: string | null
  /** The watch that rang, where the push names it instead of a mailbox. */
  watch: { providerId: string; secret: string } | null
  kind: PushKind
  /** For records of pushes that name nobody: undecodable, unknown channel. */
  problem: string | null
}
export type PushOutcome = {
  /** forged: the watch is known, the secret is not its own. */
  outcome: 'marked' | 'duplicate' | 'unknown_mailbox' | 'undecodable' | 'stopped' | 'forged'
  accountIds: string[]
  /** Something became due by this push. false: nothing did, or it was due already and somebody was told a moment ago. */
  ring: boolean
}

/** What an adapter made of a verified push: whom it names, or why it cannot be read. */
export type ReadPush =
  | { kind: 'notice'; notice: Notice }
  | { kind: 'undecodable'; problem: string; pushId: string | null }

/** A verified push as it is recorded. */
export function pushEvent(provider: Provider, push: ReadPush): PushEvent {
  const nobody = { mailbox: null, resource: null, watch: null, kind: 'changed', problem: null } as const
  if (push.kind === 'undecodable') return { ...nobody, provider, pushId: push.pushId, problem: push.problem }
  return { ...nobody, ...push.notice }
}
