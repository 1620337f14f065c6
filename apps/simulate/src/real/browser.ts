import { createLiveMirror } from '@inlet/client/live-mirror'
import type { LiveMirror } from '@inlet/client/live-mirror-types'
import type { World, WorldSignal } from '@inlet/client/world'
import type { Random } from '../random.ts'
import { Disk } from './disk.ts'
import { type Network, networkFetch } from './network.ts'
import type { Person } from './person.ts'

/** More than any mailbox here holds: a full mirror can be compared row for row. */
const FILL_LIMIT = 50_000

type Tab = {
  mirror: LiveMirror
  network: Network
  signal(what: WorldSignal): void
  crash(): void
}

/** A browser of one person: a disk, and tabs that run the real client over it. */
export class Browser {
  readonly name: string
  readonly #person: Person
  readonly #baseUrl: string
  readonly #random: Random
  readonly #disk: Disk
  #tabs: Tab[] = []
  #online = true
  #frozen: Promise<void> | null = null
  #opened = 0

  constructor(options: {
    name: string
    person: Person
    baseUrl: string
    random: Random
    drops?: (table: string, row: unknown) => boolean
  }) {
    this.name = options.name
    this.#person = options.person
    this.#baseUrl = options.baseUrl
    this.#random = options.random
    this.#disk = new Disk(options.drops)
  }

  get tabs(): readonly Tab[] {
    return this.#tabs
  }

  openTab(): void {
    const name = `${this.name}.${++this.#opened}`
    const mounted = this.#disk.mount()
    const died = new AbortController()
    const network: Network = { cut: new AbortController(), faults: [], gate: () => this.#gate(died.signal) }
    const listeners = new Set<(what: WorldSignal) => void>()
    const mirror = createLiveMirror({
      userId: this.#person.userId,
      baseUrl: this.#baseUrl,
      fillLimit: FILL_LIMIT,
      storage: mounted.storage,
      fetch: networkFetch(network, this.#person, this.#random.fork(name), () => this.#online),
      world: this.#world(died.signal, listeners),
    })
    const tab: Tab = {
      mirror,
      network,
      signal: what => {
        for (const listener of [...listeners]) listener(what)
      },
      crash: () => {
        died.abort()
        network.cut.abort(new Error('The tab has died.'))
        mounted.crash()
      },
    }
    this.#tabs.push(tab)
    mirror.start()
  }

  async closeTabs(): Promise<void> {
    for (const { mirror } of this.#tabs.splice(0)) await mirror.stop()
  }

  /** As the death of the browser's process: nothing is told to anybody, and what was not committed never was. */
  crashTabs(): void {
    for (const tab of this.#tabs.splice(0)) tab.crash()
  }

  /** The person clears this site's data. */
  wipe(): void {
    this.crashTabs()
    this.#disk.wipe()
    this.#kept.clear()
  }

  /** The lid is shut: no timer runs and nothing is read; it opens again after a while. */
  sleep(forMs: number): void {
    if (this.#frozen) return
    this.#frozen = new Promise(resolve => {
      setTimeout(() => {
        this.#frozen = null
        resolve()
        this.look()
      }, forMs)
    })
  }

  setOnline(online: boolean): void {
    if (this.#online === online) return
    this.#online = online
    if (!online) this.cut()
    for (const tab of this.#tabs) tab.signal(online ? 'online' : 'offline')
  }

  look(): void {
    for (const tab of this.#tabs) tab.signal('visible')
  }

  /** Everything under way over the network is lost, on the way there or back. */
  cut(): void {
    for (const { network } of this.#tabs) {
      network.cut.abort(new Error('The connection was cut.'))
      network.cut = new AbortController()
    }
  }

  async rest(): Promise<void> {
    await this.#frozen
    this.setOnline(true)
    for (const { network } of this.#tabs) network.faults = []
    if (this.#tabs.length === 0) this.openTab()
    this.look()
  }

  /** Never resolves for a dead tab. */
  async #gate(died: AbortSignal): Promise<void> {
    await this.#frozen
    if (died.aborted) await new Promise(() => {})
  }

  #world(died: AbortSignal, listeners: Set<(what: WorldSignal) => void>): World {
    const random = this.#random.fork(`tab ${this.#opened}`)
    return {
      now: () => Date.now(),
      random: () => random.next(),
      setTimer: (run, ms) => {
        const id = setTimeout(() => void this.#gate(died).then(() => !cancelled && run()), ms)
        let cancelled = false
        return () => {
          cancelled = true
          clearTimeout(id)
        }
      },
      online: () => this.#online,
      visible: () => true,
      listen: listener => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      memory: this.#memory,
      locks: locksOf(this.#person.userId, this.name, died),
      channel: name => this.#channel(name),
    }
  }

  readonly #kept = new Map<string, string>()
  readonly #memory = {
    getItem: (key: string) => this.#kept.get(key) ?? null,
    setItem: (key: string, value: string) => void this.#kept.set(key, value),
    removeItem: (key: string) => void this.#kept.delete(key),
  }

  readonly #channels = new Map<string, Set<(message: unknown) => void>>()

  #channel(name: string): ReturnType<World['channel']> {
    const all = this.#channels.get(name) ?? new Set()
    this.#channels.set(name, all)
    let heard: (message: unknown) => void = () => {}
    const deliver = (message: unknown) => heard(message)
    all.add(deliver)
    return {
      post: message => {
        const copy: unknown = structuredClone(message)
        for (const other of all) if (other !== deliver) queueMicrotask(() => other(copy))
      },
      close: () => void all.delete(deliver),
      onMessage: listener => {
        heard = listener
      },
    }
  }
}

/** Node's real Web Locks, apart for each browser; a tab that dies lets go of its own. */
function locksOf(userId: string, browser: string, died: AbortSignal): World['locks'] {
  const gone = new Promise<void>(resolve => died.addEventListener('abort', () => resolve(), { once: true }))
  const request = (name: string, options: LockOptions, held: LockGrantedCallback<unknown>) => {
    const signal = options.signal ? AbortSignal.any([options.signal, died]) : undefined
    return navigator.locks.request(
      `${userId} ${browser} ${name}`,
      { ...options, ...(signal && { signal }) },
      lock => (died.aborted ? undefined : Promise.race([held(lock), gone])),
    )
  }
  return { request } as World['locks']
}
