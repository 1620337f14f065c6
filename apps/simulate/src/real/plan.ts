import { createRandom, type Random } from '../random.ts'

/** What one seed lives through: a person, their mailboxes and browsers, what happens to them, and to the machines. */
export type Plan = {
  seed: number
  /** Messages that each mailbox holds at first. */
  mailboxes: number[]
  browsers: number
  /** How long it lasts until everything comes to rest; ms. */
  durationMs: number
  acts: Act[]
  troubles: Trouble[]
}

/** `at`: ms after the beginning. `r`, `s` in [0, 1): which message, label or word is meant, as a share of those there are then. */
type On = { at: number; r: number; s: number }
/** One member for each name, so that a switch tells them apart. */
type OnMailbox<T extends string> = T extends string ? { type: T; mailbox: number } : never
export type Act = On &
  (
    | { type: 'deliver'; mailbox: number; count: number; sameThread: boolean }
    | OnMailbox<(typeof MAIL | typeof LABELS | typeof ACCOUNT)[number]>
    | OnMailbox<'break' | 'heal' | 'expireHistory' | 'expireTokens'>
    | { type: 'provider'; mailbox: number; fault: ProviderFault; probability: number; forMs: number }
    | { type: 'mutate'; mailbox: number; browser: number; what: (typeof CHANGES)[number] }
    | { type: (typeof TABS)[number]; browser: number }
    | { type: 'sleep' | 'offline'; browser: number; forMs: number }
    | { type: 'network'; browser: number; fault: NetworkFault; probability: number; forMs: number }
    | { type: 'leasesLapse' }
  )

/** What happens to the machines hits every seed of the batch. */
export type Trouble = { at: number; type: (typeof TROUBLES)[number]; index: number; forMs: number }

const MAIL = ['read', 'star', 'trash', 'delete', 'label', 'moveThread', 'many', 'draft', 'send'] as const
const LABELS = ['createLabel', 'createLabel', 'renameLabel', 'deleteLabel'] as const
const ACCOUNT = [
  'syncNow',
  'syncNow',
  'resync',
  'revoke',
  'reconnect',
  'stop',
  'start',
  'endWatch',
  'removeWatch',
] as const
const CHANGES = ['read', 'star', 'archive', 'trash', 'label', 'send', 'send'] as const
const TABS = ['openTab', 'openTab', 'closeTabs', 'crashTabs', 'wipe', 'look', 'cut', 'cut'] as const
const TROUBLES = [
  'killWeb',
  'killWeb',
  'killWorker',
  'killWorker',
  'killWorker',
  'endWeb',
  'endWorker',
  'freezeWorker',
  'freezeWorker',
  'freezeWeb',
  'killRedis',
  'freezeRedis',
  'cutDatabase',
  'cutDatabase',
  'crashDatabase',
  'tokensDown',
] as const

/** For `troubled`. */
const HARD = ['freezeWorker', 'killWorker', 'cutDatabase'] as const

export type ProviderFault = (typeof PROVIDER_FAULTS)[number]
const PROVIDER_FAULTS = [
  'unavailable',
  'unavailable',
  'serverError',
  'tooMany',
  'tooManyInWords',
  'reset',
  'truncate',
  'late',
  'trickle',
  'hang',
  'unauthorized',
  'forbidden',
  'emptyHistoryPage',
  'rotate',
  'pushLost',
  'pushLost',
  'pushTwice',
  'pushLate',
  'pushReordered',
  'pushForged',
  'excessDropped',
  'watchSilent',
] as const

export type NetworkFault = (typeof NETWORK_FAULTS)[number]
const NETWORK_FAULTS = ['refuse', 'slow', 'loseAnswer', 'loseAnswer', 'unavailable', 'rateLimited'] as const

export const DURATION_MS = 12_000

