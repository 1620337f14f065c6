import type { MailProvider } from '@inlet/sync/engine'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, Fetched, ProviderMutation, ProviderPort } from '@inlet/sync/provider-port'
import type { Clock } from './clock.ts'
import type { FaultKind, Faults } from './faults.ts'
import { simulatedImap } from './imap/imap-port.ts'
import type { Mailbox, Traits } from './mailbox.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'

export type ProviderWorld = {
  clock: Clock
  faults: Faults
  random: Random
  mailboxes: ReadonlyMap<string, Mailbox>
  pageSize: number
  /** How long a new watch lives. */
  watchMs: () => number
  /**
   * Is this message stored already, with the set's label? A listing may leave out only such ones: what it never shows,
   * nobody can know.
   */
  isStored: (email: string, messageId: string, labelId?: string) => boolean
  isPlaced: (email: string, at: { resource: string; epoch: string; uid: number }) => boolean
}

const ANSWERS: readonly FaultKind[] = [
  'slow',
  'transient',
  'rate_limited',
  'unauthorized',
  'permanent',
  'internal',
]
const TOKEN_MS = 30 * 60_000
/** How long what flickers cannot be read: shorter than it takes until a failed item is tried again. */
export const FLICKER_MS = 20_000

/** A provider as one process sees it: the real port's contract over the simulated mailboxes, with faults on the way. */
export function simulatedProvider(world: ProviderWorld, process: Process, traits: Traits): MailProvider {
  const { clock, faults, random, mailboxes } = world
  const bearer = (token: string): { mailbox: Mailbox; accepted: boolean } => {
    const [email = '', generation] = token.split('#')
    const mailbox = mailboxes.get(email)
    if (!mailbox)
      throw new ProviderError('unauthorized', `The token ${token} is of no mailbox.`, { reconnect: true })
    return { mailbox, accepted: !mailbox.revoked && mailbox.generation === Number(generation) }
  }

  /** The way there. What is read after it is the provider's state at that moment. */
  async function ask(
    what: string,
    conn: Connection,
    signal: AbortSignal,
    more: readonly FaultKind[] = [],
  ): Promise<{ mailbox: Mailbox; fault: FaultKind | null }> {
    const token = await conn.accessToken(signal)
    await process.step(() => clock.sleep(random.int(5, 60), signal))
    const fault = faults.strike('provider', [...ANSWERS, ...more])
    if (fault === 'slow') await process.step(() => clock.sleep(random.int(5_000, 90_000), signal))
    if (fault === 'transient') throw new ProviderError('transient', `${what}: the provider answered 503.`)
    if (fault === 'permanent') throw new ProviderError('permanent', `${what}: the provider answered 400.`)
    if (fault === 'internal') throw new TypeError(`${what}: cannot read properties of undefined`)
    if (fault === 'rate_limited') {
      const retryAt = clock.now() + random.int(1_000, 40_000)
      throw new ProviderError('rate_limited', `${what}: too many requests.`, { retryAt })
    }
    // As the adapters do: a token that is refused is refreshed once, which fails for good where the grant is gone.
    const { accepted } = bearer(token)
    const usable = bearer(
      accepted && fault !== 'unauthorized' ? token : await conn.accessToken(signal, token),
    )
    if (!usable.accepted) throw new ProviderError('unauthorized', `${what}: the access token was refused.`)
    return { mailbox: usable.mailbox, fault }
  }

  /** The way back: what was read may be old by the time it arrives. */
  const back = async (signal: AbortSignal): Promise<void> => {
    const luck = random.next()
    if (luck > 0.3 || (faults.calm && luck < 0.06)) return
    await process.step(() =>
      clock.sleep(luck < 0.06 ? random.int(1_000, 12_000) : random.int(1, 400), signal),
    )
  }

  const base: ProviderPort = {
    ...traits,
    async identify(conn, signal) {
      const { mailbox } = await ask('identify', conn, signal)
      return { email: mailbox.email, displayName: mailbox.email }
    },
    async resources(conn, signal) {
      const { mailbox } = await ask('resources', conn, signal)
      const resources = mailbox.resources()
      await back(signal)
      return resources
    },
    async currentCursor(conn, resource, signal) {
      const { mailbox } = await ask('currentCursor', conn, signal)
      const cursor = mailbox.cursor(resource)
      await back(signal)
      return cursor
    },
    async *pull(conn, resource, cursor, signal) {
      let from: string | null = cursor
      while (from !== null) {
        const { mailbox, fault } = await ask('pull', conn, signal, ['expired'])
        if (fault === 'expired') throw new ProviderError('cursor_expired', 'The cursor is too old.')
        const { arrive, next } = mailbox.page(resource, from, world.pageSize)
        await back(signal)
        yield arrive(clock.now())
        from = next
      }
    },
    async listings(conn, resource, signal) {
      const { mailbox } = await ask('listings', conn, signal)
      return mailbox.listings(resource)
    },
    async list(conn, resource, listing, position, signal) {
      const askedAt = clock.now()
      const { mailbox, fault } = await ask('list', conn, signal, ['expired', 'omit'])
      if (fault === 'expired' && position !== null)
        throw new ProviderError('cursor_expired', 'The page token is too old.')
      const page = mailbox.list(resource, listing, position, world.pageSize, askedAt)
      const set = mailbox.listings(resource).find(each => each.name === listing)?.labelId
      const isStored = ({ id }: { id: string }) => world.isStored(mailbox.email, id, set ?? undefined)
      const omitted = fault === 'omit' ? page.items.findIndex(isStored) : -1
      const items = page.items.filter((_, index) => index !== omitted)
      if (mailbox.metInListing(items.map(({ id }) => id)))
        await process.step(() => clock.sleep(random.int(1_000, 8_000), signal))
      await back(signal)
      return { ...page, items }
    },
    async *fetch(conn, _resource, ids, { bodies }, signal): AsyncIterable<Fetched> {
      for (let from = 0; from < ids.length; from += 4) {
        const askedAt = clock.now()
        const { mailbox } = await ask('fetch', conn, signal)
        const outcomes = ids.slice(from, from + 4).map(id => fetched(mailbox, id, askedAt, faults))
        for (const { id, outcome } of outcomes) if (outcome === 'message') mailbox.shown(id)
        const flickered = outcomes.filter(
          each => each.outcome === 'message' && mailbox.flickering.delete(each.id),
        )
        for (const { id } of flickered) flicker(mailbox, id, clock)
        const overtaken = outcomes.filter(each => mailbox.overtaking.delete(each.id))
        for (const { id } of overtaken) mailbox.toggle(id, 'STARRED')
        if (flickered.length + overtaken.length > 0)
          await process.step(() => clock.sleep(random.int(1_000, 8_000), signal))
        await back(signal)
        yield* bodies ? outcomes : outcomes.map(withoutBody)
      }
    },
    async labels(conn, signal) {
      const { mailbox } = await ask('labels', conn, signal)
      const { labels } = mailbox
      await back(signal)
      return labels
    },
    async counts(conn, resource, signal) {
      const { mailbox } = await ask('counts', conn, signal)
      return { messages: mailbox.count(resource), unread: null }
    },
    async watch(conn, resource, request, signal) {
      const { mailbox, fault } = await ask('watch', conn, signal, ['fail_after'])
      const grant = mailbox.watch(resource, request, clock.now() + world.watchMs())
      if (fault === 'fail_after') throw new ProviderError('transient', 'watch: the answer was lost.')
      return grant
    },
    async unwatch(conn, { providerId }, signal) {
      const { mailbox } = await ask('unwatch', conn, signal)
      mailbox.unwatch(providerId)
    },
    async body(conn, messageId, signal) {
      const { mailbox } = await ask('body', conn, signal)
      const body = mailbox.messages.get(messageId)?.body
      if (!body) throw new ProviderError('not_found', `There is no message ${messageId}.`)
      return body
    },
    async attachment(conn, _messageId, _partId, signal) {
      await ask('attachment', conn, signal)
      throw new ProviderError('not_found', 'These mailboxes have no attachments.')
    },
    async mutate(conn, change, signal) {
      const { mailbox, fault } = await ask('mutate', conn, signal, ['unknown', 'fail_after', 'not_found'])
      if (fault === 'not_found') throw new ProviderError('not_found', 'mutate: the message is gone.')
      // A placed mailbox is changed by commands of the real adapter.
      if (placed && 'messageIds' in change) await placed.mutate?.(conn, change, signal)
      else carryOut(mailbox, change, clock.now())
      if (fault === 'unknown' && change.type === 'send')
        return { state: 'unknown', message: 'No answer came.' }
      if (fault === 'fail_after') throw new ProviderError('transient', 'mutate: the answer was lost.')
      await back(signal)
      return { state: 'done', messageId: null }
    },
  }

  const placed = traits.placed
    ? simulatedImap({
        ...{ clock, random, faults, process, ask, back, pageSize: world.pageSize },
        // A place without its message is as good as never shown.
        isStored: (mailbox, folder, uid) =>
          world.isStored(mailbox.email, folder.entries.get(uid)?.letter.id ?? '') &&
          world.isPlaced(mailbox.email, {
            resource: mailbox.keyOf(folder),
            epoch: `${folder.uidValidity}`,
            uid,
          }),
      })
    : null
  const port = placed ? { ...base, ...placed, mutate: base.mutate } : base
  return {
    port,
    async refresh(grant, signal) {
      await process.step(() => clock.sleep(random.int(20, 200), signal))
      const token = String(grant.data.accessToken)
      const { mailbox, accepted } = bearer(token)
      const { email, generation } = mailbox
      if (!accepted)
        throw new ProviderError('unauthorized', `The grant of ${email} was revoked.`, { reconnect: true })
      return {
        data: {
          ...grant.data,
          accessToken: `${email}#${generation}`,
          expiresAt: clock.now() + TOKEN_MS + random.int(0, 999),
        },
      }
    },
    token: grant => ({
      accessToken: String(grant.data.accessToken),
      expiresAt: Number(grant.data.expiresAt),
    }),
    revoke: async () => {},
  }
}

