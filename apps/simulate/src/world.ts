import { connectAccount } from '@inlet/sync/connect-account'
import { nextDueAt } from '@inlet/testkit/memory-store/scheduling'
import { emptyState, type MemoryState } from '@inlet/testkit/memory-store/state'
import { Browser } from './browser.ts'
import { BusTransport } from './bus.ts'
import { Clock } from './clock.ts'
import { databaseOf } from './database.ts'
import { Faults } from './faults.ts'
import { FolderMailbox, GRAPH } from './folder-mailbox.ts'
import { GMAIL, GmailMailbox } from './gmail-mailbox.ts'
import type { Shape } from './history.ts'
import { IMAP, ImapMailbox } from './imap/imap-mailbox.ts'
import { isPlaced, isStored } from './is-stored.ts'
import type { Kind, Mailbox, Ring, Traits } from './mailbox.ts'
import { openDisk } from './mirror-disk.ts'
import { Monitor } from './monitor/monitor.ts'
import { type NetworkWorld, simulatedFetch } from './network.ts'
import { Polls } from './polls.ts'
import { Process } from './process.ts'
import { simulatedProvider } from './provider.ts'
import { Pushes } from './pushes.ts'
import { createRandom, type Random } from './random.ts'
import type { Scene, Substitutes } from './substitutes.ts'
import { Trace } from './trace.ts'
import { Violations } from './violation.ts'
import { useVirtualTimeouts } from './virtual-timeouts.ts'
import { WebServer } from './web-server.ts'
import { engineOf, startWorker } from './worker.ts'

const MAILBOXES = { gmail: GmailMailbox, graph: FolderMailbox, imap: ImapMailbox } satisfies Record<
  Kind,
  unknown
>
const PROVIDERS: readonly Traits[] = [GMAIL, GRAPH, IMAP]
const HOUR = 60 * 60_000
type Worker = { process: Process; stop(): Promise<void> }

/** Everything that takes part: mailboxes, a database, workers, web servers, browsers, and what lies between them. */
export class World {
  readonly clock = new Clock()
  readonly state: MemoryState = emptyState()
  readonly shape: Shape
  readonly trace: Trace
  readonly violations: Violations
  readonly faults: Faults
  readonly mailboxes = new Map<string, Mailbox>()
  readonly monitor: Monitor
  readonly browsers: Browser[]
  readonly workers: (Worker | null)[]
  readonly webServers: (WebServer | null)[]
  /** Watches live so long. */
  watchMs: () => number
  /** Timers that stand in for lost doorbells. */
  readonly polls = new Polls(this.clock)
  /** After a crash nobody starts it again by itself. */
  restarts = true
  readonly #random: Random
  readonly #bus: BusTransport
  readonly #pushes: Pushes
  readonly #substitutes: Substitutes
  #processes = 0

