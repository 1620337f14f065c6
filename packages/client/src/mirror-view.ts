import { Dexie } from 'dexie'
import { advance, noTables, readSmallTables, type SmallTables } from './small-tables.ts'
import { createStore, type ReadableStore, shallowEqual } from './store.ts'
import type { MirrorDb } from './tables.ts'
import { type Written, writtenIn } from './written.ts'

export interface MirrorViewState {
  tables: SmallTables
  /** Until the first answer of the database. */
  loading: boolean
  /** The database refused the read: its message. Null again with the next answer. */
  error: string | null
}

/**
 * What this tab knows of a mirror, for as long as anybody listens. A commit of this tab that said what it wrote
 * moves it at once, in the task in which it was committed; every other, of any tab, has it read again.
 */
export interface MirrorView extends ReadableStore<MirrorViewState> {
  /**
   * Calls after every commit that changed mail or a small table, with the snapshot already renewed: with what was
   * written, or with null where threads have to be read to know. Counts as listening.
   */
  onCommit(listener: (written: Written | null) => void): () => void
}

export const initialView: MirrorViewState = { tables: noTables, loading: true, error: null }

const views = new WeakMap<MirrorDb, MirrorView>()

/** The one of this database. */
export function mirrorView(db: MirrorDb): MirrorView {
  const view = views.get(db) ?? createMirrorView(db)
  views.set(db, view)
  return view
}

/** Not those of bodies and tombstones, which nothing here is made of. */
const WATCHED = new Set(['accounts', 'labels', 'messages', 'threads', 'outbox', 'meta'])

function createMirrorView(db: MirrorDb): MirrorView {
  const store = createStore(initialView, shallowEqual)
  const listeners = new Set<(written: Written | null) => void>()
  let listening = 0
  let reading = false
  let again = false

  const tell = (written: Written | null) => {
    for (const listener of [...listeners]) listener(written)
  }

  /** Reads until nothing was committed meanwhile. */
  async function read() {
    again = true
    if (reading) return
    reading = true
    while (again && listening > 0) {
      again = false
      try {
        const tables = await readSmallTables(db, store.getSnapshot().tables)
        store.set({ tables, loading: false, error: null })
      } catch (error) {
        store.set({ ...store.getSnapshot(), loading: false, error: String(error) })
      }
      tell(null)
    }
    reading = false
  }

  function onMutated(parts: object) {
    if (!touches(parts, db.name)) return
    const { tables, loading, error } = store.getSnapshot()
    const written = reading || loading || error !== null ? undefined : writtenIn(parts, db)
    const next = written && advance(tables, written)
    if (!written || !next) return void read()
    store.set({ tables: next, loading, error })
    tell(written)
  }

  function listen(): () => void {
    if (listening++ === 0) {
      Dexie.on('storagemutated', onMutated)
      void read()
    }
    return () => {
      if (--listening === 0) Dexie.on.storagemutated.unsubscribe(onMutated)
    }
  }

  return {
    getSnapshot: store.getSnapshot,
    subscribe(listener) {
      const unsubscribe = store.subscribe(listener)
      const leave = listen()
      return () => {
        unsubscribe()
        leave()
      }
    },
    onCommit(listener) {
      listeners.add(listener)
      const leave = listen()
      return () => {
        listeners.delete(listener)
        leave()
      }
    },
  }
}

/** Dexie names what a commit changed by `idb://database/table/index`, and by `all` when it has not been listening. */
function touches(parts: object, name: string): boolean {
  const prefix = `idb://${name}/`
  return Object.keys(parts).some(
    part =>
      part === 'all' ||
      (part.startsWith(prefix) && WATCHED.has(part.slice(prefix.length).split('/', 1)[0] ?? '')),
  )
}
