import type { FaultKind, FaultTarget } from './faults.ts'
import { SHIFTS, type Shift } from './imap/shift.ts'
import type { Kind } from './mailbox.ts'
import { createRandom, type Random } from './random.ts'

/** How big the simulated world is. */
export type Shape = {
  /** For each mailbox, the number of the user who connected it. */
  mailboxes: number[]
  /** For each mailbox, whose provider's it is. */
  kinds: Kind[]
  workers: number
  webServers: number
  /** For each browser, the number of its user. */
  browsers: number[]
  mail: number
  providerPage: number
  followPage: number
  fillPage: number
  streamMs: number
  /** Items that cannot be read stay so until all else is at rest. */
  keepBroken: boolean
  durationMs: number
}

/** `r`, `s` in [0, 1): which message, label or place is meant, as a share of those there are then. */
type On = { at: number; r: number; s: number }
export type Operation =
  | (On & { type: 'deliver'; mailbox: number; count: number; sameThread: boolean })
  | (On & {
      type:
        | 'read'
        | 'star'
        | 'trash'
        | 'delete'
        | 'label'
        | 'thereAndBack'
        | 'moveThread'
        | 'break'
        | 'mutate'
      mailbox: number
    })
  | (On & {
      type:
        | 'createLabel'
        | 'renameLabel'
        | 'deleteLabel'
        | 'fleetingLabel'
        | 'expireCursors'
        | 'heal'
        | 'flicker'
        | 'onceListed'
      mailbox: number
    })
  | (On & { type: 'shift'; mailbox: number; what: Shift })
  /** One of its folders is polled now. */
  | (On & { type: 'poll'; mailbox: number })
  | (On & {
      type: 'revoke' | 'reconnect' | 'endWatch' | 'forgePush' | 'syncNow' | 'resync' | 'stop' | 'start'
      mailbox: number
    })
  | (On & { type: 'fault'; target: FaultTarget; kind: FaultKind; probability: number; forMs: number })
  | (On & { type: 'crashWorker' | 'restartWorker' | 'crashWeb'; index: number; forMs: number })
  | (On & { type: 'freezeWorker'; index: number; forMs: number })
  | (On & { type: 'busDown'; forMs: number })
  | (On & { type: 'prune' })
  | (On & { type: 'openTab' | 'closeTabs' | 'crashTabs' | 'wipe' | 'look'; browser: number })
  | (On & { type: 'sleepBrowser' | 'offline'; browser: number; forMs: number })

export type History = { seed: number; shape: Shape; operations: Operation[] }

const MAILBOX = ['read', 'star', 'trash', 'delete', 'label', 'thereAndBack', 'moveThread'] as const
const FAULTS: [FaultTarget, readonly FaultKind[]][] = [
  [
    'provider',
    [
      'transient',
      'rate_limited',
      'unauthorized',
      'permanent',
      'internal',
      'expired',
      'item_failed',
      'omit',
      'slow',
      'not_found',
      'unknown',
      'fail_after',
    ],
  ],
  ['database', ['slow', 'fail_before', 'fail_after', 'kill_before', 'kill_after']],
  ['push', ['lose', 'double', 'delay']],
  ['bus', ['lose', 'double', 'delay']],
  ['http', ['refuse', 'slow', 'lose_answer', 'unavailable', 'rate_limited']],
  ['stream', ['lose', 'double', 'reorder', 'cut']],
  ['tab', ['kill_before', 'kill_after']],
]

/** The history of a seed: what happens in the world, and when. The same seed and size give the same one. */
export function historyOf(seed: number, size: number): History {
  const random = createRandom(`history ${seed}`)
  const users = random.int(1, 2)
  const shape: Shape = {
    mailboxes: Array.from({ length: random.int(1, 2) }, (_, index) =>
      index < users ? index : random.int(0, users - 1),
    ),
    kinds: [],
    workers: random.int(1, 3),
    webServers: random.int(1, 2),
    browsers: Array.from({ length: random.int(1, 3) }, () => random.int(0, users - 1)),
    mail: random.pick([0, 3, 8, 20, 40]),
    providerPage: random.pick([2, 5, 10, 50]),
    followPage: random.pick([2, 5, 20, 200]),
    fillPage: random.pick([3, 10, 50]),
    streamMs: random.pick([20_000, 60_000, 300_000]),
    keepBroken: random.chance(0.15),
    durationMs: random.pick([30_000, 90_000, 200_000]),
  }
  const kinds = random.fork('kinds')
  shape.kinds = shape.mailboxes.map(() => kindOf(kinds.next()))
  const drawn = Array.from({ length: size }, () => operation(random, shape))
  const operations = drawn.map(each => asShift(each, shape, kinds))
  // Without doorbells folders are looked at one by one, each at a time of its own, and more often than a short life has polls.
  for (const [mailbox, kind] of shape.kinds.entries())
    for (let n = 0; kind === 'imap' && n < size; n++)
      operations.push({ at: kinds.int(0, shape.durationMs), r: kinds.next(), s: 0, type: 'poll', mailbox })
  operations.sort((a, b) => a.at - b.at)
  return { seed, shape, operations }
}

