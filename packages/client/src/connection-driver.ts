import type { ConnectionEvent, Job } from './connection-events.ts'
import { step } from './connection-state.ts'
import { type ConnectionState, initialConnection } from './connection-types.ts'
import type { World } from './world.ts'

export interface ConnectionDriver {
  dispatch(event: ConnectionEvent): void
  state(): ConnectionState
  /** Runs what is due by now: a hidden tab's timers fire as rarely as once a minute, its messages at once. */
  fireDue(): void
  /** Aborts every job and timer for good. */
  stop(): void
}

/** Gives the machine hands: its effects become timers and running jobs, and it gets the clock and the dice. */
export function createConnectionDriver(options: {
  world: Pick<World, 'now' | 'random' | 'setTimer'>
  /** Runs one job until it ends or is aborted, and reports by dispatching events with its token. */
  run(job: Job, token: number, signal: AbortSignal): void
  onState(state: ConnectionState): void
}): ConnectionDriver {
  const { world, run, onState } = options
  const waits = new Map<Job, { at: number; cancel(): void }>()
  const running = new Map<number, AbortController>()
  let state = initialConnection
  let stopped = false

  function dispatch(event: ConnectionEvent) {
    if (stopped) return
    const result = step(state, event, { now: world.now(), random: world.random() })
    if (result.outcome !== 'accepted') return
    state = result.state
    for (const effect of result.effects) {
      switch (effect.type) {
        case 'wait':
          forget(effect.job)
          wait(effect.job, effect.at)
          break
        case 'forget':
          forget(effect.job)
          break
        case 'stop':
          running.get(effect.token)?.abort()
          running.delete(effect.token)
          break
        case 'start': {
          forget(effect.job)
          const aborter = new AbortController()
          running.set(effect.token, aborter)
          run(effect.job, effect.token, aborter.signal)
        }
      }
    }
    onState(state)
  }

  function wait(job: Job, at: number) {
    const cancel = world.setTimer(() => due(job), Math.max(0, at - world.now()))
    waits.set(job, { at, cancel })
  }

  function forget(job: Job) {
    waits.get(job)?.cancel()
    waits.delete(job)
  }

  function due(job: Job) {
    forget(job)
    dispatch({ type: `${job}_due` })
  }

  return {
    dispatch,
    state: () => state,
    fireDue() {
      for (const [job, { at }] of [...waits]) if (at <= world.now()) due(job)
    },
    stop() {
      stopped = true
      for (const job of [...waits.keys()]) forget(job)
      for (const aborter of running.values()) aborter.abort()
      running.clear()
    },
  }
}
