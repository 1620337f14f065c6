import type { Fetched, ProviderPort, PulledMessage, PulledPage } from '@inlet/sync/provider-port'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { collect, lastCursor } from './provider-pages.ts'
import type { ProviderTraits, ProviderWorld, TestAccount } from './provider-world.ts'

export const never = new AbortController().signal

/** Where each resource's changes begin. */
export type Cursors = Map<string, string>
/** `runs`: the pages of each resource. */
export type Pulled = { runs: PulledPage[][]; pages: PulledPage[]; next: Cursors }

export type Stage = ReturnType<typeof openStage>

/** The world of the running suite, and what its cases do again and again. `world` and `port` are there inside tests. */
export function openStage(makeWorld: () => Promise<ProviderWorld>, traits: ProviderTraits) {
  let opened: ProviderWorld | undefined
  const world = (): ProviderWorld => {
    if (!opened) throw new Error('There is no world before the tests run.')
    return opened
  }
  const port = (): ProviderPort => world().port
  beforeAll(async () => {
    opened = await makeWorld()
  }, 60_000)
  afterEach(() => world().calm())
  afterAll(() => opened?.close())

  const fetchAll = async (account: TestAccount, ids: string[], bodies = true): Promise<Fetched[]> => {
    const key = await resourceOf(account)
    return await collect(port().fetch(account.conn, key, ids, { bodies, priority: 'live' }, never))
  }
  const message = async (account: TestAccount, id: string, bodies = true): Promise<PulledMessage> => {
    const [fetched] = await fetchAll(account, [id], bodies)
    if (fetched?.outcome !== 'message') throw new Error(`${id} was not fetched: ${JSON.stringify(fetched)}`)
    return fetched.message
  }
  /** Asked once an account, so that it is known when a fault strikes. */
  const firstOf = new WeakMap<TestAccount, string>()
  const resourceOf = async (account: TestAccount): Promise<string> => {
    const key = firstOf.get(account) ?? (await port().resources(account.conn, never))[0]?.key
    if (key === undefined) throw new Error('The account has no resource.')
    firstOf.set(account, key)
    return key
  }
  const resourcesOf = async (account: TestAccount): Promise<string[]> =>
    (await port().resources(account.conn, never)).map(each => each.key)
  const cursorOf = async (account: TestAccount): Promise<Cursors> => {
    const cursors: Cursors = new Map()
    for (const key of await resourcesOf(account))
      cursors.set(key, await port().currentCursor(account.conn, key, never))
    return cursors
  }
  /** Pulls every resource that has a cursor. */
  const pullAll = async (account: TestAccount, cursors: Cursors): Promise<Pulled> => {
    const runs: PulledPage[][] = []
    const next: Cursors = new Map()
    for (const [key, cursor] of cursors) {
      const pages = await collect(port().pull(account.conn, key, cursor, never))
      runs.push(pages)
      next.set(key, lastCursor(pages))
    }
    return { runs, pages: runs.flat(), next }
  }

  return {
    traits,
    get world() {
      return world()
    },
    get port() {
      return port()
    },
    newAccount: () => world().newAccount(),
    ...{ fetchAll, message, resourceOf, resourcesOf, cursorOf, pullAll },
  }
}