function flicker(mailbox: Mailbox, id: string, clock: Clock): void {
  mailbox.toggle(id, 'STARRED')
  mailbox.broken.add(id)
  clock.after(FLICKER_MS, () => mailbox.broken.delete(id))
}

function fetched(mailbox: Mailbox, id: string, askedAt: number, faults: Faults): Fetched {
  const message = mailbox.state(id, askedAt)
  if (!message) return { id, outcome: 'missing' }
  if (mailbox.broken.has(id))
    return {
      id,
      outcome: 'failed',
      code: 'unparsable',
      message: `Message ${id} cannot be read.`,
      retryAt: null,
    }
  if (faults.strike('provider', ['item_failed']))
    return {
      id,
      outcome: 'failed',
      code: 'batch_item',
      message: `Message ${id} answered 500 in its batch.`,
      retryAt: null,
    }
  return { id, outcome: 'message', message }
}

function withoutBody(each: Fetched): Fetched {
  return each.outcome === 'message' ? { ...each, message: { ...each.message, body: null } } : each
}

function carryOut(mailbox: Mailbox, change: ProviderMutation, now: number): void {
  if (change.type === 'send' || change.type === 'draft') {
    const times = mailbox.sent.get(change.clientId) ?? 0
    mailbox.sent.set(change.clientId, times + 1)
    if (times === 0)
      mailbox.deliver(now, { labelIds: ['SENT'], from: mailbox.email, subject: change.mail.subject })
    return
  }
  if (!('messageIds' in change)) return
  const [add, remove] = labelsOf(change)
  for (const id of change.messageIds) mailbox.label(id, add, remove)
}

function labelsOf(change: Extract<ProviderMutation, { messageIds: string[] }>): [string[], string[]] {
  switch (change.type) {
    case 'read':
      return change.read ? [[], ['UNREAD']] : [['UNREAD'], []]
    case 'star':
      return change.starred ? [['STARRED'], []] : [[], ['STARRED']]
    case 'archive':
      return [[], ['INBOX']]
    case 'trash':
      return [['TRASH'], ['INBOX']]
    case 'untrash':
      return [['INBOX'], ['TRASH']]
    case 'labels':
      return [change.add, change.remove]
  }
}