/** The plan of a seed. The same seed and size give the same one. */
export function planOf(seed: number, size: number, durationMs = DURATION_MS): Plan {
  const random = createRandom(`real ${seed}`)
  const mailboxes = Array.from({ length: random.pick([1, 1, 2]) }, () => random.pick([0, 5, 12, 30]))
  const browsers = random.pick([1, 1, 2])
  const acts = Array.from({ length: size }, () => actOf(random, durationMs, mailboxes.length, browsers))
  const troubles = Array.from({ length: random.pick([0, 0, 1, 1, 2]) }, () => ({
    at: random.int(0, durationMs),
    type: random.pick(TROUBLES),
    index: random.int(0, 1),
    forMs: random.pick([200, 1_000, 2_500]),
  }))
  const byTime = (a: { at: number }, b: { at: number }) => a.at - b.at
  return { seed, mailboxes, browsers, durationMs, acts: acts.sort(byTime), troubles: troubles.sort(byTime) }
}

/** The same with what two workers and their database have to survive most: standing still, being killed, being cut off. */
export function troubled(plan: Plan): Plan {
  const share = plan.durationMs / HARD.length
  const troubles = HARD.map((type, n) => ({
    at: Math.floor((n + 0.5) * share),
    type,
    index: (plan.seed + n) % 2,
    forMs: 1_000,
  }))
  return { ...plan, troubles }
}

function actOf(random: Random, durationMs: number, mailboxes: number, browsers: number): Act {
  const on = { at: random.int(0, durationMs), r: random.next(), s: random.next() }
  const mailbox = random.int(0, mailboxes - 1)
  const browser = random.int(0, browsers - 1)
  const forMs = random.pick([500, 1_500, 3_000])
  const probability = random.pick([0.2, 0.5, 1])
  const roll = random.next() * 100
  if (roll < 20) {
    const count = random.chance(0.2) ? random.int(3, 8) : random.int(1, 2)
    return { ...on, type: 'deliver', mailbox, count, sameThread: random.chance(0.4) }
  }
  if (roll < 42) return { ...on, type: random.pick(MAIL), mailbox } as Act
  if (roll < 46) return { ...on, type: random.pick(LABELS), mailbox } as Act
  if (roll < 49) return { ...on, type: 'expireHistory', mailbox }
  if (roll < 53)
    return { ...on, type: random.pick(['break', 'break', 'break', 'heal', 'expireTokens'] as const), mailbox }
  if (roll < 63) return { ...on, type: 'mutate', mailbox, browser, what: random.pick(CHANGES) }
  if (roll < 69) return { ...on, type: random.pick(ACCOUNT), mailbox } as Act
  if (roll < 82)
    return { ...on, type: 'provider', mailbox, fault: random.pick(PROVIDER_FAULTS), probability, forMs }
  if (roll < 90) return { ...on, type: random.pick(TABS), browser }
  if (roll < 94) return { ...on, type: random.pick(['sleep', 'offline'] as const), browser, forMs }
  if (roll < 98)
    return { ...on, type: 'network', browser, fault: random.pick(NETWORK_FAULTS), probability, forMs }
  return { ...on, type: 'leasesLapse' }
}

/** The same with letters that arrive and cannot be read at first, which not every seed has. */
export function unreadable(plan: Plan): Plan {
  const letters = [0.2, 0.4, 0.6, 0.8].map(
    (share): Act => ({
      at: Math.floor(share * plan.durationMs),
      r: share,
      s: 0.9,
      type: 'break',
      mailbox: 0,
    }),
  )
  return { ...plan, acts: [...plan.acts, ...letters].sort((a, b) => a.at - b.at) }
}

/** One line for the report of a failure. */
export function describe(step: Act | Trouble): string {
  const { at, type, ...rest } = step
  const parts = Object.entries(rest)
    .filter(([name]) => name !== 'r' && name !== 's')
    .map(([name, value]) => `${name} ${value}`)
  return `${(at / 1_000).toFixed(3).padStart(7)} s  ${[type, ...parts].join(', ')}`
}
