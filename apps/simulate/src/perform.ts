import type { MutationBody } from '@inlet/protocol/mutations'
import { startReconcile } from '@inlet/sync/reconcile'
import { prune } from '@inlet/testkit/memory-store/feed-reader'
import { describe, type Operation } from './history.ts'
import { ImapMailbox } from './imap/imap-mailbox.ts'
import { shift } from './imap/shift.ts'
import { isStored } from './is-stored.ts'
import { type Mailbox, SENT_HERE } from './mailbox.ts'
import { FLICKER_MS } from './provider.ts'
import type { World } from './world.ts'

const at = <T>(items: readonly T[], share: number): T | undefined => items[Math.floor(share * items.length)]

/** Makes one operation of the history happen. What it answers means nothing. */
export function perform(world: World, operation: Operation): unknown {
  const { clock } = world
  if (world.trace.on) world.trace.say('—', describe(operation))
  switch (operation.type) {
    case 'deliver':
    case 'read':
    case 'star':
    case 'trash':
    case 'delete':
    case 'label':
    case 'thereAndBack':
    case 'moveThread':
    case 'break':
    case 'heal':
    case 'flicker':
    case 'onceListed':
    case 'createLabel':
    case 'renameLabel':
    case 'deleteLabel':
    case 'fleetingLabel':
    case 'expireCursors':
    case 'shift':
      return changeMailbox(world, world.mailbox(operation.mailbox), operation)
    case 'mutate':
    case 'poll':
    case 'revoke':
    case 'reconnect':
    case 'endWatch':
    case 'forgePush':
    case 'syncNow':
    case 'resync':
    case 'stop':
    case 'start':
      return changeAccount(world, operation)
    case 'fault':
      return world.faults.open(operation.target, operation.kind, operation.probability, operation.forMs)
    case 'crashWorker':
    case 'crashWeb': {
      const all = operation.type === 'crashWorker' ? world.workers : world.webServers
      return all[operation.index % all.length]?.process.kill()
    }
    case 'restartWorker': {
      const index = operation.index % world.workers.length
      const worker = world.workers[index]
      return worker?.stop().then(() => worker.process.kill())
    }
    case 'freezeWorker': {
      const worker = world.workers[operation.index % world.workers.length]
      worker?.process.freeze()
      clock.after(operation.forMs, () => worker?.process.thaw())
      return
    }
    case 'busDown':
      world.setBus(false)
      clock.after(operation.forMs, () => world.setBus(true))
      return
    case 'prune':
      // Tombstones are pruned after 30 days, when nothing fetched before the deletion can still be under way: at rest.
      if ([...world.state.resources.values()].some(lane => lane.leaseToken !== null)) return
      prune(world.state, clock.now())
      return world.monitor.committed('prune')
    default:
      return changeBrowser(world, operation)
  }
}

function changeMailbox(
  world: World,
  mailbox: Mailbox,
  operation: Extract<Operation, { mailbox: number }>,
): unknown {
  const { r, s } = operation
  const id = at(mailbox.ids(), r)
  const own = at(mailbox.ownLabels(), s)
  const toggle = (label: string) => id !== undefined && mailbox.toggle(id, label)
  switch (operation.type) {
    case 'deliver': {
      const threadId =
        operation.sameThread && id !== undefined ? mailbox.messages.get(id)?.threadId : undefined
      const from = at(['ada@example.com', 'Bob@example.com', 'bob@EXAMPLE.com', 'cy@example.com'], s) ?? ''
      for (let n = 0; n < operation.count; n++)
        mailbox.deliver(world.clock.now(), { from, ...(threadId ? { threadId } : {}) })
      return
    }
    case 'read':
      return toggle('UNREAD')
    case 'star':
      return toggle('STARRED')
    case 'label':
      return own && toggle(own)
    case 'trash':
      return id && mailbox.label(id, ['TRASH'], ['INBOX'])
    case 'delete': {
      // What goes while it is on its way here is the harder half.
      const coming = s < 0.5 ? mailbox.ids().filter(each => !isStored(world.state, mailbox.email, each)) : []
      const gone = at(coming, r) ?? id
      return gone && mailbox.remove(gone)
    }
    case 'thereAndBack': {
      const home = id && mailbox.messages.get(id)?.labelIds[0]
      if (id === undefined || home === undefined || !own) return
      mailbox.label(id, [own], [home])
      world.clock.after(50 + s * 900, () => mailbox.label(id, [home], [own]))
      return
    }
    case 'moveThread': {
      const threadId = id && mailbox.messages.get(id)?.threadId
      for (const message of [...mailbox.messages.values()])
        if (message.threadId === threadId) mailbox.label(message.id, [own ?? 'TRASH'], ['INBOX'])
      return
    }
    case 'break':
      return id && mailbox.broken.add(id)
    case 'heal':
      return mailbox.broken.clear()
    case 'flicker': {
      const { id: flickering } = mailbox.deliver(world.clock.now())
      mailbox.broken.add(flickering)
      mailbox.flickering.add(flickering)
      world.clock.after(FLICKER_MS, () => mailbox.broken.delete(flickering))
      return
    }
    case 'onceListed': {
      // What a listing is about to bring goes or changes meanwhile, and only live sync hears of it.
      const { id: listed } = mailbox.deliver(world.clock.now())
      mailbox.onceListed.set(listed, () =>
        s < 0.6 ? mailbox.remove(listed) : mailbox.toggle(listed, 'STARRED'),
      )
      return mailbox.expireCursors(0)
    }
    case 'createLabel':
      return mailbox.createLabel(`Label ${Math.floor(r * 1000)}`)
    case 'renameLabel':
      return own && mailbox.renameLabel(own, `Renamed ${Math.floor(r * 1000)}`)
    case 'deleteLabel':
      return own && mailbox.deleteLabel(own, r < 0.4)
    case 'fleetingLabel': {
      if (id === undefined) return
      const fleeting = mailbox.createLabel(`Fleeting ${Math.floor(r * 1000)}`)
      mailbox.fleeting.add(fleeting)
      return mailbox.label(id, [fleeting], [])
    }
    case 'expireCursors':
      return mailbox.expireCursors(s)
    case 'shift':
      return mailbox instanceof ImapMailbox && shift(mailbox, operation.what, r, s)
  }
}

