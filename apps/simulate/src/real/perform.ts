import type { MutationBody } from '@inlet/protocol/mutations'
import { FAULTS, type Gmail, GmailRefused, type Google } from './google.ts'
import type { Life } from './life.ts'
import type { Act } from './plan.ts'
import type { Stack } from './stack.ts'
import { lapseLeases } from './time.ts'

const at = <T>(items: readonly T[], share: number): T | undefined => items[Math.floor(share * items.length)]

/** Where an act takes place. */
export type Scene = { life: Life; stack: Stack; google: Google }

/** Makes one act of the plan happen. What the network, a server that is down or Gmail refuses is no news. */
export async function perform(scene: Scene, act: Act): Promise<void> {
  try {
    await doIt(scene, act)
  } catch (error) {
    if (!isOfTheWorld(error)) scene.life.report(`the simulation itself, ${act.type}: ${describeError(error)}`)
  }
}

function isOfTheWorld(error: unknown): boolean {
  if (error instanceof GmailRefused || error instanceof SyntaxError) return true
  if (!(error instanceof Error)) return false
  return (
    error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    /fetch failed|Failed to fetch|terminated|answered \d|Connecting|DatabaseClosed|was cut|has died/i.test(
      `${error.name} ${error.message}`,
    )
  )
}

const describeError = (error: unknown) =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

function doIt(scene: Scene, act: Act): unknown {
  switch (act.type) {
    case 'deliver':
    case 'read':
    case 'star':
    case 'trash':
    case 'delete':
    case 'label':
    case 'moveThread':
    case 'many':
    case 'draft':
    case 'send':
    case 'createLabel':
    case 'renameLabel':
    case 'deleteLabel':
      return onTelephone(scene, act)
    case 'break':
    case 'heal':
    case 'expireHistory':
    case 'expireTokens':
    case 'revoke':
    case 'endWatch':
    case 'removeWatch':
    case 'provider':
      return atGoogle(scene, act)
    case 'reconnect':
    case 'stop':
    case 'start':
    case 'syncNow':
    case 'resync':
      return onAccount(scene, act)
    case 'leasesLapse':
      return lapseLeases(scene.stack.database, [scene.life.person.userId])
    default:
      return inBrowser(scene, act)
  }
}

type OnMailbox<T extends Act['type']> = Extract<Act, { type: T; mailbox: number }>

/** The person changes mail at Gmail, elsewhere; mail arrives. */
async function onTelephone(
  { life, google }: Scene,
  act: OnMailbox<
    | 'deliver'
    | 'read'
    | 'star'
    | 'trash'
    | 'delete'
    | 'label'
    | 'moveThread'
    | 'many'
    | 'draft'
    | 'send'
    | 'createLabel'
    | 'renameLabel'
    | 'deleteLabel'
  >,
): Promise<unknown> {
  const gmail = mailboxOf(life, act)
  const { r, s, type } = act
  if (type === 'deliver') return deliver(life, google, gmail, act)
  if (type === 'createLabel') return gmail.call('POST', 'labels', { name: `Label ${Math.floor(r * 1_000)}` })
  if (type === 'send')
    return gmail.call('POST', 'messages/send', { raw: letter(gmail.email, `Elsewhere ${r}`) })
  if (type === 'draft')
    return gmail.call('POST', 'drafts', { message: { raw: letter(gmail.email, `Draft ${r}`) } })
  if (type === 'renameLabel' || type === 'deleteLabel') {
    const own = at(
      (await gmail.labels()).filter(label => label.type === 'user'),
      s,
    )
    if (!own) return
    if (type === 'deleteLabel') return gmail.call('DELETE', `labels/${own.id}`)
    return gmail.call('PATCH', `labels/${own.id}`, { name: `Renamed ${Math.floor(r * 1_000)}` })
  }
  const all = await gmail.ids()
  const one = at(all, r)
  if (!one) return
  if (type === 'delete') return gmail.call('DELETE', `messages/${one.id}`)
  if (type === 'trash') return gmail.call('POST', `messages/${one.id}/trash`)
  const own = at(
    (await gmail.labels()).filter(label => label.type === 'user'),
    s,
  )
  if (type === 'many') {
    const change = s < 0.5 ? { removeLabelIds: ['UNREAD'] } : { addLabelIds: [own?.id ?? 'STARRED'] }
    return gmail.call('POST', 'messages/batchModify', {
      ids: all.slice(0, 40).map(({ id }) => id),
      ...change,
    })
  }
  if (type === 'moveThread')
    return gmail.call('POST', `threads/${one.threadId}/modify`, {
      addLabelIds: [own?.id ?? 'TRASH'],
      removeLabelIds: ['INBOX'],
    })
  const label = type === 'read' ? 'UNREAD' : type === 'star' ? 'STARRED' : own?.id
  if (!label) return
  const carries = (await gmail.message(one.id)).labelIds?.includes(label)
  return gmail.call('POST', `messages/${one.id}/modify`, {
    [carries ? 'removeLabelIds' : 'addLabelIds']: [label],
  })
}

