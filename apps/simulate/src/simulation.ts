import { dueAt } from '@inlet/testkit/memory-store/scheduling'
import type { ResourceState } from '@inlet/testkit/memory-store/state'
import { EPOCH } from './clock.ts'
import type { History } from './history.ts'
import { ImapMailbox } from './imap/imap-mailbox.ts'
import { compareMirror, compareStore, unrest } from './oracle.ts'
import { perform } from './perform.ts'
import { nothingSubstituted, type Substitutes } from './substitutes.ts'
import type { Violation } from './violation.ts'
import { World } from './world.ts'

export type Outcome = {
  seed: number
  failure: Violation | null
  events: number
  virtualMs: number
  trace: string[]
  hash: string
}

const MINUTE = 60_000
/** Longer than anything that was delayed. */
const LATE_MS = 70_000
/** With every doorbell working, everything is on every screen within this time. */
const PROMPT_MS = 12_000
/** What is committed reaches every open stream within this time, unless a ring is lost. */
const MOMENT_MS = 3_000
/** A stream that is told nothing looks at the head within the hub's sweep of 15 s. */
const LEVEL_MS = 25_000

/** Lives through one history, lets the world come to rest, and says what did not hold (the first of it). */
export async function simulate(
  history: History,
  options: { substitutes?: Partial<Substitutes>; trace?: boolean } = {},
): Promise<Outcome> {
  const { seed, shape, operations } = history
  const substitutes = { ...nothingSubstituted, ...options.substitutes }
  const world = new World({ seed, shape, substitutes, trace: options.trace ?? false })
  const { clock, violations, trace } = world
  // Thousands of errors and aborts are made in a run; where each was made, nobody reads unless a person looks at this run.
  const traceLimit = Error.stackTraceLimit
  if (!options.trace) Error.stackTraceLimit = 0

  for (const index of shape.mailboxes.keys()) {
    const mailbox = world.mailbox(index)
    for (let n = 0; n < shape.mail; n++) mailbox.deliver(EPOCH - (shape.mail - n) * MINUTE)
    void world.connect(index)
  }
  for (const index of world.workers.keys()) world.startWorker(index)
  for (const index of world.webServers.keys()) world.startWebServer(index)
  for (const browser of world.browsers) clock.after(1_000, () => browser.openTab())
  for (const operation of operations) clock.after(operation.at, () => perform(world, operation))

  const broke = () => violations.found.length > 0
  await clock.run(EPOCH + shape.durationMs, broke)
  if (!broke()) await comeToRest(world, broke)
  Error.stackTraceLimit = traceLimit
  return {
    seed,
    failure: violations.found[0] ?? null,
    events: clock.events,
    virtualMs: clock.now() - EPOCH,
    trace: trace.lines,
    hash: trace.hash(),
  }
}

async function comeToRest(world: World, broke: () => boolean): Promise<void> {
  const { clock, state, mailboxes, violations, trace, shape } = world
  const fail = (what: string, found: string[]) => {
    const more = found.length > 3 ? ` … and ${found.length - 3} more` : ''
    if (found.length > 0 && !broke())
      violations.report('rest', `${what}: ${found.slice(0, 3).join('; ')}${more}`)
  }
  const until = async (what: string, limitMs: number, left: () => string[]) => {
    const met = await clock.run(clock.now() + limitMs, () => broke() || left().length === 0)
    if (!met) fail(`${what}, even after ${limitMs / MINUTE} minutes`, left())
    return !broke()
  }
  trace.say('—', 'all faults end')
  await endFaults(world)
  const excused = shape.keepBroken
  for (const mailbox of mailboxes.values()) {
    mailbox.flickering.clear()
    mailbox.fleeting.clear()
    mailbox.overtaking.clear()
    mailbox.onceListed.clear()
    if (mailbox instanceof ImapMailbox) mailbox.returning.clear()
    if (!excused) mailbox.broken.clear()
  }

  // What was marked is worked on, without any help from polls.
  world.polls.stop()
  await clock.run(clock.now() + LATE_MS, broke)
  // What people had asked for may have been slower than the end of the faults.
  await connectAll(world)
  if (!(await until('Work is left to do', 3 * 60 * MINUTE, () => workLeft(world)))) return
  world.monitor.work.marksHonoured()
  if (broke()) return

  // Polls find what no doorbell told of.
  world.polls.start()
  trace.say('—', 'polls may run')
  const unequal = (broken: boolean) => () => {
    const restless = unrest(state, mailboxes, { broken, why: ['push_silent'] })
    return restless.length > 0 ? restless : compareStore(state, mailboxes, broken)
  }
  if (!(await untilPaced(world, until, 'The store is not what the provider has', unequal(excused)))) return
  await clock.run(clock.now() + LEVEL_MS, broke)
  await levelled(world, broke)
  if (broke()) return
  const mirrors = () => world.browsers.flatMap(browser => compareMirror(state, browser))
  if (!(await untilPaced(world, until, 'A mirror is not what is stored', mirrors))) return

  if (excused) {
    for (const mailbox of mailboxes.values()) mailbox.broken.clear()
    if (!(await untilPaced(world, until, 'Healed items did not come', unequal(false)))) return
  }
  // A cursor that expired while nothing happened is noticed with the next sync: here, not in the midst of the probe.
  const { store } = world.personsEngine()
  for (const account of state.accounts.values())
    void store.mark({ accountId: account.id, lanes: ['live'] }, 'person', clock.now())
  await clock.run(clock.now() + 3_000, broke)
  if (!(await untilPaced(world, until, 'A last sync does not end', unequal(false)))) return
  await probe(world, broke, fail)
}

