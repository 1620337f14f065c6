import type { Provider } from '@inlet/protocol/entities'
import type { Notice } from './provider-port.ts'
import type { PushEvent } from './store-port.ts'

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