async function deliver(
  life: Life,
  google: Google,
  gmail: Gmail,
  { r, s, count, sameThread }: OnMailbox<'deliver'>,
): Promise<void> {
  let answered: string | undefined
  let subject = `News ${Math.floor(r * 1e6)} of seed ${life.plan.seed}`
  if (sameThread) {
    const one = at(await gmail.ids(), r)
    const headers = one ? ((await gmail.message(one.id)).payload?.headers ?? []) : []
    const header = (name: string) => headers.find(each => each.name.toLowerCase() === name)?.value
    answered = header('message-id')
    subject = `Re: ${(header('subject') ?? subject).replace(/^(re: ?)+/i, '')}`
  }
  const from = at(
    ['Ada <ada@example.com>', 'bob@example.com', 'Bob <BOB@example.com>', 'Cy <cy@example.com>'],
    s,
  )
  for (let n = 0; n < count; n++) {
    const raw = letter(gmail.email, count > 1 && !answered ? `${subject}, ${n}` : subject, from, answered)
    await receive(google, gmail.email, raw)
  }
}

/** A letter, as made by `letter`, arrives. */
export async function receive(google: Google, account: string, letter: string): Promise<void> {
  await google.control('deliver', { account, raw: Buffer.from(letter, 'base64url').toString('base64') })
}

let letters = 0

/** base64url, as Gmail takes it. */
export function letter(
  to: string,
  subject: string,
  from = 'Ada <ada@example.com>',
  answered?: string,
): string {
  const lines = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Message-ID: <${++letters}.${process.pid}@simulate.example>`,
    ...(answered ? [`In-Reply-To: ${answered}`, `References: ${answered}`] : []),
    '',
    `This is the text of "${subject}".`,
  ]
  return Buffer.from(lines.join('\r\n')).toString('base64url')
}

async function atGoogle(
  { life, google }: Scene,
  act: OnMailbox<
    'break' | 'heal' | 'expireHistory' | 'expireTokens' | 'revoke' | 'endWatch' | 'removeWatch' | 'provider'
  >,
): Promise<unknown> {
  const gmail = mailboxOf(life, act)
  const account = gmail.email
  switch (act.type) {
    case 'break': {
      // One that is here already, or one that arrives and cannot be read in all three tries that follow at once.
      const one = act.s < 0.4 ? at(await gmail.ids(), act.r)?.id : '*'
      if (!one) return
      const match = { account, path: `/gmail/v1/users/*/messages/${one}`, method: 'GET' }
      const fault = { kind: 'status', status: 500, match, ...(one === '*' && { count: 3 }) }
      life.broken.push((await google.control<{ id: string }>('faults', fault)).id)
      return one === '*' && receive(google, account, letter(account, `Hard to read ${act.r}`))
    }
    case 'heal':
      return Promise.all(life.broken.splice(0).map(id => google.endFault(id)))
    case 'expireHistory':
      return google.control('expire-history', { account })
    case 'expireTokens':
      return google.control('expire-tokens', { account })
    case 'revoke':
      return google.control('revoke', { account })
    case 'endWatch':
      return google.control('expire-watch', { account })
    case 'removeWatch':
      return google.control('remove-watch', { account })
    case 'provider': {
      const { fault, forMs, probability } = act
      const seed = Math.floor(act.r * 2 ** 31)
      await google.control('faults', { ...FAULTS[fault], match: { account }, forMs, probability, seed })
      // A rotation shows only where a token is refreshed.
      if (fault === 'rotate') await google.control('expire-tokens', { account })
    }
  }
}

async function onAccount(
  { life, stack }: Scene,
  act: OnMailbox<'reconnect' | 'stop' | 'start' | 'syncNow' | 'resync'>,
): Promise<unknown> {
  const { person } = life
  const { email } = mailboxOf(life, act)
  if (act.type === 'reconnect') return person.connect(email)
  const [account] = await stack.database.query<{ id: string }>(
    'SELECT id FROM account WHERE user_id = $1 AND email = $2',
    [person.userId, email],
  )
  if (!account) return
  const post = (path: string, body?: object) =>
    person.request(path, { method: 'POST', ...(body && { body }) })
  if (act.type === 'syncNow') return post('/api/sync', { accountId: account.id })
  return post(`/api/accounts/${account.id}/${act.type === 'resync' ? 'backfill' : act.type}`)
}

async function inBrowser(scene: Scene, act: Extract<Act, { browser: number }>): Promise<unknown> {
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
  const mirror = at(life.browsers[act.browser]?.tabs ?? [], act.s)?.mirror
  const { email } = mailboxOf(life, act)
  const account = (await mirror?.db.accounts.toArray())?.find(each => each.email === email)
  if (!mirror || !account) return
  if (act.what === 'send') {
    const subject = `Sent ${Math.floor(act.r * 1e9)} by seed ${life.plan.seed}`
    const to = [{ name: '', email: 'far@example.com' }]
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
    life.sent.set(await mirror.mutate({ type: 'send', message }), { subject, mailbox: act.mailbox })
    return
  }
  const messages = await mirror.db.messages.toArray()
  const one = at(
    messages.filter(message => message.accountId === account.id),
    act.r,
  )
  if (!one) return
  const messageIds = [one.id]
  const labels = await mirror.db.labels.toArray()
  const own = at(
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

function mailboxOf(life: Life, { mailbox }: { mailbox: number }): Gmail {
  const gmail = life.mailboxes[mailbox]
  if (!gmail) throw new Error(`There is no mailbox ${mailbox}.`)
  return gmail
}