/** The comparison is dear, so it is made every few seconds of simulated time instead of after every event. */
async function untilPaced(
  world: World,
  until: (what: string, limitMs: number, left: () => string[]) => Promise<boolean>,
  what: string,
  left: () => string[],
): Promise<boolean> {
  const { clock, state } = world
  const retries = [...state.users.values()].flatMap(user =>
    [...user.failedItems.values()].map(item => item.nextAttemptAt),
  )
  // Failed items wait for up to 6 h each time; everything else is quicker than an hour's backoff and a round of polls.
  const limitMs = Math.max(clock.now(), ...retries) - clock.now() + 3 * 60 * MINUTE
  let askedAt = Number.NEGATIVE_INFINITY
  let answer: string[] = ['not looked at yet']
  return await until(what, limitMs, () => {
    if (clock.now() - askedAt >= 5_000) {
      askedAt = clock.now()
      answer = left()
    }
    return answer
  })
}

async function endFaults(world: World): Promise<void> {
  const { faults } = world
  faults.end()
  world.setBus(true)
  world.watchMs = () => 7 * 24 * 60 * MINUTE
  for (const worker of world.workers) worker?.process.thaw()
  for (const index of world.workers.keys()) world.startWorker(index)
  for (const index of world.webServers.keys()) world.startWebServer(index)
  for (const browser of world.browsers) {
    browser.setOnline(true)
    browser.thaw()
    if (browser.tabs.length === 0) browser.openTab()
  }
  await connectAll(world)
}

async function connectAll(world: World): Promise<void> {
  const { clock, shape } = world
  const { store } = world.personsEngine()
  for (const index of shape.mailboxes.keys()) {
    const accountId = world.accountId(index)
    const account = accountId === null ? undefined : world.state.accounts.get(accountId)
    const { email, revoked, generation } = world.mailbox(index)
    const granted = account?.grant.data.accessToken === `${email}#${generation}` && !revoked
    if (!account || account.reconnect || !granted) void world.connect(index)
    else if (!account.enabled) void store.setEnabled(account.id, true, clock.now())
  }
}

/** Lanes that are due or at work. An item that still cannot be read is not: it waits for its next try. */
function workLeft(world: World): string[] {
  const now = world.clock.now()
  const left: string[] = []
  for (const lane of world.state.resources.values()) {
    if (lane.paused || lane.dirtyAt === null || gone(world, lane)) continue
    const waits = lane.lane === 'items' && lane.leaseToken === null && (dueAt(lane) ?? 0) > now
    if (!waits)
      left.push(
        `the ${lane.lane} lane of ${lane.accountId} (${lane.attempts} failures, ${lane.error?.message ?? 'no error'})`,
      )
  }
  return left
}

