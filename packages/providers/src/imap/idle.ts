import type { World } from '@inlet/sync/world'
import { within } from './deadline.ts'
import { mailError } from './errors.ts'
import type { Pool } from './pool.ts'
import type { Session } from './session.ts'

export type Attending = {
  pool: Pool
  world: World
  /** The folder's path. */
  path: string
  /**
   * A doorbell: something may have changed, look. Also once when it begins, for what nobody saw before. It must not throw,
   * and is not waited for.
   */
  onChange(): void
  /** IDLE is issued anew after so long; the host's quirk, else 9 minutes. RFC 2177 wants less than 29. */
  idleMs?: number | null
  /** Where there is no IDLE, the folder is asked about each so often. Default 30,000. */
  pollMs?: number
}

const IDLE_MS = 9 * 60_000
const POLL_MS = 30_000
/** Rings closer together than this become one, at its end. */
const RING_MS = 100
/** An IDLE that the server ends sooner by itself is no waiting; then it is asked at intervals. */
const SOON_MS = 1_000
const STOP_MS = 1_000

/**
 * Watches one folder on one connection of the pool (RFC 2177 IDLE, else NOOP at intervals) until it breaks, and throws
 * ProviderError; or until the signal aborts, and throws its reason within two seconds, whatever the server does. It
 * brings no data: what changed is read by whoever is rung.
 */
export async function attendFolder(attending: Attending, signal: AbortSignal): Promise<never> {
  const { pool, world, path, onChange } = attending
  const lease = await pool.lease('watch', signal, path)
  try {
    return await attend(lease.session, attending, doorbell(world, signal, onChange), signal)
  } finally {
    lease.release()
  }
}

/** Selects the folder, rings once for what nobody saw, and stays until something fails or it is stopped. */
async function attend(
  session: Session,
  { world, path, idleMs, pollMs = POLL_MS }: Attending,
  ring: () => void,
  signal: AbortSignal,
): Promise<never> {
  const { client } = session
  try {
    await session.inFolder({ path, readOnly: true, fresh: true }, `watch ${path}`, signal, async () => {
      client.on('exists', ring).on('expunge', ring).on('flags', ring)
    })
    ring()
    for (;;) {
      signal.throwIfAborted()
      if (client.capabilities.has('IDLE')) {
        const began = world.now()
        await idle(session, { world, path, ms: idleMs ?? IDLE_MS }, signal)
        if (world.now() - began >= SOON_MS) continue
      }
      await world.sleep(pollMs, signal)
      await session.run(`watch ${path}`, signal, each => each.noop())
    }
  } finally {
    client.off('exists', ring).off('expunge', ring).off('flags', ring)
    // Given back while the server still owes an answer, it would keep the next holder waiting.
    if (signal.aborted && !session.closed) await leaveIdle(session, world)
  }
}

/** One IDLE, until its time is over or the server ends it. Throws when the connection is gone or the watch stopped. */
async function idle(
  session: Session,
  { world, path, ms }: { world: World; path: string; ms: number },
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const onAbort = () => over.abort()
  signal.addEventListener('abort', onAbort, { once: true })
  const late = world.sleep(ms, over.signal).then(
    () => 'late',
    () => 'stopped',
  )
  // It ends, too, when the connection does.
  const ended = session.client.idle().then(
    () => 'ended',
    () => 'ended',
  )
  try {
    const first = await Promise.race([late, ended])
    signal.throwIfAborted()
    if (session.closed) throw gone(path)
    // NOOP makes imapflow send DONE first, and its answer shows that the server is there.
    if (first === 'late')
      await session.run('renew IDLE', signal, async client => {
        await client.noop()
        await ended
      })
  } finally {
    over.abort()
    signal.removeEventListener('abort', onAbort)
  }
}

/** Ends what may still be under way; where no answer comes in time, the connection is of no use any more. */
async function leaveIdle(session: Session, world: World): Promise<void> {
  const unending = new AbortController().signal
  await within(world, STOP_MS, unending, () => session.client.noop()).catch(() => session.destroy())
}

/** Rings at once, and once more at the end of RING_MS if it was asked to meanwhile. */
function doorbell(world: World, signal: AbortSignal, onChange: () => void): () => void {
  let resting = false
  let again = false
  return function ring() {
    if (signal.aborted) return
    if (resting) {
      again = true
      return
    }
    resting = true
    onChange()
    world.sleep(RING_MS, signal).then(
      () => {
        resting = false
        if (again) {
          again = false
          ring()
        }
      },
      () => {},
    )
  }
}

const gone = (path: string) =>
  mailError(
    { code: 'connection_cut', kind: 'transient', sentence: 'The connection was closed.' },
    `watch ${path}`,
  )