async function changeAccount(
  world: World,
  operation: Extract<Operation, { mailbox: number }>,
): Promise<void> {
  const { r, s, mailbox: index } = operation
  const accountId = world.accountId(index)
  const mailbox = world.mailbox(index)
  if (operation.type === 'revoke') mailbox.revoked = true
  if (operation.type === 'endWatch') mailbox.endWatch(r)
  if (operation.type === 'forgePush') mailbox.forgePush(r)
  if (operation.type === 'reconnect') return await world.connect(index)
  if (accountId === null) return
  const { store } = world.personsEngine()
  const now = world.clock.now()
  try {
    if (operation.type === 'syncNow') await store.mark({ accountId, lanes: ['live', 'items'] }, 'person', now)
    if (operation.type === 'poll') {
      const lanes = [...world.state.resources.values()].filter(
        lane => lane.accountId === accountId && lane.lane === 'live',
      )
      // The tree is what is polled; the others are, now and then.
      const tree = r < 0.4 ? lanes.find(({ key }) => key === mailbox.traits.tree) : undefined
      const lane = tree ?? at(lanes, r)
      if (lane) await store.mark({ resourceId: lane.id }, 'poll', now)
    }
    if (operation.type === 'resync') await startReconcile(world.personsEngine(), accountId, 'person')
    if (operation.type === 'stop') await store.setEnabled(accountId, false, now)
    if (operation.type === 'start') await store.setEnabled(accountId, true, now)
  } catch {
    // The database is away: the person sees an error.
  }
  if (operation.type !== 'mutate') return
  const browser = world.browsers.find(each => each.userId === `user${world.shape.mailboxes[index]}`)
  const rows = [...(browser?.disk.table('messages').values() ?? [])].filter(
    row => row.accountId === accountId,
  )
  const id = at(rows, r)?.id
  const mail = {
    accountId,
    to: [{ name: '', email: 'to@example.com' }],
    cc: [],
    bcc: [],
    text: 'Hello',
    html: null,
    inReplyTo: null,
  }
  if (s < 0.15 || typeof id !== 'string')
    return await browser?.mutate({ type: 'send', message: { ...mail, subject: `${SENT_HERE}${r}` } })
  const messageIds = [id]
  const changes: MutationBody[] = [
    { type: 'read', messageIds, read: r < 0.5 },
    { type: 'star', messageIds, starred: r < 0.5 },
    { type: 'archive', messageIds },
    { type: 'trash', messageIds },
  ]
  const body = at(changes, (s - 0.15) / 0.85)
  if (body) await browser?.mutate(body)
}

function changeBrowser(world: World, operation: Extract<Operation, { browser: number }>): unknown {
  const browser = world.browsers[operation.browser]
  if (!browser) return
  switch (operation.type) {
    case 'openTab':
      return browser.tabs.length < 2 ? browser.openTab() : undefined
    case 'closeTabs':
      return browser.closeTabs()
    case 'crashTabs':
      return browser.crash()
    case 'wipe':
      return browser.disk.wipe()
    case 'look':
      return browser.look()
    case 'sleepBrowser':
      browser.freeze()
      world.clock.after(operation.forMs, () => browser.thaw())
      return
    case 'offline':
      browser.setOnline(false)
      world.clock.after(operation.forMs, () => browser.setOnline(true))
      return
  }
}
