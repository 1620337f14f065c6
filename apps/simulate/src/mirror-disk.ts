import type { MirrorDb } from '@inlet/client/tables'
import { Dexie } from 'dexie'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'

type Row = Record<string, unknown>
const NAMES = ['accounts', 'labels', 'messages', 'threads', 'bodies', 'outbox', 'tombstones', 'meta'] as const
export type TableName = (typeof NAMES)[number]
const KEYS: Record<TableName, string[]> = {
  accounts: ['id'],
  labels: ['id'],
  messages: ['id'],
  threads: ['id'],
  bodies: ['id'],
  outbox: ['position'],
  tombstones: ['kind', 'id'],
  meta: ['key'],
}
const keyOf = (name: TableName, row: Row): string => KEYS[name].map(part => String(row[part])).join('\n')
const keyFrom = (key: unknown): string => (Array.isArray(key) ? key.join('\n') : String(key))

/** What a browser has on disk for one user. It outlives tabs. */
export class MirrorDisk {
  readonly tables = new Map<TableName, Map<string, Row>>(NAMES.map(name => [name, new Map()]))
  /** The transaction that runs, or ran last: the next waits for it. */
  tail: Promise<unknown> = Promise.resolve()
  positions = 0

  table(name: TableName): Map<string, Row> {
    const table = this.tables.get(name)
    if (!table) throw new Error(`There is no table ${name}.`)
    return table
  }

  /** Nothing has ever been stored. */
  get isNew(): boolean {
    return [...this.tables.values()].every(table => table.size === 0)
  }

  /** As when a browser evicts a site's storage. */
  wipe(): void {
    for (const table of this.tables.values()) table.clear()
  }
}

/** One table inside one transaction: its writes are seen by it alone until they are applied. */
class TableView {
  readonly #name: TableName
  readonly #disk: MirrorDisk
  readonly #writes = new Map<string, Row | null>()
  #cleared = false

  constructor(name: TableName, disk: MirrorDisk) {
    this.#name = name
    this.#disk = disk
  }

