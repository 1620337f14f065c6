import type { Notice, PushKind } from '@inlet/sync/provider-port'
import * as z from 'zod'

/** What one item of a POST says. `undecodable` is acknowledged and recorded: a refusal would bring the whole POST again. */
export type ParsedItem =
  | { kind: 'notice'; notice: Notice }
  | { kind: 'undecodable'; problem: string; pushId: string | null }

/** Items read of one POST; Graph gathers at most a few dozen. */
const ITEMS_MAX = 1_000

const Envelope = z.object({ value: z.array(z.unknown()) })
const Item = z.object({
  id: z.string().max(300).nullish(),
  subscriptionId: z.string().min(1).max(300),
  clientState: z.string().min(1).max(128),
  lifecycleEvent: z.string().max(100).nullish(),
})

const EVENTS = new Map<string, PushKind>([
  ['missed', 'missed'],
  ['reauthorizationrequired', 'lapsing'],
  ['subscriptionremoved', 'removed'],
])

/**
 * The items of a POST, each on its own: they may belong to different subscriptions, people and organisations. Nobody
 * has vouched for them yet: whoever stored the watch compares its secret with the one that the notice carries. Pure.
 */
export function parsePush({ body }: { body: string }): ParsedItem[] {
  const envelope = Envelope.safeParse(parseJson(body))
  if (!envelope.success)
    return [{ kind: 'undecodable', problem: 'The body is no list of change notifications.', pushId: null }]
  const { value } = envelope.data
  const parsed = value.slice(0, ITEMS_MAX).map(readItem)
  if (value.length > ITEMS_MAX)
    parsed.push({
      kind: 'undecodable',
      problem: `The body holds ${value.length} items; those after the first ${ITEMS_MAX} were not read.`,
      pushId: null,
    })
  return parsed
}

function readItem(given: unknown): ParsedItem {
  const item = Item.safeParse(given)
  if (!item.success) {
    const fields = [...new Set(item.error.issues.map(issue => issue.path.join('.') || 'the whole'))].join(
      ', ',
    )
    return { kind: 'undecodable', problem: `It is no change notification (wrong: ${fields}).`, pushId: null }
  }
  const { id, subscriptionId, clientState, lifecycleEvent } = item.data
  const pushId = id || null
  const event = lifecycleEvent ? EVENTS.get(lifecycleEvent.toLowerCase()) : 'changed'
  if (!event)
    return { kind: 'undecodable', problem: `Its lifecycle event "${lifecycleEvent}" is not known.`, pushId }
  const watch = { providerId: subscriptionId, secret: clientState }
  return { kind: 'notice', notice: { provider: 'graph', pushId, watch, kind: event } }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
