import type { Look } from '@inlet/sync/provider-port'
import { expect, test } from 'vitest'
import { kindOf } from './provider-failures.ts'
import { changesIn, collect } from './provider-pages.ts'
import { sampleMail } from './provider-sample.ts'
import { type Cursors, never, type Stage } from './provider-stage.ts'
import type { TestAccount } from './provider-world.ts'

/** Of providers that tell in one answer which resources have news. */
export function surveyContract(stage: Stage): void {
  const cursorsOf = async (account: TestAccount): Promise<Cursors> => {
    const cursors = await stage.cursorOf(account)
    cursors.delete(stage.port.tree ?? '')
    return cursors
  }
  const survey = async (account: TestAccount, cursors: Cursors): Promise<ReadonlyMap<string, Look>> => {
    const { port } = stage
    if (!port.survey) throw new Error('It does not tell.')
    return await port.survey(account.conn, cursors, never)
  }
  /** Whoever is passed over would have told nothing. */
  const expectSound = async (account: TestAccount, cursors: Cursors) => {
    const looks = await survey(account, cursors)
    for (const [key, cursor] of cursors) {
      const changes = changesIn(await collect(stage.port.pull(account.conn, key, cursor, never)))
      if (changes.ids.length > 0) expect([key, looks.get(key)]).not.toEqual([key, 'same'])
    }
    return looks
  }

  test('passes over what rests, and nothing else', async () => {
    const account = await stage.newAccount()
    const quiet = await account.makeLabel('Quiet')
    await account.deliver(sampleMail())
    const cursors = await cursorsOf(account)
    expect(await survey(account, cursors)).not.toContainEqual([quiet, 'pull'])
    await account.deliver(sampleMail())
    const looks = await expectSound(account, cursors)
    expect([looks.get(account.ids.inbox) ?? 'pull', looks.get(quiet) === 'pull']).toEqual(['pull', false])
  })

  test('sees reading, starring, filing and deleting', async () => {
    const { unread, starred } = (await stage.newAccount()).ids
    const changes: ((account: TestAccount, id: string, filed: string) => Promise<unknown>)[] = [
      (account, id) => account.relabel(id, { remove: [unread] }),
      (account, id) => account.relabel(id, { add: [starred] }),
      (account, id, filed) => account.relabel(id, { add: [filed], remove: [account.ids.inbox] }),
      (account, id) => account.delete(id),
    ]
    for (const change of changes) {
      const account = await stage.newAccount()
      const filed = await account.makeLabel('Filed')
      const id = await account.deliver(sampleMail())
      const cursors = await cursorsOf(account)
      // A connection that has just read the folder knows it as it was.
      const inbox = account.ids.inbox
      await collect(stage.port.pull(account.conn, inbox, cursors.get(inbox) ?? '', never))
      await change(account, id, filed)
      const looks = await expectSound(account, cursors)
      expect(looks.get(inbox) ?? 'pull').toBe('pull')
    }
  })

  test('goes by the cursor, not by what was told before', async () => {
    const account = await stage.newAccount()
    const cursors = await cursorsOf(account)
    await account.deliver(sampleMail())
    for (let time = 0; time < 2; time++)
      expect((await survey(account, cursors)).get(account.ids.inbox) ?? 'pull').toBe('pull')
  })

  test('with a cursor that has expired or says nothing never passes over', async () => {
    const account = await stage.newAccount()
    await account.deliver(sampleMail())
    const cursors = await cursorsOf(account)
    await account.expireCursor()
    expect((await survey(account, cursors)).get(account.ids.inbox) ?? 'pull').toBe('pull')
    cursors.set(account.ids.inbox, 'nonsense')
    expect((await survey(account, cursors)).get(account.ids.inbox) ?? 'pull').toBe('pull')
  })

  test('while the provider is down throws transient', async () => {
    const account = await stage.newAccount()
    const cursors = await cursorsOf(account)
    account.fault.outage()
    expect(await kindOf(survey(account, cursors))).toBe('transient')
  })
}