const kindOf = (luck: number): Kind => (luck < 0.3 ? 'imap' : luck < 0.6 ? 'graph' : 'gmail')

const CHANGES: readonly string[] = [...MAILBOX, 'fleetingLabel', 'createLabel']
/** Half of what happens in a mailbox with places is what can happen to places alone. */
function asShift(drawn: Operation, { kinds }: Shape, random: Random): Operation {
  if (!CHANGES.includes(drawn.type) || !('mailbox' in drawn) || kinds[drawn.mailbox] !== 'imap') return drawn
  if (random.chance(0.5)) return drawn
  const { at, r, s, mailbox } = drawn
  return { at, r, s, mailbox, type: 'shift', what: random.pick(SHIFTS) }
}

function operation(random: Random, shape: Shape): Operation {
  const on = { at: random.int(0, shape.durationMs), r: random.next(), s: random.next() }
  const mailbox = random.int(0, shape.mailboxes.length - 1)
  const browser = random.int(0, shape.browsers.length - 1)
  const roll = random.next() * 100
  if (roll < 22)
    return {
      ...on,
      type: 'deliver',
      mailbox,
      count: random.chance(0.15) ? random.int(4, 15) : random.int(1, 2),
      sameThread: random.chance(0.4),
    }
  if (roll < 42) return { ...on, type: random.pick(MAILBOX), mailbox }
  if (roll < 46)
    return {
      ...on,
      type: random.pick(['createLabel', 'renameLabel', 'deleteLabel', 'fleetingLabel'] as const),
      mailbox,
    }
  if (roll < 49) return { ...on, type: 'expireCursors', mailbox }
  if (roll < 52)
    return {
      ...on,
      type: random.pick(['break', 'break', 'heal', 'flicker', 'onceListed', 'onceListed'] as const),
      mailbox,
    }
  if (roll < 57) return { ...on, type: 'mutate', mailbox }
  if (roll < 60)
    return {
      ...on,
      type: random.pick([
        'revoke',
        'reconnect',
        'reconnect',
        'endWatch',
        'forgePush',
        'stop',
        'start',
      ] as const),
      mailbox,
    }
  if (roll < 63) return { ...on, type: random.pick(['syncNow', 'syncNow', 'resync'] as const), mailbox }
  if (roll < 78) {
    const [target, kinds] = random.pick(FAULTS)
    const kind = random.pick(kinds)
    const deadly = kind === 'kill_before' || kind === 'kill_after'
    const probability = deadly ? random.pick([0.02, 0.05, 0.1]) : random.pick([0.1, 0.3, 0.6, 1])
    return { ...on, type: 'fault', target, kind, probability, forMs: random.pick([2_000, 10_000, 40_000]) }
  }
  if (roll < 84)
    return {
      ...on,
      type: random.pick(['crashWorker', 'crashWorker', 'restartWorker', 'crashWeb'] as const),
      index: random.int(0, 2),
      forMs: random.pick([100, 3_000, 20_000, 70_000]),
    }
  if (roll < 87)
    return {
      ...on,
      type: 'freezeWorker',
      index: random.int(0, 2),
      forMs: random.pick([5_000, 62_000, 90_000]),
    }
  if (roll < 88) return { ...on, type: 'busDown', forMs: random.pick([3_000, 30_000]) }
  if (roll < 90) return { ...on, type: 'prune' }
  if (roll < 95)
    return {
      ...on,
      type: random.pick(['openTab', 'openTab', 'closeTabs', 'crashTabs', 'wipe', 'look'] as const),
      browser,
    }
  return {
    ...on,
    type: random.pick(['sleepBrowser', 'offline'] as const),
    browser,
    forMs: random.pick([3_000, 50_000, 100_000]),
  }
}

/** One line for the timeline. */
export function describe(operation: Operation): string {
  const { at: _, r: _r, s: _s, type, ...rest } = operation
  const parts = Object.entries(rest).map(([name, value]) => `${name} ${value}`)
  return [type, ...parts].join(', ')
}
