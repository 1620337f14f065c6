import type { MirrorState } from './mirror-state.ts'
import type { World } from './world.ts'

/** Between the tabs of one user in one browser. Doorbells, except `state`, which replaces the one before. */
type TabMessage =
  | { type: 'ask' }
  | { type: 'state'; state: MirrorState }
  | { type: 'hurry' }
  | { type: 'outbox' }
  | { type: 'signed_out' }

export interface Tabs {
  /** As leader: tells the others. */
  tell(state: MirrorState): void
  /** As follower: asks the leader to pull now. */
  hurry(): void
  /** As follower: the leader has something to send. */
  ringOutbox(): void
  signOut(): void
  close(): void
}

/** How often a follower that is looked at makes sure that its leader is alive, and how long it waits for an answer. */
export const ASK_EVERY_MS = 10_000
export const ANSWER_LIMIT_MS = 5_000

/**
 * Messages wake hidden tabs at once where their timers are throttled, and a frozen tab answers none:
 * that is how a follower knows that its leader is gone although it holds the lock.
 */
export function joinTabs(options: {
  world: World
  name: string
  isLeader(): boolean
  /** As leader: another tab asks whether we live, wants a pull, or has filled the outbox. */
  onAsked(what: 'ask' | 'hurry' | 'outbox'): void
  /** As follower. */
  onState(state: MirrorState): void
  onLeaderSilent(): void
  onSignedOut(): void
}): Tabs {
  const { world, name, isLeader, onAsked, onState, onLeaderSilent, onSignedOut } = options
  const channel = world.channel(name)
  let cancelAsk = () => {}
  let cancelLimit = () => {}
  let closed = false

  const post = (message: TabMessage) => {
    if (!closed) channel?.post(message)
  }

  function ask() {
    cancelAsk()
    if (closed || !channel) return
    cancelAsk = world.setTimer(ask, ASK_EVERY_MS)
    if (isLeader() || !world.visible()) return
    cancelLimit()
    cancelLimit = world.setTimer(() => {
      if (!isLeader() && world.visible()) onLeaderSilent()
    }, ANSWER_LIMIT_MS)
    post({ type: 'ask' })
  }

  channel?.onMessage(raw => {
    if (closed) return
    // Same origin, but perhaps a tab with an older or newer build: what is not known is not for us.
    const message = raw as TabMessage
    if (message?.type === 'signed_out') return onSignedOut()
    if (isLeader()) {
      if (message?.type === 'ask' || message?.type === 'hurry' || message?.type === 'outbox')
        onAsked(message.type)
    } else if (message?.type === 'state') {
      cancelLimit()
      onState(message.state)
    }
  })
  const unlisten = world.listen(signal => {
    if (signal === 'visible') ask()
  })
  ask()

  return {
    tell: state => post({ type: 'state', state }),
    hurry: () => post({ type: 'hurry' }),
    ringOutbox: () => post({ type: 'outbox' }),
    signOut: () => post({ type: 'signed_out' }),
    close() {
      closed = true
      cancelAsk()
      cancelLimit()
      unlisten()
      channel?.close()
    },
  }
}
