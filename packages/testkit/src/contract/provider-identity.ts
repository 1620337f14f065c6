import { expect, test } from 'vitest'
import { sampleMail } from './provider-sample.ts'
import { never, type Stage } from './provider-stage.ts'

const RESOURCE_LIMIT = 50

export function identityContract(stage: Stage): void {
  test('identify names the mailbox', async () => {
    const account = await stage.newAccount()
    const { email, displayName } = await stage.port.identify(account.conn, never)
    expect(email).toBe(account.conn.email)
    expect(displayName).not.toBe('')
  })

  test('resources are few, named and the same each time', async () => {
    const account = await stage.newAccount()
    const resources = await stage.port.resources(account.conn, never)
    expect(resources.length).toBeGreaterThan(0)
    expect(resources.length).toBeLessThan(RESOURCE_LIMIT)
    expect(new Set(resources.map(each => each.key)).size).toBe(resources.length)
    expect(await stage.port.resources(account.conn, never)).toEqual(resources)
  })

  if (!stage.traits.mirrorOnly)
    test('labels have roles, names and whatever a person made', async () => {
      const account = await stage.newAccount()
      const made = await account.makeLabel('Böker & Söhne')
      const labels = await stage.port.labels(account.conn, never)
      for (const role of ['inbox', 'sent', 'drafts', 'trash', 'spam'])
        expect(labels.filter(label => label.role === role)).toHaveLength(1)
      expect(labels.find(label => label.id === made)).toMatchObject({
        name: 'Böker & Söhne',
        role: null,
        hidden: false,
      })
      expect(new Set(labels.map(label => label.id)).size).toBe(labels.length)
    })

  test('counts are the provider’s totals, unread ones apart', async () => {
    const account = await stage.newAccount()
    const before = await stage.port.counts(account.conn, null, never)
    const id = await account.deliver(sampleMail())
    await account.deliver(sampleMail(), { spam: true })
    await stage.port.mutate(account.conn, { type: 'read', messageIds: [id], read: true }, never)
    const after = await stage.port.counts(account.conn, null, never)
    expect(after.messages - before.messages).toBe(2)
    if (after.unread !== null) expect(after.unread - (before.unread ?? 0)).toBe(1)
  })
}
