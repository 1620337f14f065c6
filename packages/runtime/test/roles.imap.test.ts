import { createImap } from '@inlet/providers/imap'
import { startDovecot } from '@inlet/testkit/dovecot'
import { expect, it, onTestFinished } from 'vitest'
import { engineWorldOver } from './harness.ts'

const USER = 'ann@inlet.test'

/** A server that names no folder's use, so that names tell; an account on it, synced. */
async function mailbox() {
  const dovecot = await startDovecot({ users: [USER], folders: { Sent: 'Sent' } })
  onTestFinished(() => dovecot.stop())
  const config = { allowPrivateHosts: true, trustedCertificates: [dovecot.certificate] }
  const adapter = createImap(config, undefined, { lookup: async () => ['127.0.0.1'] })
  onTestFinished(() => adapter.close())
  const box = dovecot.mailbox(USER)
  const mail = (name: string) =>
    `From: Bo <bo@example.org>\r\nSubject: ${name}\r\nMessage-ID: <${name}@example.org>\r\n\r\nHello.\r\n`
  for (const name of ['one', 'two']) await box.append(mail(name), { folder: 'Drafts' })
  await box.append(mail('plain'), { folder: 'Work' })
  const world = await engineWorldOver(adapter, {
    ...{ email: USER, displayName: '', user: USER, password: dovecot.passwordOf(USER) },
    ...{ imapHost: 'localhost', imapPort: dovecot.tlsPort, imapSecurity: 'tls' },
    ...{ smtpHost: null, smtpPort: null, smtpSecurity: null },
  })
  onTestFinished(() => world.close())
  await world.drain()
  const drafts = async () => {
    const { rows } = await world.pool.query<{ subject: string }>(
      'SELECT subject FROM message WHERE user_id = $1 AND draft ORDER BY subject',
      [world.userId],
    )
    return rows.map(({ subject }) => subject)
  }
  const look = async () => {
    await world.store.mark({ accountId: world.accountId, lanes: ['live'] }, 'poll', world.clock.now())
    await world.drain()
  }
  return { box, world, drafts, look, mail }
}

it('a folder that becomes the drafts, or is it no more, takes its messages with it', async () => {
  const { box, world, drafts, look, mail } = await mailbox()
  expect(await drafts()).toEqual(['one', 'two'])
  // This name is the likelier one, so the role moves.
  await box.append(mail('three'), { folder: 'Draft' })
  await look()
  await look()
  expect(await drafts()).toEqual(['three'])
  await box.remove('Draft')
  world.clock.advance(61_000)
  await look()
  expect(await drafts()).toEqual(expect.arrayContaining(['one', 'two']))
}, 60_000)

it('also when the process dies between the two', async () => {
  const { box, world, drafts, look } = await mailbox()
  const commit = world.store.commit.bind(world.store)
  let died = 0
  world.store.commit = async batch => {
    if (!batch.again || died++ > 0) return await commit(batch)
    throw new Error('The process died.')
  }
  await box.create('Draft')
  await look()
  expect([died, await drafts()]).toEqual([1, ['one', 'two']])
  world.clock.advance(61_000)
  await look()
  expect(await drafts()).toEqual([])
}, 60_000)
