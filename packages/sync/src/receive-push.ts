import type { Engine } from './engine.ts'
import type { PushEvent, PushOutcome } from './push-event.ts'

/**
 * A verified push becomes a durable mark before anyone is answered (I6); the work itself comes later. What names no
 * mailbox of ours is recorded and acknowledged: a provider would redeliver a refusal for days.
 */
export async function receivePush(engine: Engine, event: PushEvent): Promise<PushOutcome> {
  const outcome = await engine.store.recordPush(event, engine.world.now())
  if (outcome.ring) await engine.bus.ring({ type: 'work' })
  return outcome
}