  #read(key: string): Row | undefined {
    const own = this.#writes.get(key)
    if (own !== undefined) return own ?? undefined
    return this.#cleared ? undefined : this.#disk.table(this.#name).get(key)
  }

  #all(): Row[] {
    const rows: Row[] = []
    if (!this.#cleared)
      for (const [key, row] of this.#disk.table(this.#name)) if (!this.#writes.has(key)) rows.push(row)
    for (const row of this.#writes.values()) if (row) rows.push(row)
    return rows
  }

  #put(row: Row): void {
    this.#writes.set(keyOf(this.#name, row), row)
  }

  async get(key: unknown): Promise<Row | undefined> {
    if (typeof key !== 'object' || key === null || Array.isArray(key)) return this.#read(keyFrom(key))
    const wanted = Object.entries(key)
    return this.#all().find(row => wanted.every(([name, value]) => row[name] === value))
  }
  bulkGet = async (keys: unknown[]): Promise<(Row | undefined)[]> => keys.map(key => this.#read(keyFrom(key)))
  put = async (row: Row): Promise<void> => this.#put(row)
  bulkPut = async (rows: Row[]): Promise<void> => {
    for (const row of rows) this.#put(row)
  }
  /** Adds what is not there. The rest is told in one error, after which the transaction goes on. */
  bulkAdd = async (rows: Row[]): Promise<void> => {
    const failures: Record<number, Error> = {}
    for (const [position, row] of rows.entries()) {
      if (this.#read(keyOf(this.#name, row)) === undefined) this.#put(row)
      else failures[position] = Object.assign(new Error('It is there already.'), { name: 'ConstraintError' })
    }
    const count = Object.keys(failures).length
    if (count > 0) throw new Dexie.BulkError(`${count} rows of ${this.#name} are there already.`, failures)
  }
  add = async (row: Row): Promise<void> => this.#put({ ...row, position: ++this.#disk.positions })
  delete = async (key: unknown): Promise<void> => void this.#writes.set(keyFrom(key), null)
  bulkDelete = async (keys: unknown[]): Promise<void> => {
    for (const key of keys) this.#writes.set(keyFrom(key), null)
  }
  update = async (key: unknown, change: Row): Promise<number> => {
    const row = this.#read(keyFrom(key))
    if (row) this.#put({ ...row, ...change })
    return row ? 1 : 0
  }
  clear = async (): Promise<void> => {
    this.#writes.clear()
    this.#cleared = true
  }
  count = async (): Promise<number> => this.#all().length
  toArray = async (): Promise<Row[]> => this.#all()
  orderBy = (name: string) => ({
    toArray: async () => this.#all().sort((a, b) => Number(a[name]) - Number(b[name])),
  })
  where = (name: string) => ({
    below: (bound: number) => ({
      delete: async () => {
        for (const row of this.#all())
          if (Number(row[name]) < bound) this.#writes.set(keyOf(this.#name, row), null)
      },
    }),
  })

  /** Answers whether anything was written. */
  apply(): boolean {
    if (!this.#cleared && this.#writes.size === 0) return false
    const table = this.#disk.table(this.#name)
    if (this.#cleared) table.clear()
    for (const [key, row] of this.#writes) {
      if (row) table.set(key, row)
      else table.delete(key)
    }
    return true
  }
}

/** The tables of one transaction, each made when it is first used. */
class TableViews implements Record<TableName, TableView> {
  /** Where the mirror notes for its readers what it has written; nobody reads here. */
  readonly idbtrans = {}
  readonly #disk: MirrorDisk
  readonly #views = new Map<TableName, TableView>()

  constructor(disk: MirrorDisk) {
    this.#disk = disk
  }

  get accounts(): TableView {
    return this.view('accounts')
  }
  get labels(): TableView {
    return this.view('labels')
  }
  get messages(): TableView {
    return this.view('messages')
  }
  get threads(): TableView {
    return this.view('threads')
  }
  get bodies(): TableView {
    return this.view('bodies')
  }
  get outbox(): TableView {
    return this.view('outbox')
  }
  get tombstones(): TableView {
    return this.view('tombstones')
  }
  get meta(): TableView {
    return this.view('meta')
  }

  view(name: TableName): TableView {
    let view = this.#views.get(name)
    if (!view) {
      view = new TableView(name, this.#disk)
      this.#views.set(name, view)
    }
    return view
  }

  apply(): boolean {
    let written = false
    for (const view of this.#views.values()) written = view.apply() || written
    return written
  }
}

export type DiskWorld = {
  clock: Clock
  faults: Faults
  random: Random
  kill: (process: Process) => void
  committed: () => void
}
type Body = (tables: TableViews) => Promise<unknown>

/**
 * The part of Dexie that the mirror's code calls, over a disk in memory: transactions one at a time, all or nothing,
 * and a tab may die just before or just after one is durable. Everything above it is the client's real code.
 */
export function openDisk(disk: MirrorDisk, tab: Process, world: DiskWorld): MirrorDb {
  const { clock, faults, random, kill, committed } = world

  async function transact(body: Body): Promise<unknown> {
    const views = new TableViews(disk)
    const result = await body(views)
    const fault = faults.strike('tab', ['kill_before', 'kill_after'])
    if (fault === 'kill_before') kill(tab)
    if (tab.dead) return result
    if (views.apply()) committed()
    if (fault === 'kill_after') kill(tab)
    return result
  }

  const transaction = (_mode: string, _names: unknown, body: Body) =>
    tab.step(() => {
      const before = disk.tail
      const mine = (async () => {
        await before
        await clock.sleep(random.int(0, 6))
        return tab.dead ? undefined : await transact(body)
      })()
      disk.tail = mine.catch(() => {})
      return mine
    })

  const database: Record<string, unknown> = { transaction }
  for (const name of NAMES) {
    // Outside of a transaction each call is one of its own, as in Dexie.
    const alone =
      (method: 'get' | 'bulkGet' | 'toArray' | 'count' | 'update' | 'put' | 'delete') =>
      (...args: unknown[]) =>
        transaction('rw', [name], tables =>
          (tables[name][method] as (...all: unknown[]) => Promise<unknown>)(...args),
        )
    database[name] = {
      get: alone('get'),
      bulkGet: alone('bulkGet'),
      toArray: alone('toArray'),
      count: alone('count'),
      update: alone('update'),
      put: alone('put'),
      delete: alone('delete'),
      orderBy: (by: string) => ({
        toArray: () => transaction('r', [name], tables => tables[name].orderBy(by).toArray()),
      }),
    }
  }
  return database as unknown as MirrorDb
}
