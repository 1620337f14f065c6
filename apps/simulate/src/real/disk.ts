import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'

type Dropping = (table: string, row: unknown) => boolean

/** The disk of one browser: IndexedDB that outlives its tabs. */
export class Disk {
  #factory = new IDBFactory()
  /** A bug planted on purpose: rows that are acknowledged and not stored. */
  readonly #drops: Dropping

  constructor(drops: Dropping = () => false) {
    this.#drops = drops
  }

  wipe(): void {
    this.#factory = new IDBFactory()
  }

  /** A tab's own way in; `crash` ends what it has open as the death of its process does: unfinished transactions never were. */
  mount(): { storage: { indexedDB: IDBFactory; IDBKeyRange: typeof IDBKeyRange }; crash(): void } {
    const factory = this.#factory
    const connections = new Set<IDBDatabase>()
    const open = new Set<IDBTransaction>()
    let dead = false
    const watch = (database: IDBDatabase) => {
      connections.add(database)
      const begin = database.transaction.bind(database)
      database.transaction = (...args) => {
        if (dead) throw new DOMException('The tab has died.', 'AbortError')
        const transaction = begin(...args)
        open.add(transaction)
        const over = () => void open.delete(transaction)
        transaction.addEventListener('complete', over)
        transaction.addEventListener('abort', over)
        return this.#dropping(transaction)
      }
    }
    const indexedDB = new Proxy(factory, {
      get: (target, name) => {
        if (name !== 'open') {
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        }
        return (...args: Parameters<IDBFactory['open']>) => {
          const request = target.open(...args)
          request.addEventListener('success', () => watch(request.result as IDBDatabase))
          return request
        }
      },
    })
    return {
      storage: { indexedDB, IDBKeyRange },
      crash() {
        dead = true
        for (const transaction of open) {
          try {
            transaction.abort()
          } catch {
            // It was ending at this moment.
          }
        }
        for (const connection of connections) connection.close()
      },
    }
  }

  #dropping(transaction: IDBTransaction): IDBTransaction {
    const storeOf = transaction.objectStore.bind(transaction)
    transaction.objectStore = name => {
      const store = storeOf(name)
      const put = store.put.bind(store)
      store.put = (row, key) =>
        this.#drops(name, row) ? (store.count() as IDBRequest<IDBValidKey>) : put(row, key)
      return store
    }
    return transaction
  }
}
