import { createHttp } from '@inlet/client/http'
import { createLeaderDuties, type LeaderDuties } from '@inlet/client/leader-duties'
import { enqueue } from '@inlet/client/outbox'
import type { FeedMeta, MirrorDb } from '@inlet/client/tables'
import type { World } from '@inlet/client/world'
import type { MutationBody } from '@inlet/protocol/mutations'
import type { Clock } from './clock.ts'
import { idFrom } from './database.ts'
import { MirrorDisk } from './mirror-disk.ts'
import { Process } from './process.ts'
import type { Random } from './random.ts'
import type { Trace } from './trace.ts'

/** More than any simulated mailbox holds: a full mirror can be compared row for row. */
const FILL_LIMIT = 50_000

export type BrowserParts = {
  name: string
  userId: string
  clock: Clock
  random: Random
  trace: Trace
  fetch: (tab: Process, online: () => boolean) => typeof fetch
  open: (disk: MirrorDisk, tab: Process) => MirrorDb
}

type Tab = { process: Process; duties: LeaderDuties; db: MirrorDb; liveSince: number | null }

/** A browser of one user: a disk, and tabs over it that run the client's real leader duties. */
export class Browser {
  readonly userId: string
  readonly name: string
  readonly disk = new MirrorDisk()
  online = true
  readonly #parts: BrowserParts
  #tabs: Tab[] = []
  #count = 0

  constructor(parts: BrowserParts) {
    this.#parts = parts
    this.userId = parts.userId
    this.name = parts.name
  }

  get tabs(): readonly Tab[] {
    return this.#tabs
  }

  feed(): FeedMeta | undefined {
    return this.disk.table('meta').get('feed') as FeedMeta | undefined
  }

  /** The first tab leads; a further one leads as well, as where there are no Web Locks: more streams, same content. */
  openTab(): void {
    const { clock, random, trace, fetch, open, name } = this.#parts
    const process = new Process(`${name}.${++this.#count}`, clock)
    const world: World = {
      now: () => clock.now(),
      random: () => random.next(),
      setTimer: (run, ms) => process.timer(run, ms),
      online: () => this.online,
      visible: () => true,
      listen: () => () => {},
      memory: null,
      locks: null,
      channel: () => null,
    }
    const db = open(this.disk, process)
    const http = createHttp({ baseUrl: '', fetch: fetch(process, () => this.online), world })
    let state = ''
    const duties = createLeaderDuties({
      db,
      http,
      world,
      fillLimit: FILL_LIMIT,
      newId: () => idFrom(random),
      isNew: () => this.disk.isNew,
      onConnection(next) {
        if (next.name === state) return
        state = next.name
        tab.liveSince = next.name === 'live' ? clock.now() : null
        trace.say(process.name, `connection: ${next.name}`)
      },
      onFeed: () => {},
      onFillTotal: () => {},
      onHeard: () => {},
    })
    const tab: Tab = { process, duties, db, liveSince: null }
    process.onDeath(() => {
      this.#tabs = this.#tabs.filter(other => other !== tab)
    })
    this.#tabs.push(tab)
    duties.driver.dispatch({ type: 'started' })
    duties.begin()
  }

  closeTabs(): void {
    for (const { process, duties } of [...this.#tabs]) {
      duties.end()
      duties.driver.stop()
      process.kill()
    }
  }

  crash(): void {
    for (const { process } of [...this.#tabs]) process.kill()
  }

  setOnline(online: boolean): void {
    if (this.online === online) return
    this.online = online
    for (const { process, duties } of this.#tabs)
      void process.gate().then(() => duties.driver.dispatch({ type: online ? 'online' : 'offline' }))
  }

  freeze(): void {
    for (const { process } of this.#tabs) process.freeze()
  }

  thaw(): void {
    for (const { process, duties } of this.#tabs) {
      if (!process.frozen) continue
      process.thaw()
      void process.gate().then(() => duties.driver.dispatch({ type: 'visible' }))
    }
  }

  look(): void {
    for (const { process, duties } of this.#tabs)
      void process.gate().then(() => duties.driver.dispatch({ type: 'visible' }))
  }

  async mutate(body: MutationBody): Promise<void> {
    const { clock, random } = this.#parts
    const tab = this.#tabs[0]
    if (!tab) return
    await enqueue(tab.db, body, { clientId: idFrom(random), now: clock.now() }).catch(() => {})
    tab.duties.kickOutbox()
  }
}
