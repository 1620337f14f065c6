/** Everything impure that the client touches apart from fetch and IndexedDB. Tests give their own. */
export interface World {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Calls `run` once after `ms`; the returned function cancels it. */
  setTimer(run: () => void, ms: number): () => void
  online(): boolean
  visible(): boolean
  /** Listens for `online`, `offline` and `visible` (the tab is looked at again); returns the undo. */
  listen(listener: (signal: WorldSignal) => void): () => void
  /** Remembers short texts between visits, or null where the browser refuses to. What is lost from it costs time only. */
  memory: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null
  /** Web Locks, or null where the browser has none: then this tab always leads. */
  locks: Pick<LockManager, 'request'> | null
  /** A channel to the other tabs of this origin, or null where there is none. */
  channel(name: string): Channel | null
}

export type WorldSignal = 'online' | 'offline' | 'visible'

export interface Channel {
  post(message: unknown): void
  close(): void
  onMessage(listener: (message: unknown) => void): void
}

/** The browser, or Node where a global is missing there (always online and visible). */
export function browserWorld(): World {
  const page = globalThis as Partial<typeof globalThis>
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    setTimer(run, ms) {
      const id = setTimeout(run, ms)
      return () => clearTimeout(id)
    },
    online: () => page.navigator?.onLine !== false,
    visible: () => page.document?.visibilityState !== 'hidden',
    listen(listener) {
      if (!page.window || !page.document) return () => {}
      const { window, document } = page
      const online = () => listener('online')
      const offline = () => listener('offline')
      const visible = () => {
        if (document.visibilityState === 'visible') listener('visible')
      }
      window.addEventListener('online', online)
      window.addEventListener('offline', offline)
      // A page that comes back from the back/forward cache gets `pageshow` and not always a change of visibility.
      window.addEventListener('pageshow', visible)
      document.addEventListener('visibilitychange', visible)
      return () => {
        window.removeEventListener('online', online)
        window.removeEventListener('offline', offline)
        window.removeEventListener('pageshow', visible)
        document.removeEventListener('visibilitychange', visible)
      }
    },
    memory: memoryOf(page),
    locks: page.navigator?.locks ?? null,
    channel(name) {
      if (typeof BroadcastChannel === 'undefined') return null
      const channel = new BroadcastChannel(name)
      return {
        post: message => channel.postMessage(message),
        close: () => channel.close(),
        onMessage: listener => {
          channel.onmessage = event => listener(event.data)
        },
      }
    },
  }
}

/** Asking for it may throw (cookies blocked), and Node has one without a place to keep anything. */
function memoryOf({ window }: Partial<typeof globalThis>): World['memory'] {
  try {
    return window?.localStorage ?? null
  } catch {
    return null
  }
}
