import { createRandom, type Random } from '../random.ts'
import { FAULTS, type ProviderFault } from './faults.ts'

export type Kind = (typeof KINDS)[number]
export const KINDS = ['gmail', 'outlook', 'imap'] as const
export const WITHOUT_IMAP = ['gmail', 'outlook'] as const

/** What one seed lives through: a person, their mailboxes and browsers, what happens to them, and to the machines. */
export type Plan = {
  seed: number
  /** Each at a provider of this kind, with so many messages at first. */
  mailboxes: { kind: Kind; messages: number }[]
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
    | OnMailbox<(typeof MAIL | typeof LABELS)[number] | (typeof ACCOUNT | typeof ITEMS)[Kind][number]>
    | OnMailbox<'expireCursor' | 'copy'>
    | { type: 'provider'; mailbox: number; fault: ProviderFault; probability: number; forMs: number }
    | { type: 'mutate'; mailbox: number; browser: number; what: (typeof CHANGES)[number] }
    | { type: (typeof TABS)[number]; browser: number }
    | { type: 'sleep' | 'offline'; browser: number; forMs: number }
    | { type: 'network'; browser: number; fault: NetworkFault; probability: number; forMs: number }
    | { type: 'leasesLapse' }
  )

/** What happens to the machines hits every seed of the batch. */
export type Trouble = {
  at: number
  type: (typeof TROUBLES | typeof SERVER_TROUBLES)[number]
  index: number
  forMs: number
}

/** Of ten mailboxes four are Gmail's. */
const SHARES: readonly Kind[] = [
  ...Array<Kind>(4).fill('gmail'),
  ...Array<Kind>(3).fill('outlook'),
  ...Array<Kind>(3).fill('imap'),
]

const MAIL = ['read', 'star', 'trash', 'delete', 'label', 'moveThread', 'many', 'draft', 'send'] as const
const LABELS = ['createLabel', 'createLabel', 'renameLabel', 'deleteLabel'] as const
/** What is broken at the provider, or ends there. A server has neither tokens nor messages that it refuses: its connections are cut. */
const ITEMS = {
  gmail: ['break', 'break', 'break', 'heal', 'expireTokens'],
  outlook: ['break', 'break', 'break', 'heal', 'expireTokens'],
  imap: ['cutOff'],
} as const
const ON_ACCOUNT = ['syncNow', 'syncNow', 'resync', 'revoke', 'reconnect', 'stop', 'start'] as const
const ACCOUNT = {
  gmail: [...ON_ACCOUNT, 'endWatch', 'removeWatch'],
  outlook: [...ON_ACCOUNT, 'endWatch', 'removeWatch'],
  imap: [...ON_ACCOUNT, 'cutOff', 'cutOff'],
} as const
/** Where other providers' requests fail, another mail program of the person is at work: all that it can say is said by places. */
const AT_SERVER = [
  'copy',
  'copy',
  'trash',
  'delete',
  'label',
  'moveThread',
  'many',
  'read',
  'cutOff',
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

/** Those that are drawn twice as often as the others. */
const OFTEN: readonly string[] = ['unavailable', 'pushLost']
const PROVIDER_FAULTS = Object.fromEntries(
  KINDS.map(kind => [
    kind,
    (Object.keys(FAULTS[kind]) as ProviderFault[]).flatMap(name =>
      OFTEN.includes(name) ? [name, name] : [name],
    ),
  ]),
) as Record<Kind, ProviderFault[]>

export type NetworkFault = (typeof NETWORK_FAULTS)[number]
const NETWORK_FAULTS = ['refuse', 'slow', 'loseAnswer', 'loseAnswer', 'unavailable', 'rateLimited'] as const

export const DURATION_MS = 12_000

/** Drawn for plans that have a mailbox at the server. */
const SERVER_TROUBLES = ['freezeServer', 'restartServer'] as const

/**
 * The plan of a seed. The same seed, size and kinds give the same one; a kind that is not among them becomes the first of
 * them. What is a Gmail mailbox in it is the same
 * whatever the others are: which kind each is, and what happens to the mail server, is drawn apart.
 */
export function planOf(
  seed: number,
  size: number,
  {
    durationMs = DURATION_MS,
    kinds = KINDS,
  }: { durationMs?: number; kinds?: readonly [Kind, ...Kind[]] } = {},
): Plan {
  const random = createRandom(`real ${seed}`)
  const apart = createRandom(`real ${seed} kinds`)
  const sizes = Array.from({ length: random.pick([1, 1, 2]) }, () => random.pick([0, 5, 12, 30]))
  const mailboxes = sizes.map(messages => {
    const kind = apart.pick(SHARES)
    return { kind: kinds.includes(kind) ? kind : kinds[0], messages }
  })
  const browsers = random.pick([1, 1, 2])
  const acts = Array.from({ length: size }, () => actOf(random, durationMs, mailboxes, browsers))
  const drawn = (from: Random, types: readonly Trouble['type'][]) => ({
    at: from.int(0, durationMs),
    type: from.pick(types),
    index: from.int(0, 1),
    forMs: from.pick([200, 1_000, 2_500]),
  })
  const troubles = Array.from({ length: random.pick([0, 0, 1, 1, 2]) }, () => drawn(random, TROUBLES))
  if (mailboxes.some(({ kind }) => kind === 'imap') && apart.chance(0.5))
    troubles.push(drawn(apart, SERVER_TROUBLES))
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

/** Each act takes as many draws at one provider as at another. */
function actOf(random: Random, durationMs: number, mailboxes: Plan['mailboxes'], browsers: number): Act {
  const on = { at: random.int(0, durationMs), r: random.next(), s: random.next() }
  const mailbox = random.int(0, mailboxes.length - 1)
  const { kind } = mailboxes[mailbox] ?? { kind: 'gmail' }
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
  if (roll < 49) return { ...on, type: 'expireCursor', mailbox }
  if (roll < 53)
    return { ...on, type: random.pick<(typeof ITEMS)[Kind][number]>(ITEMS[kind]), mailbox } as Act
  if (roll < 63) return { ...on, type: 'mutate', mailbox, browser, what: random.pick(CHANGES) }
  if (roll < 69)
    return { ...on, type: random.pick<(typeof ACCOUNT)[Kind][number]>(ACCOUNT[kind]), mailbox } as Act
  if (roll < 79 && kind === 'imap') return { ...on, type: random.pick(AT_SERVER), mailbox } as Act
  if (roll < 82)
    return { ...on, type: 'provider', mailbox, fault: random.pick(PROVIDER_FAULTS[kind]), probability, forMs }
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

/** The same without what makes the product look at everything again, which mends what it has missed. */
export function unmended(plan: Plan): Plan {
  const mending: readonly string[] = ['expireCursor', 'resync', 'linkExpired']
  const left = (act: Act) => !mending.includes(act.type === 'provider' ? act.fault : act.type)
  return { ...plan, acts: plan.acts.filter(left) }
}

/** One line for the report of a failure. */
export function describe(step: Act | Trouble): string {
  const { at, type, ...rest } = step
  const parts = Object.entries(rest)
    .filter(([name]) => name !== 'r' && name !== 's')
    .map(([name, value]) => `${name} ${value}`)
  return `${(at / 1_000).toFixed(3).padStart(7)} s  ${[type, ...parts].join(', ')}`
}