/** Of a folder that went before anything of it was read only the next poll of the tree knows. */
function gone({ state, mailboxes }: World, { userId, accountId, key, lane }: ResourceState): boolean {
  const email = state.users.get(userId)?.accounts.get(accountId)?.row.email ?? ''
  const keys = mailboxes
    .get(email)
    ?.resources()
    .map(resource => resource.key)
  return (lane === 'live' || lane === 'listing') && keys?.includes(key) === false
}

/** A browser on a live stream is level with the head within a sweep, whatever rings were lost. */
async function levelled(world: World, broke: () => boolean): Promise<void> {
  const heads = headsOf(world)
  const since = world.clock.now()
  await world.clock.run(since + LEVEL_MS, broke)
  for (const browser of world.browsers) {
    // A disk that was wiped under an open tab shows with the next page, not before.
    const lived =
      browser.feed() !== undefined &&
      browser.tabs.some(tab => tab.liveSince !== null && tab.liveSince <= since)
    const head = heads.get(browser.userId) ?? 0
    const cursor = browser.feed()?.cursor ?? 0
    if (lived && cursor < head)
      world.violations.report(
        'I3',
        `${browser.name} has been live for ${LEVEL_MS / 1_000} s and is at ${cursor}, while the head has been ${head}.`,
      )
  }
}

const headsOf = ({ state }: World): Map<string, number> =>
  new Map([...state.users.values()].map(user => [user.userId, user.head]))

/**
 * A timer may write at any time, so mirrors are compared a moment after the last write. Until then what is older than a
 * moment must be there, or a lost doorbell could pass for a late one.
 */
async function settled(world: World, broke: () => boolean): Promise<void> {
  for (let n = 0; n < 10; n++) {
    const heads = headsOf(world)
    await world.clock.run(world.clock.now() + MOMENT_MS, broke)
    for (const browser of world.browsers) {
      const head = heads.get(browser.userId) ?? 0
      const cursor = browser.feed()?.cursor ?? 0
      if (cursor < head)
        world.violations.report('I3', `${browser.name} is at ${cursor} a moment after the head was ${head}.`)
    }
    if ([...headsOf(world)].every(([userId, head]) => heads.get(userId) === head)) return
  }
}

/** At rest, with every doorbell working: two quick changes are everywhere within seconds. */
async function probe(
  world: World,
  broke: () => boolean,
  fail: (what: string, found: string[]) => void,
): Promise<void> {
  const { clock, state, mailboxes, trace } = world
  world.polls.stop()
  trace.say('—', 'probe')
  world.faults.slowPages = true
  // The provider may have ended a watch without a word; that takes ten minutes of silence to notice, and is not the question.
  for (const mailbox of mailboxes.values()) mailbox.reviveWatches(clock.now() + 24 * 60 * MINUTE)
  // Each doorbell is heard once more: of what rings no more nobody could say that it is well.
  for (const mailbox of mailboxes.values())
    for (const labelIds of mailbox.doors()) mailbox.deliver(clock.now(), { labelIds })
  await clock.run(clock.now() + LEVEL_MS, broke)
  for (let n = 0; n < 4; n++) {
    for (const mailbox of mailboxes.values()) {
      mailbox.deliver(clock.now())
      const id = mailbox.heard()[0]
      if (id) mailbox.label(id, n % 2 === 0 ? ['STARRED'] : [], n % 2 === 0 ? [] : ['STARRED'])
    }
    await clock.run(clock.now() + 700, broke)
  }
  await clock.run(clock.now() + PROMPT_MS, broke)
  await settled(world, broke)
  const mirrors = () => world.browsers.flatMap(browser => compareMirror(state, browser))
  fail('Seconds after a probe a mirror is not what is stored', mirrors())
  // A ring that is lost costs a sweep of the hub, no more.
  world.faults.open('bus', 'lose', 1, 1_000)
  for (const mailbox of mailboxes.values()) mailbox.deliver(clock.now())
  await clock.run(clock.now() + 1_000, broke)
  await levelled(world, broke)
  await clock.run(clock.now() + PROMPT_MS, broke)
  await settled(world, broke)
  fail('After a probe the store is not what the provider has', compareStore(state, mailboxes, false))
  fail('After a probe a mirror is not what is stored', mirrors())
  fail('After a probe there is unrest', unrest(state, mailboxes, { broken: false, why: ['watch_expired'] }))
}
