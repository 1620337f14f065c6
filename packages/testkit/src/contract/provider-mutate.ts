import type { ProviderMutation } from '@inlet/sync/provider-port'
import { expect, test } from 'vitest'
import { kindOf } from './provider-failures.ts'
import { sampleMail } from './provider-sample.ts'
import { never, type Stage } from './provider-stage.ts'
import type { TestAccount } from './provider-world.ts'

type Labels = TestAccount['ids'] & { filed: string }

export function mutateContract(stage: Stage): void {
  const { cursorOf, pullAll } = stage

  const changes: [
    string,
    (ids: string[], to: Labels) => ProviderMutation,
    { has: (to: Labels) => string[]; not: (to: Labels) => string[] },
  ][] = [
    [
      'reading',
      ids => ({ type: 'read', messageIds: ids, read: true }),
      { has: () => [], not: to => [to.unread] },
    ],
    [
      'unreading',
      ids => ({ type: 'read', messageIds: ids, read: false }),
      { has: to => [to.unread], not: () => [] },
    ],
    [
      'starring',
      ids => ({ type: 'star', messageIds: ids, starred: true }),
      { has: to => [to.starred], not: () => [] },
    ],
    ['archiving', ids => ({ type: 'archive', messageIds: ids }), { has: () => [], not: to => [to.inbox] }],
    [
      'trashing',
      ids => ({ type: 'trash', messageIds: ids }),
      { has: to => [to.trash], not: to => [to.inbox] },
    ],
    [
      'filing',
      (ids, to) => ({ type: 'labels', messageIds: ids, add: [to.filed], remove: [to.inbox] }),
      { has: to => [to.filed], not: to => [to.inbox] },
    ],
  ]
  test.each(changes)(
    '%s sets a state, for one and for many, and twice is once',
    async (_name, change, { has, not }) => {
      const account = await stage.newAccount()
      const to = { ...account.ids, filed: await account.makeLabel('Filed') }
      for (const count of [1, 15]) {
        const ids = await Promise.all(Array.from({ length: count }, () => account.deliver(sampleMail())))
        for (let time = 0; time < 2; time++) {
          expect(await stage.port.mutate(account.conn, change(ids, to), never)).toMatchObject({
            state: 'done',
          })
          for (const id of ids) {
            const labels = await account.labelsOf(id)
            expect(labels).toEqual(expect.arrayContaining(has(to)))
            for (const label of not(to)) expect(labels).not.toContain(label)
          }
        }
      }
    },
  )

  test('trash can be undone', async () => {
    const account = await stage.newAccount()
    const ids = await Promise.all(Array.from({ length: 12 }, () => account.deliver(sampleMail())))
    for (const some of [ids.slice(0, 1), ids]) {
      await stage.port.mutate(account.conn, { type: 'trash', messageIds: some }, never)
      await stage.port.mutate(account.conn, { type: 'untrash', messageIds: some }, never)
      for (const id of some) expect(await account.labelsOf(id)).not.toContain(account.ids.trash)
    }
  })

  if (!stage.traits.mirrorOnly)
    test('of a message that is gone throws not_found; among others it is passed over', async () => {
      const account = await stage.newAccount()
      const [kept, gone] = [await account.deliver(sampleMail()), await account.deliver(sampleMail())]
      await account.delete(gone)
      expect(
        await kindOf(
          stage.port.mutate(account.conn, { type: 'star', messageIds: [gone], starred: true }, never),
        ),
      ).toBe('not_found')
      await stage.port.mutate(account.conn, { type: 'star', messageIds: [gone, kept], starred: true }, never)
      expect(await account.labelsOf(kept)).toContain(account.ids.starred)
    })

  if (!stage.traits.mirrorOnly)
    test('with a label that is not there is refused for good', async () => {
      const account = await stage.newAccount()
      const id = await account.deliver(sampleMail())
      const change: ProviderMutation = {
        type: 'labels',
        messageIds: [id],
        add: ['Label_987654'],
        remove: [],
      }
      expect(await kindOf(stage.port.mutate(account.conn, change, never))).toBe('permanent')
    })

  test('comes back through pull', async () => {
    const account = await stage.newAccount()
    const id = await account.deliver(sampleMail())
    const cursor = await cursorOf(account)
    await stage.port.mutate(account.conn, { type: 'star', messageIds: [id], starred: true }, never)
    const { pages } = await pullAll(account, cursor)
    expect(
      [...pages.flatMap(page => page.patches), ...pages.flatMap(page => page.touched)].map(each => each.id),
    ).toContain(id)
  })
}
