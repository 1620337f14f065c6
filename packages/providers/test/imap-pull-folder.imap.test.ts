import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { fetchMessages } from '../src/imap/fetch.ts'
import { identitiesOf } from '../src/imap/identities.ts'
import { statusOf } from '../src/imap/locate.ts'
import { createPool, type Pool } from '../src/imap/pool.ts'
import { folderCursor, listFolder } from '../src/imap/pull-folder.ts'
import { AGES, ANN, accessTo, atOf, inTurn, never, rawMail, storedFolder, worldFor } from './imap-world.ts'

/** A number in [0, 1) that is the same in every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

describe.each(AGES)('changes of a folder on a server with $age', ({ age, hide }) => {
  let dovecot: DovecotServer
  let pool: Pool
  beforeAll(async () => {
    dovecot = await startDovecot({ hide })
    pool = createPool(accessTo(dovecot), worldFor(dovecot))
  })
  afterAll(async () => {
    await pool?.close()
    await dovecot?.stop()
  })

  /** What lies there, by another program. */
  const truth = async (folder: string) => {
    const text = await dovecot.doveadm('-f', 'tab', 'fetch', '-u', ANN, 'uid flags', 'mailbox', folder)
    const lines = text.split('\n').slice(1).filter(Boolean)
    return new Map(
      lines.map(line => {
        const [uid, flags = ''] = line.split('\t')
        const kept = flags.split(' ').filter(flag => flag && flag !== '\\Recent')
        return [Number(uid), kept.sort().join(' ')]
      }),
    )
  }
  const sorted = (places: ReadonlyMap<number, string>) => [...places].sort(([a], [b]) => a - b)

  const started = async (path: string) => {
    const folder = storedFolder()
    const { cursor } = await folderCursor(atOf(pool), path)
    folder.cursor = cursor
    for (let before = cursor.uidNext; ; ) {
      const ref = { path, uidValidity: BigInt(cursor.uidValidity) }
      const { places: page } = await listFolder(atOf(pool), ref, before, 7)
      if (page.length === 0) break
      for (const { uid, flags } of page) folder.places.set(uid, flags.join(' '))
      before = page.at(-1)?.uid ?? 0
    }
    return folder
  }

  test('new mail, other flags and expunges are found, each once, and then nothing more', async () => {
    const mailbox = dovecot.mailbox()
    for (let at = 0; at < 20; at += 1) await mailbox.append(rawMail(`Old ${at}`), { folder: 'Plain' })
    const folder = await started('Plain')
    expect(sorted(folder.places)).toEqual(sorted(await truth('Plain')))

    await mailbox.append(rawMail('New'), { folder: 'Plain', flags: ['\\Flagged'] })
    await mailbox.flag('Plain', [3, 5], { add: ['\\Seen', '$Own'] })
    await mailbox.expunge('Plain', [2, 9, 10])
    await folder.pull(atOf(pool), 'Plain')
    expect(sorted(folder.places)).toEqual(sorted(await truth('Plain')))
    const places = folder.pages.flatMap(page => page.places.map(({ uid }) => uid))
    expect(places.toSorted((a, b) => a - b)).toEqual([3, 5, 21])
    expect(folder.pages.flatMap(page => page.vanished).toSorted((a, b) => a - b)).toEqual([2, 9, 10])
    // The cursor comes with the last page alone (I1).
    expect(folder.pages.map(page => page.cursor !== null).indexOf(true)).toBe(folder.pages.length - 1)

    await folder.pull(atOf(pool), 'Plain')
    expect(folder.pages).toEqual([{ places: [], vanished: [], cursor: folder.cursor }])
    expect(JSON.parse(JSON.stringify(folder.cursor))).toEqual(folder.cursor)
  })

  test('connections that had the folder selected before hide nothing that has happened since', async () => {
    const mailbox = dovecot.mailbox()
    for (let at = 0; at < 8; at += 1) await mailbox.append(rawMail(`Early ${at}`), { folder: 'Shown' })
    const folder = await started('Shown')
    const leases = await Promise.all([1, 2, 3].map(() => pool.lease('live', never)))
    try {
      const options = { path: 'Shown', readOnly: true }
      for (const { session } of leases) await session.inFolder(options, 'select', never, async () => {})
      const { uid } = await mailbox.append(rawMail('Late'), { folder: 'Shown' })
      await mailbox.flag('Shown', [3, 5], { add: ['\\Seen'] })
      await mailbox.expunge('Shown', [2, 4])
      const at = atOf(inTurn(leases))
      await folder.pull(at, 'Shown')
      expect(sorted(folder.places)).toEqual(sorted(await truth('Shown')))
      const ref = { path: 'Shown', uidValidity: BigInt(folder.cursor.uidValidity) }
      const others = atOf(inTurn(leases.toReversed()))
      expect((await listFolder(others, ref, folder.cursor.uidNext)).places.map(each => each.uid)).toContain(
        uid,
      )
      await mailbox.append(rawMail('Latest'), { folder: 'Shown' })
      for (const _ of leases) {
        const outcomes = []
        for await (const read of fetchMessages(at, ref, [uid + 1], { bodies: false }))
          outcomes.push(read.outcome)
        expect(outcomes).toEqual(['message'])
      }
      await mailbox.append(rawMail('Last'), { folder: 'Shown' })
      for (const _ of leases) expect((await identitiesOf(at, ref, [uid + 2])).size).toBe(1)
      await mailbox.append(rawMail('Counted'), { folder: 'Shown' })
      for (const _ of leases) expect(await statusOf(at, 'Shown')).toMatchObject({ uidNext: uid + 4 })
    } finally {
      for (const lease of leases) lease.release()
    }
  })

  test('a listing goes on over numbers that nobody has', async () => {
    const mailbox = dovecot.mailbox()
    for (let at = 0; at < 2; at += 1) await mailbox.append(rawMail(`Before ${at}`), { folder: 'Gap' })
    await dovecot.doveadm('mailbox', 'update', '-u', ANN, '--min-next-uid', '3000000', 'Gap')
    await mailbox.append(rawMail('Behind'), { folder: 'Gap' })
    const { places } = await started('Gap')
    expect([...places.keys()]).toEqual([3_000_000, 2, 1])
  })

  test('a new message in the place of one that is gone hides neither', async () => {
    const mailbox = dovecot.mailbox()
    for (let at = 0; at < 4; at += 1) await mailbox.append(rawMail(`Swap ${at}`), { folder: 'Swap' })
    const folder = await started('Swap')
    await mailbox.append(rawMail('Another'), { folder: 'Swap' })
    await mailbox.expunge('Swap', [1])
    await folder.pull(atOf(pool), 'Swap')
    expect(sorted(folder.places)).toEqual(sorted(await truth('Swap')))
  })

  test('what came and went between two looks leaves nothing behind', async () => {
    const mailbox = dovecot.mailbox()
    await mailbox.append(rawMail('Stays'), { folder: 'Brief' })
    const folder = await started('Brief')
    const { uid } = await mailbox.append(rawMail('Brief'), { folder: 'Brief' })
    await mailbox.expunge('Brief', [uid])
    await folder.pull(atOf(pool), 'Brief')
    expect([...folder.places.keys()]).toEqual([1])
    expect(folder.cursor.uidNext).toBe(3)
  })

  test('an emptied folder is empty', async () => {
    const mailbox = dovecot.mailbox()
    for (let at = 0; at < 5; at += 1) await mailbox.append(rawMail(`Gone ${at}`), { folder: 'Emptied' })
    const folder = await started('Emptied')
    await mailbox.expunge('Emptied', [1, 2, 3, 4, 5])
    await folder.pull(atOf(pool), 'Emptied')
    expect(folder.places.size).toBe(0)
  })

  test('a folder made anew says so and changes nothing (I9)', async () => {
    const mailbox = dovecot.mailbox()
    await mailbox.append(rawMail('Kept'), { folder: 'Anew' })
    const folder = await started('Anew')
    await mailbox.recreate('Anew')
    const refused = await folder.pull(atOf(pool), 'Anew').catch(error => error)
    expect(refused).toMatchObject({ kind: 'cursor_expired' })
    expect(codeOf(refused)).toBe('folder_renumbered')
    expect(folder.pages).toEqual([])
    expect(folder.places.size).toBe(1)
  })

  test('a folder that is gone is not found', async () => {
    const mailbox = dovecot.mailbox()
    await mailbox.append(rawMail('Gone'), { folder: 'Removed' })
    const folder = await started('Removed')
    await mailbox.remove('Removed')
    const refused = await folder.pull(atOf(pool), 'Removed').catch(error => error)
    expect(codeOf(refused)).toBe('folder_missing')
  })

  test('a full comparison mends whatever was stored wrongly', async () => {
    const mailbox = dovecot.mailbox()
    for (let at = 0; at < 6; at += 1) await mailbox.append(rawMail(`Mend ${at}`), { folder: 'Mend' })
    const folder = await started('Mend')
    folder.places.delete(2)
    folder.places.set(3, '\\Seen')
    folder.places.delete(5)
    await mailbox.expunge('Mend', [4])
    await folder.pull(atOf(pool), 'Mend', 'all')
    expect(sorted(folder.places)).toEqual(sorted(await truth('Mend')))
  })

  test('thousands of changes come in pages of a bounded size, and none is left out', async () => {
    const mailbox = dovecot.mailbox()
    await mailbox.create('Large')
    const home = (await dovecot.doveadm('user', '-f', 'home', ANN)).trim()
    for (let at = 0; at < 2_600; at += 1)
      await writeFile(
        join(home, 'mail', 'Large', 'cur', `${1_790_000_000 + at}.M${at}P1.host:2,`),
        'Subject: x\n\n',
      )
    const folder = storedFolder()
    folder.cursor = { ...(await folderCursor(atOf(pool), 'Large')).cursor, uidNext: 1 }
    // All at once as new ones, as after a long absence.
    await folder.pull(atOf(pool), 'Large')
    expect(folder.places.size).toBe(2_600)

    const uids = [...folder.places.keys()]
    await mailbox.flag('Large', uids.slice(300, 2_400), { add: ['\\Seen'] })
    await mailbox.expunge('Large', [...uids.slice(0, 1_100), ...uids.filter(uid => uid % 7 === 0)])
    const depth = hide.some(each => each === 'CONDSTORE') ? 'all' : 'news'
    await folder.pull(atOf(pool), 'Large', depth)
    expect(sorted(folder.places)).toEqual(sorted(await truth('Large')))
    for (const { places, vanished } of folder.pages) {
      expect(places.length).toBeLessThanOrEqual(500)
      expect(vanished.length).toBeLessThanOrEqual(2_000)
    }
    await folder.pull(atOf(pool), 'Large', 'all')
    expect(folder.pages).toHaveLength(1)
  })

  test('whatever happens in whatever order, what is stored ends as what is there', async () => {
    const mailbox = dovecot.mailbox()
    const random = chance(age.length)
    for (let at = 0; at < 12; at += 1) await mailbox.append(rawMail(`Any ${at}`), { folder: 'Any' })
    await mailbox.create('Elsewhere')
    const folder = await started('Any')
    for (let round = 0; round < 4; round += 1) {
      for (let step = 0; step < 4; step += 1) {
        const uids = await mailbox.uids('Any')
        const some = uids.filter(() => random() < 0.15)
        const one = random()
        if (one < 0.35) await mailbox.append(rawMail(`More ${round}-${step}`), { folder: 'Any' })
        else if (some.length === 0) continue
        else if (one < 0.6) await mailbox.flag('Any', some, { add: ['\\Seen'] })
        else if (one < 0.75) await mailbox.flag('Any', some, { remove: ['\\Seen'] })
        else if (one < 0.9) await mailbox.expunge('Any', some)
        else await mailbox.move('Any', some, 'Elsewhere')
      }
      await folder.pull(atOf(pool), 'Any')
      expect(sorted(folder.places)).toEqual(sorted(await truth('Any')))
    }
  })
})