  constructor(options: { seed: number; shape: Shape; substitutes: Substitutes; trace: boolean }) {
    const { clock, state } = this
    const { shape } = options
    this.shape = shape
    this.#substitutes = options.substitutes
    useVirtualTimeouts(clock)
    clock.nextDueAt = () => nextDueAt(state)
    this.#random = createRandom(`world ${options.seed}`)
    this.trace = new Trace(clock, options.trace)
    this.violations = new Violations(() => clock.now())
    this.faults = new Faults(clock, this.#random.fork('faults'))
    this.#bus = new BusTransport(clock, this.faults, this.#random.fork('bus'))
    this.#pushes = new Pushes(clock, this.faults, this.#random.fork('pushes'), (ring, pushId) =>
      this.#deliverPush(ring, pushId),
    )
    const watches = this.#random.fork('watches')
    this.watchMs = () => watches.pick([2 * 60_000, 10 * 60_000, 26 * HOUR, 7 * 24 * HOUR])
    for (const index of shape.mailboxes.keys()) {
      const email = `box${index}@example.com`
      const mailbox = new MAILBOXES[shape.kinds[index] ?? 'gmail']({
        email,
        now: () => clock.now(),
        random: this.#random.fork(email),
        ring: ring => this.#pushes.ring(ring),
        after: (ms, run) => void clock.after(ms, run),
        isStored: (messageId, folder) => isStored(state, email, messageId, folder),
      })
      this.mailboxes.set(email, mailbox)
    }
    this.monitor = new Monitor({
      now: () => clock.now(),
      state,
      mailboxes: this.mailboxes,
      violations: this.violations,
      trace: this.trace,
    })
    this.workers = Array.from({ length: shape.workers }, () => null)
    this.webServers = Array.from({ length: shape.webServers }, () => null)
    this.browsers = shape.browsers.map((user, index) => this.#browser(index, `user${user}`))
  }

  mailbox(index: number): Mailbox {
    const mailbox = this.mailboxes.get(`box${index}@example.com`)
    if (!mailbox) throw new Error(`There is no mailbox ${index}.`)
    return mailbox
  }

  accountId(index: number): string | null {
    const { email } = this.mailbox(index)
    for (const user of this.state.users.values())
      for (const { row } of user.accounts.values()) if (row.email === email) return row.id
    return null
  }

  /** A person grants access (again). Tried until it works: a person would, too. */
  async connect(index: number): Promise<void> {
    const mailbox = this.mailbox(index)
    // A new grant beside a good one leaves that good, as at Google.
    if (mailbox.revoked) mailbox.generation += 1
    mailbox.revoked = false
    const { engine } = this.#engine(new Process(`connect${index}`, this.clock))
    const grant = {
      data: { accessToken: `${mailbox.email}#${mailbox.generation}`, expiresAt: this.clock.now() + HOUR },
    }
    const userId = `user${this.shape.mailboxes[index]}`
    for (let tries = 0; tries < 20; tries++) {
      try {
        await connectAccount(
          engine,
          { userId, provider: mailbox.traits.provider, grant },
          new AbortController().signal,
        )
        return
      } catch {
        await this.clock.sleep(2_000)
      }
    }
  }

  startWorker(index: number): void {
    if (this.workers[index]) return
    const process = new Process(`worker${index}.${++this.#processes}`, this.clock)
    const { parts } = this.#engine(process)
    const stop = startWorker({ ...parts, concurrency: 2 + index * 3, polls: this.polls })
    const worker = { process, stop: stop.stop }
    this.workers[index] = worker
    this.trace.say(process.name, 'starts')
    process.onDeath(() => {
      if (this.workers[index] === worker) this.workers[index] = null
      this.trace.say(process.name, 'is dead')
      if (this.restarts) this.clock.after(this.#random.int(100, 5_000), () => this.startWorker(index))
    })
  }

  startWebServer(index: number): void {
    if (this.webServers[index]) return
    const process = new Process(`web${index}.${++this.#processes}`, this.clock)
    const { engine, feed, scene } = this.#engine(process)
    const { hubFeed, hubBus, routeFeed } = this.#substitutes
    const server = new WebServer({
      process,
      engine: { ...engine, bus: hubBus(engine.bus, scene) },
      feed: this.monitor.feed(routeFeed(feed, scene)),
      hubFeed: this.monitor.feed(hubFeed(feed, scene)),
      pages: { follow: this.shape.followPage, fill: this.shape.fillPage },
      streamMs: this.shape.streamMs,
      trace: this.trace,
    })
    this.webServers[index] = server
    process.onDeath(() => {
      if (this.webServers[index] === server) this.webServers[index] = null
      this.trace.say(process.name, 'is dead')
      if (this.restarts) this.clock.after(this.#random.int(100, 5_000), () => this.startWebServer(index))
    })
  }

  /** The engine on a person's behalf, outside of all processes that may die. */
  personsEngine() {
    return this.#engine(new Process('person', this.clock)).engine
  }

  setBus(up: boolean): void {
    this.#bus.setUp(up)
  }

  kill(process: Process): void {
    process.kill()
  }

  #sceneOf(process: Process): Scene {
    const { clock, state, mailboxes } = this
    return { clock, state, mailboxes, process }
  }

  #engine(process: Process) {
    const { clock, state, faults, trace } = this
    const random = this.#random.fork(`${process.name} ${this.#processes}`)
    const scene = this.#sceneOf(process)
    const { plan, place, store: wrapStore, provider: wrapProvider } = this.#substitutes
    const committed = (name: string) => this.monitor.committed(name)
    const kill = (dying: Process) => this.kill(dying)
    const database = databaseOf(
      { clock, faults, random: random.fork('database'), state, plan, place, committed, kill },
      process,
    )
    const providers = PROVIDERS.map(traits => {
      const provider = simulatedProvider(
        {
          clock,
          faults,
          random: random.fork(`provider ${traits.provider}`),
          mailboxes: this.mailboxes,
          pageSize: this.shape.providerPage,
          watchMs: () => this.watchMs(),
          isStored: (email, messageId, folder) => isStored(state, email, messageId, folder),
          isPlaced: (email, at) => isPlaced(state, email, at),
        },
        process,
        traits,
      )
      return [traits.provider, this.monitor.provider(wrapProvider(provider, scene))] as const
    })
    const parts = {
      clock,
      random,
      trace,
      process,
      store: this.monitor.store(wrapStore(database.store, scene)),
      bus: this.#bus.join(process),
      providers: new Map(providers),
    }
    return { parts, engine: engineOf(parts), feed: database.feed, scene }
  }

  #server(): WebServer | null {
    const up = this.webServers.filter(server => server !== null)
    return up.length === 0 ? null : this.#random.pick(up)
  }

  async #deliverPush(ring: Ring, pushId: string): Promise<boolean> {
    const server = this.#server()
    if (!server) return false
    const acknowledgedNow = this.monitor.work.acknowledging(ring)
    const died = new Promise<boolean>(resolve => server.process.onDeath(() => resolve(false)))
    const answered = this.#substitutes.push(() => server.push(ring, pushId), this.#sceneOf(server.process))
    const acknowledged = await Promise.race([answered, died])
    if (acknowledged) acknowledgedNow()
    this.trace.say(
      'push',
      `${'mailbox' in ring ? ring.mailbox : ring.watch.providerId} ${pushId} ${acknowledged ? 'acknowledged' : 'refused'}`,
    )
    return acknowledged
  }

  #browser(index: number, userId: string): Browser {
    const { clock, faults, trace } = this
    const random = this.#random.fork(`browser ${index}`)
    const network: NetworkWorld = {
      clock,
      faults,
      random,
      server: () => this.#server(),
      wrapSink: this.#substitutes.sink,
      overfilled: bytes =>
        this.violations.report(
          'I13',
          `A page was written into a stream that was full, with ${bytes} bytes waiting.`,
        ),
    }
    const browser: Browser = new Browser({
      name: `browser${index}`,
      userId,
      clock,
      random,
      trace,
      fetch: (tab, online) =>
        this.#substitutes.fetch(simulatedFetch(network, userId, tab, online), this.#sceneOf(tab)),
      open: (disk, tab) => {
        const kill = (dying: Process) => this.kill(dying)
        const committed = () => {
          trace.say(browser.name, `cursor ${browser.feed()?.cursor ?? 'none'}`)
          this.monitor.mirrored(browser)
        }
        return this.#substitutes.mirror(
          openDisk(disk, tab, { clock, faults, random, kill, committed }),
          this.#sceneOf(tab),
        )
      },
    })
    return browser
  }
}
