import type { ProviderError } from '@inlet/sync/provider-errors'
import type { Priority } from '@inlet/sync/provider-port'
import { within } from './deadline.ts'
import { codeOf, mailError } from './errors.ts'
import { openSession, type Session, type SessionWorld } from './session.ts'
import type { MailAccess } from './settings.ts'

/** `watch` holds a connection for as long as a folder is watched; the others give it back soon. */
export type Purpose = Priority | 'watch'

/** A connection for one holder alone, until it is given back. */
export type Lease = { readonly session: Session; release(): void }

/**
 * The connections of one account: never more than `maxConnections`, shared by all folders, and whoever is more urgent
 * goes first. A connection that broke is dropped, and the next lease opens a new one.
 */
export type Pool = {
  /**
   * Waits for a connection, `waitMs` at most; one that has `folder` selected already is preferred. Throws ProviderError
   * when none can be opened or comes free, or the signal's reason.
   */
  lease(purpose: Purpose, signal: AbortSignal, folder?: string): Promise<Lease>
  /** Leases a connection for `work` and gives it back, also when it throws. */
  use<T>(
    purpose: Purpose,
    signal: AbortSignal,
    folder: string | undefined,
    work: (session: Session) => Promise<T>,
  ): Promise<T>
  stats(): { open: number; leased: number; waiting: number }
  /** Closes everything, also what is leased; later leases are refused. Takes half a second at most. */
  close(): Promise<void>
}

type Waiter = {
  readonly purpose: Purpose
  readonly folder: string | undefined
  readonly signal: AbortSignal
  grant(slot: Slot): void
  fail(error: unknown): void
}

/** A place for a connection. Without a session one is being opened in it; without a purpose nobody uses it. */
type Slot = {
  session: Session | null
  purpose: Purpose | 'closing' | null
  /** When it was given back, and what ends it if nobody comes. */
  since: number
  alarm: AbortController | null
}

const RANK: Record<Purpose, number> = { interactive: 0, watch: 1, live: 1, backfill: 2 }
/** Holders that wait; one more is refused at once (I13). */
const WAITING_MAX = 1_000
/** A connection unused for longer is asked whether it still lives: networks forget them without a word. */
const TRUSTED_MS = 10_000
const CHECK_MS = 5_000
/** A server that allows fewer connections than we do is believed for so long. */
const LOWERED_MS = 10 * 60_000
/** After a connection could not be opened the next attempt waits, twice as long each time. */
const BACKOFF_MS = { first: 500, most: 60_000 }

