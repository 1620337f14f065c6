import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { imapWorld, mailOf } from './imap-world.ts'

const USER = 'ann@inlet.test'
const SOON = { timeout: 60_000, interval: 20 }
const HASTY = { connectMs: 1_000, greetingMs: 1_000, silenceMs: 1_000, waitMs: 2_000 }
const COUNT = 900

describe('a server that fails in the middle of a sync', () => {
  let dovecot: DovecotServer
  let world: Awaited<ReturnType<typeof imapWorld>>
  let worker: ReturnType<typeof world.work> | null
  beforeEach(async () => {
    worker = null
    dovecot = await startDovecot({ users: [USER] })
    const mails = Array.from({ length: COUNT }, (_, at) => mailOf('Mail', at))
    await fill('INBOX', mails.slice(100))
    await fill('Work', mails.slice(0, 100))
    world = await imapWorld(dovecot, USER, HASTY)
  })
  afterEach(async () => {
    dovecot?.resume()
    await worker?.stop()
    await world?.close()
    await dovecot?.stop()
  })

  /** Many at once: each append of a plain client costs a connection. */
  const fill = async (folder: string, mails: string[]) => {
    const box = dovecot.mailbox(USER)
    await box.appendAll(mails, folder)
  }
  const count = async () => (await world.stored()).messages.size
  const complete = async () => {
    await vi.waitFor(async () => expect(await count()).toBe((await world.lying()).messages.size), SOON)
    await worker?.stop()
    worker = null
    await world.settle()
    const { messages, folders } = await world.lying()
    expect(await world.stored()).toEqual({ messages, folders })
    expect(await world.tombstones()).toBe(0)
    expect(await world.failures()).toEqual([])
    expect(await world.status()).toMatchObject({ state: 'active', error: null })
  }
  const halfway = () => vi.waitFor(async () => expect(await count()).toBeGreaterThan(100), SOON)
  const inTrouble = () =>
    vi.waitFor(async () => {
      const status = await world.status()
      expect(status?.state).toBe('degraded')
      expect(['failing', 'cooling_down']).toContain(status?.reason)
      expect(status?.error).toBeTruthy()
    }, SOON)

  it('and is restarted: nothing is lost, and the account says so meanwhile', async () => {
    worker = world.work()
    await halfway()
    await dovecot.halt()
    expect(await count()).toBeLessThan(COUNT)
    await inTrouble()
    await dovecot.start()
    await world.box.append(mailOf('After', 1))
    await complete()
    expect(await count()).toBe(COUNT + 1)
  }, 120_000)

  it('and stands still with its connections open: the same', async () => {
    worker = world.work()
    await halfway()
    dovecot.pause()
    await inTrouble()
    const before = await count()
    expect(before).toBeLessThan(COUNT)
    dovecot.resume()
    await complete()
    expect(await count()).toBe(COUNT)
  }, 120_000)

  it('and numbers its inbox anew: the rows stay, and it is resyncing until all has been seen', async () => {
    worker = world.work()
    await halfway()
    const states = new Set<string>()
    const watching = new AbortController()
    const watch = (async () => {
      while (!watching.signal.aborted) {
        const status = await world.status()
        states.add(`${status?.state} ${status?.reason}`)
        await new Promise(resolve => setTimeout(resolve, 5))
      }
    })()
    await dovecot.setUidValidity('INBOX', 77_000_001, USER)
    await complete()
    watching.abort()
    await watch
    expect([...states]).toContain('degraded resyncing')
    expect(await count()).toBe(COUNT)
    // As things are: all places are of the new epoch.
    const epochs = (await world.store.placeEpochs(world.accountId)).filter(each => each.resource === 'PINBOX')
    expect(epochs).toEqual([{ resource: 'PINBOX', epoch: '77000001' }])
  }, 120_000)
})
