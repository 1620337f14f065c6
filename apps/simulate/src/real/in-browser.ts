import type { MutationBody } from '@inlet/protocol/mutations'
import type { Act } from './plan.ts'
import { FAR } from './sandbox.ts'
import { mailboxOf, pick, type Scene } from './scene.ts'

/** What happens to a browser, its tabs and its network, and what the person does in it. */
export async function inBrowser(scene: Scene, act: Extract<Act, { browser: number }>): Promise<unknown> {
  const browser = scene.life.browsers[act.browser]
  if (!browser) return
  switch (act.type) {
    case 'openTab':
      return browser.tabs.length < 3 && browser.openTab()
    case 'closeTabs':
      await browser.closeTabs()
      return browser.openTab()
    case 'crashTabs':
      browser.crashTabs()
      return browser.openTab()
    case 'wipe':
      browser.wipe()
      return browser.openTab()
    case 'look':
      return browser.look()
    case 'cut':
      return browser.cut()
    case 'sleep':
      return browser.sleep(act.forMs)
    case 'offline':
      browser.setOnline(false)
      return setTimeout(() => browser.setOnline(true), act.forMs)
    case 'network':
      for (const { network } of browser.tabs)
        network.faults.push({ fault: act.fault, probability: act.probability, until: Date.now() + act.forMs })
      return
    case 'mutate':
      return mutate(scene, act)
  }
}

/** The person changes something in the product. */
async function mutate({ life }: Scene, act: Extract<Act, { type: 'mutate' }>): Promise<void> {
  const mirror = pick(life.browsers[act.browser]?.tabs ?? [], act.s)?.mirror
  const { email } = mailboxOf(life, act)
  const account = (await mirror?.db.accounts.toArray())?.find(each => each.email === email)
  if (!mirror || !account) return
  if (act.what === 'send') {
    const subject = `Sent ${Math.floor(act.r * 1e9)} by seed ${life.plan.seed}`
    const to = [{ name: '', email: FAR }]
    const message = {
      accountId: account.id,
      to,
      cc: [],
      bcc: [],
      subject,
      text: 'Hello.',
      html: null,
      inReplyTo: null,
    }
    life.sent.set(await mirror.mutate({ type: 'send', message }), subject)
    return
  }
  const messages = await mirror.db.messages.toArray()
  const one = pick(
    messages.filter(message => message.accountId === account.id),
    act.r,
  )
  if (!one) return
  const messageIds = [one.id]
  const labels = await mirror.db.labels.toArray()
  const own = pick(
    labels.filter(each => each.accountId === account.id && each.role === null && !each.hidden),
    act.s,
  )
  const carries = own !== undefined && one.labelIds.includes(own.id)
  const bodies: Record<Exclude<typeof act.what, 'send'>, MutationBody | null> = {
    read: { type: 'read', messageIds, read: one.unread },
    star: { type: 'star', messageIds, starred: !one.starred },
    archive: { type: 'archive', messageIds },
    trash: { type: 'trash', messageIds },
    label: own
      ? { type: 'label', messageIds, add: carries ? [] : [own.id], remove: carries ? [own.id] : [] }
      : null,
  }
  const body = bodies[act.what]
  if (body) await mirror.mutate(body)
}
