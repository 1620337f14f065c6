import { startDovecot } from '@inlet/testkit/dovecot'
import type { Hideable } from '@inlet/testkit/dovecot-config'
import { startMbsync } from '@inlet/testkit/mbsync'
import { afterEach, describe, expect, it } from 'vitest'
import { imapWorld, mailOf } from './imap-world.ts'

const USER = 'ann@inlet.test'
const FOLDERS = ['INBOX', 'Archive', 'Trash', 'Work', 'Travel']
const ROUNDS = 14
const STEPS = 8

/** A number in [0, 1) that is the same in every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

const SERVERS: { age: string; hide: Hideable[] }[] = [
  { age: 'everything', hide: [] },
  { age: 'no QRESYNC, CONDSTORE, IDLE, MOVE', hide: ['QRESYNC', 'CONDSTORE', 'IDLE', 'MOVE'] },
]

describe.each(SERVERS)('a day with another mail program on a server with $age', ({ hide }) => {
  const cleanups: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean()
  })

  it('ends with the same counts, flags and folders in all three', async () => {
    const dovecot = await startDovecot({ users: [USER], hide })
    cleanups.push(dovecot.stop)
    const { box, ...engine } = await imapWorld(dovecot, USER)
    cleanups.push(engine.close)
    const access = { port: dovecot.port, user: USER, password: dovecot.passwordOf(USER) }
    const other = await startMbsync(access)
    cleanups.push(other.stop)
    const random = chance(20_261_121)
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
    let made = 0
    for (let at = 0; at < 40; at++)
      await box.append(mailOf('Before', ++made), { folder: pick(FOLDERS), flags: at % 3 ? [] : ['\\Seen'] })
    await other.sync()

    const worker = engine.work()
    let sent = 0
    /** On the server, as a delivery or a third program does it. */
    const onServer = async () => {
      const folder = pick(FOLDERS)
      const uids = await box.uids(folder)
      const what = random()
      if (what < 0.4 || uids.length === 0) await box.append(mailOf('Delivered', ++made), { folder })
      else if (what < 0.6) await box.flag(folder, [pick(uids)], { add: [pick(['\\Seen', '\\Flagged'])] })
      else if (what < 0.7) await box.flag(folder, [pick(uids)], { remove: ['\\Seen', '\\Flagged'] })
      else if (what < 0.8) await box.copy(folder, [pick(uids)], pick(FOLDERS))
      else if (what < 0.9) await box.move(folder, [pick(uids)], pick(FOLDERS.filter(each => each !== folder)))
      else await box.expunge(folder, [pick(uids)])
    }
    /** In the other program's files; its next round tells the server. */
    const onDisk = async () => {
      const entries = (await other.entries()).filter(({ folder }) => FOLDERS.includes(folder))
      const entry = pick(entries)
      const what = random()
      if (what < 0.2)
        await other.add(pick(['INBOX', 'Work']), mailOf('Written', ++made), pick(['', 'S', 'FS']))
      else if (what < 0.5) await other.flag(entry, pick(['S', 'F', 'FS']))
      else if (what < 0.6) await other.flag(entry, '', 'SF')
      else if (what < 0.85) await other.move(entry, pick(FOLDERS.filter(each => each !== entry.folder)))
      else await other.flag(entry, 'T')
    }
    /** By the person in Inlet. */
    const inInlet = async () => {
      const { rows } = await engine.pool.query<{ id: string }>(
        'SELECT id FROM message WHERE user_id = $1 ORDER BY id',
        [engine.userId],
      )
      const messageIds = [pick(rows).id]
      const body = pick([
        { type: 'read' as const, messageIds, read: random() < 0.7 },
        { type: 'star' as const, messageIds, starred: random() < 0.7 },
        { type: 'archive' as const, messageIds },
        { type: 'trash' as const, messageIds },
      ])
      const clientId = `change-${++sent}`
      await engine.store.addMutations(engine.userId, [{ clientId, body }], engine.clock.now())
    }
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (let step = 0; step < STEPS; step++) {
          const who = random()
          if (who < 0.4) await onServer()
          else if (who < 0.8) await onDisk()
          else if ((await engine.stored()).messages.size > 0) await inInlet()
        }
        await other.sync()
      }
    } finally {
      await worker.stop()
    }
    await engine.settle()
    await other.sync()
    await engine.settle()

    await other.sync()
    const { places, ...truth } = await engine.lying()
    expect(truth.messages.size).toBeGreaterThan(40)
    expect(await engine.stored()).toEqual(truth)
    expect(await engine.failures()).toEqual([])
    const entries = await other.entries()
    expect(entries.map(({ folder, messageId, flags }) => `${folder} ${messageId} ${flags}`).sort()).toEqual(
      places,
    )
    expect(await engine.status()).toMatchObject({ state: 'active' })
    const results = await engine.store.mutationResults(
      engine.userId,
      Array.from({ length: sent }, (_, at) => `change-${at + 1}`),
    )
    expect(results.filter(({ state }) => state === 'pending')).toEqual([])
  }, 360_000)
})