export function createPool(access: MailAccess, from: SessionWorld, open = openSession): Pool {
  const { settings, world } = from
  const slots = new Set<Slot>()
  const queue: Waiter[] = []
  let lowered = { most: settings.maxConnections, until: 0 }
  const closing = new AbortController()
  let closed = false
  let failures = 0
  let refusal: unknown = null
  let notBefore = 0

  const most = () =>
    world.now() < lowered.until ? Math.min(lowered.most, settings.maxConnections) : settings.maxConnections
  const held = (...purposes: Purpose[]) =>
    [...slots].filter(each => each.purpose !== null && purposes.some(purpose => purpose === each.purpose))
      .length

  /** A watcher never takes the last connection, and with more than one neither does the first listing. */
  function mayStart(purpose: Purpose): boolean {
    if (purpose === 'watch') return held('watch') < most() - 1
    if (purpose === 'backfill') return most() === 1 || held('backfill', 'watch') < most() - 1
    return true
  }

  function serve(): void {
    for (;;) {
      const waiter = queue
        .filter(each => mayStart(each.purpose))
        .reduce<Waiter | null>(
          (best, each) => (best && RANK[best.purpose] <= RANK[each.purpose] ? best : each),
          null,
        )
      const slot = waiter && slotFor(waiter)
      if (!waiter || !slot) return
      queue.splice(queue.indexOf(waiter), 1)
      slot.alarm?.abort()
      slot.purpose = waiter.purpose
      start(slot, waiter).catch(error => failed(slot, waiter, error))
    }
  }

  function slotFor({ folder }: Waiter): Slot | null {
    const idle = [...slots].filter(each => each.purpose === null && each.session && !each.session.closed)
    const selected = idle.find(({ session }) => {
      const mailbox = session?.client.mailbox
      return mailbox && mailbox.path === folder
    })
    const found = selected ?? idle[0]
    if (found || slots.size >= most()) return found ?? null
    const slot: Slot = { session: null, purpose: null, since: 0, alarm: null }
    slots.add(slot)
    return slot
  }

  async function start(slot: Slot, waiter: Waiter): Promise<void> {
    const { session } = slot
    if (session && world.now() - slot.since > TRUSTED_MS) {
      const check = (signal: AbortSignal) =>
        session.run('check the connection', signal, client => client.noop())
      await within(world, CHECK_MS, waiter.signal, check).catch(() => session.destroy())
      waiter.signal.throwIfAborted()
      if (session.closed) slot.session = null
    }
    if (!slot.session) {
      if (notBefore > world.now())
        await world.sleep(notBefore - world.now(), AbortSignal.any([waiter.signal, closing.signal]))
      const fresh = await open(access, from, waiter.signal)
      failures = 0
      refusal = null
      slot.session = fresh
      fresh.ended.then(() => {
        // One that ends while nobody uses it frees its place at once.
        if (slot.session === fresh && slot.purpose === null) drop(slot)
      })
      if (closed) fresh.destroy()
    }
    if (closed) throw ended()
    waiter.grant(slot)
  }

  function failed(slot: Slot, waiter: Waiter, error: unknown): void {
    slots.delete(slot)
    slot.session?.destroy()
    if (!waiter.signal.aborted) {
      const wait = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** Math.min(failures, 20))
      failures += 1
      refusal = error
      notBefore = world.now() + wait * (0.5 + world.random() / 2)
    }
    if (!waiter.signal.aborted && codeOf(error) === 'too_many_connections' && slots.size > 0) {
      lowered = { most: slots.size, until: world.now() + LOWERED_MS }
      queue.unshift(waiter)
    } else {
      waiter.fail(error)
      // Each of those that wait would meet the same, and a wrong password tried often locks an account.
      if (!waiter.signal.aborted && slots.size === 0) for (const other of queue.splice(0)) other.fail(error)
    }
    serve()
  }

  function drop(slot: Slot): void {
    slots.delete(slot)
    slot.alarm?.abort()
    slot.session?.destroy()
    if (!closed) serve()
  }

  function giveBack(slot: Slot): void {
    slot.purpose = null
    if (!slot.session || slot.session.closed || closed) {
      drop(slot)
      return
    }
    const alarm = new AbortController()
    slot.alarm = alarm
    slot.since = world.now()
    world.sleep(settings.idleMs, alarm.signal).then(
      async () => {
        slot.purpose = 'closing'
        await slot.session?.close()
        drop(slot)
      },
      () => {},
    )
    serve()
  }

  const pool: Pool = {
    lease(purpose, signal, folder) {
      return new Promise<Lease>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (closed) return reject(ended())
        if (purpose === 'watch' && !mayStart('watch'))
          return reject(crowded(`${most()} connections leave none for a watcher`))
        if (queue.length >= WAITING_MAX) return reject(crowded(`${WAITING_MAX} requests wait already`))
        const waits = new AbortController()
        const leave = (reason: unknown) => {
          const at = queue.indexOf(waiter)
          if (at < 0) return
          queue.splice(at, 1)
          settled()
          reject(reason)
        }
        const onAbort = () => leave(signal.reason)
        const settled = () => {
          waits.abort()
          signal.removeEventListener('abort', onAbort)
        }
        const waiter: Waiter = {
          purpose,
          folder,
          signal,
          grant: slot => {
            settled()
            if (!slot.session) return reject(ended())
            resolve(leaseOf(slot, slot.session, giveBack))
          },
          fail: error => {
            settled()
            reject(error)
          },
        }
        signal.addEventListener('abort', onAbort, { once: true })
        queue.push(waiter)
        world.sleep(settings.waitMs, waits.signal).then(
          // While none can be opened, that is the reason.
          () => leave(refusal ?? crowded(`none came free within ${settings.waitMs} ms`)),
          () => {},
        )
        serve()
      })
    },
    async use(purpose, signal, folder, work) {
      const lease = await pool.lease(purpose, signal, folder)
      try {
        return await work(lease.session)
      } finally {
        lease.release()
      }
    },
    stats: () => ({
      open: slots.size,
      leased: [...slots].filter(each => each.purpose !== null && each.purpose !== 'closing').length,
      waiting: queue.length,
    }),
    async close() {
      closed = true
      closing.abort(ended())
      for (const waiter of queue.splice(0)) waiter.fail(ended())
      const open = [...slots]
      slots.clear()
      for (const slot of open) slot.alarm?.abort()
      await Promise.all(open.map(slot => slot.session?.close()))
    },
  }
  return pool
}

function leaseOf(slot: Slot, session: Session, giveBack: (slot: Slot) => void): Lease {
  let released = false
  return {
    session,
    release() {
      if (released) return
      released = true
      giveBack(slot)
    },
  }
}

const ended = (): ProviderError =>
  mailError(
    { code: 'server_closed', kind: 'transient', sentence: 'Its connections were closed here.' },
    'use the account',
  )

const crowded = (why: string): ProviderError =>
  mailError(
    { code: 'too_many_connections', kind: 'transient', sentence: `All connections are taken: ${why}.` },
    'get a connection',
  )
