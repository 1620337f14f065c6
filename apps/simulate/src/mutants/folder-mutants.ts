import type { MailProvider } from '@inlet/sync/engine'
import { plan } from '@inlet/sync/plan'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { ProviderPort, PulledPage } from '@inlet/sync/provider-port'
import type { MemoryState } from '@inlet/testkit/memory-store/state'
import { NEWEST } from '../folder-version.ts'
import { type Mailbox, NOTHING } from '../mailbox.ts'
import type { Scene } from '../substitutes.ts'
import type { Mutant } from './mutant.ts'

/** Where labels are folders, a port that does this instead. */
const porting =
  (change: (port: ProviderPort, scene: Scene) => Partial<ProviderPort>) =>
  (inner: MailProvider, scene: Scene): MailProvider =>
    inner.port.tree === undefined
      ? inner
      : { ...inner, port: { ...inner.port, ...change(inner.port, scene) } }

const mailboxOf = ({ mailboxes }: Scene, email: string): Mailbox => {
  const mailbox = mailboxes.get(email)
  if (!mailbox) throw new ProviderError('permanent', `There is no mailbox ${email}.`)
  return mailbox
}

/** Where each message was first met: there it has its own id, and elsewhere another. */
const homes = new WeakMap<Mailbox, Map<string, string>>()
const idIn = (mailbox: Mailbox, id: string, folder: string): string => {
  const known = homes.get(mailbox) ?? new Map<string, string>()
  homes.set(mailbox, known)
  const home = known.get(id) ?? folder
  known.set(id, home)
  return home === folder ? id : `${id}@${folder}`
}
const bare = (id: string): string => id.replace(/@.*/, '')

/** Cursors that were used, by world. */
const used = new WeakMap<MemoryState, Set<string>>()

/** Bugs in how accounts with folders are followed. */
export const folderMutants: Mutant[] = [
  {
    name: 'removal-as-deletion',
    breaks: 'I7',
    what: 'what has left a folder is deleted without asking where it is',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          for await (const page of port.pull(conn, resource, cursor, signal)) {
            const gone = page.touched.filter(({ version }) => version === NEWEST)
            yield {
              ...page,
              touched: page.touched.filter(({ version }) => version < NEWEST),
              deletions: gone,
            }
          }
        },
      })),
    },
  },
  {
    name: 'move-as-another-message',
    breaks: 'I7',
    what: 'ids are not asked for as immutable, so a move deletes a message and creates another',
    substitutes: {
      provider: porting((port, scene) => ({
        async *pull(conn, resource, cursor, signal) {
          const mailbox = mailboxOf(scene, conn.email)
          for await (const page of port.pull(conn, resource, cursor, signal)) {
            const gone = page.touched.filter(({ version }) => version === NEWEST)
            const here = page.touched.filter(({ version }) => version < NEWEST)
            const named = <T extends { id: string }>(item: T): T => ({
              ...item,
              id: idIn(mailbox, item.id, resource),
            })
            yield { ...page, touched: here.map(named), deletions: gone.map(named) }
          }
        },
        async list(conn, resource, listing, position, signal, whole) {
          const page = await port.list(conn, resource, listing, position, signal, whole)
          const mailbox = mailboxOf(scene, conn.email)
          const items = page.items.map(item => {
            const id = idIn(mailbox, item.id, resource)
            return { id, message: item.message && { ...item.message, id } }
          })
          return { ...page, items }
        },
        async *fetch(conn, resource, ids, options, signal) {
          const mailbox = mailboxOf(scene, conn.email)
          for await (const fetched of port.fetch(conn, resource, ids.map(bare), options, signal)) {
            const asked = ids.find(id => bare(id) === fetched.id) ?? fetched.id
            if (fetched.outcome !== 'message') yield { ...fetched, id: asked }
            else if (idIn(mailbox, fetched.id, fetched.message.labelIds[0] ?? '') !== asked)
              yield { id: asked, outcome: 'missing' }
            else yield { ...fetched, id: asked, message: { ...fetched.message, id: asked } }
          }
        },
      })),
    },
  },
  {
    name: 'folder-cursor-before-page',
    breaks: 'I1',
    what: 'a folder’s new cursor is stored before the pages that lead to it',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          const pages: PulledPage[] = []
          for await (const page of port.pull(conn, resource, cursor, signal)) pages.push(page)
          yield { ...NOTHING, cursor: pages.at(-1)?.cursor ?? null, labelsChanged: false }
          for (const page of pages) yield { ...page, cursor: null }
        },
      })),
    },
  },
  {
    name: 'last-modified-alone',
    breaks: 'I1',
    what: 'states are told apart by their whole seconds alone, so there and back within one is no change',
    substitutes: {
      provider: porting(port => {
        const whole = <T extends { version: bigint }>(item: T): T => ({
          ...item,
          version: item.version === NEWEST ? NEWEST : (item.version >> 33n) << 33n,
        })
        return {
          async *pull(conn, resource, cursor, signal) {
            for await (const page of port.pull(conn, resource, cursor, signal))
              yield { ...page, touched: page.touched.map(whole) }
          },
          async list(conn, resource, listing, position, signal) {
            const page = await port.list(conn, resource, listing, position, signal)
            const items = page.items.map(({ id, message }) => ({ id, message: message && whole(message) }))
            return { ...page, items }
          },
          async *fetch(conn, resource, ids, options, signal) {
            for await (const fetched of port.fetch(conn, resource, ids, options, signal))
              yield fetched.outcome === 'message' ? { ...fetched, message: whole(fetched.message) } : fetched
          },
        }
      }),
    },
  },
  {
    name: 'replayed-link-jumps',
    breaks: 'I1',
    what: 'a cursor that was followed before leads straight to now',
    substitutes: {
      provider: porting((port, { state }) => ({
        async *pull(conn, resource, cursor, signal) {
          const before = used.get(state) ?? new Set()
          used.set(state, before)
          const link = `${conn.email} ${resource} ${cursor}`
          if (!before.has(link)) {
            before.add(link)
            return yield* port.pull(conn, resource, cursor, signal)
          }
          const now = await port.currentCursor(conn, resource, signal)
          yield { ...NOTHING, cursor: now, labelsChanged: false }
        },
      })),
    },
  },
  {
    name: 'any-lane-writes-folders',
    breaks: 'I9',
    what: 'each folder’s lane writes the list of folders as it was when its run began',
    substitutes: {
      store: (inner, scene) => {
        const lists = new Map<
          string,
          Pick<Mailbox, 'labels'> & { resources: ReturnType<Mailbox['resources']> }
        >()
        return {
          ...inner,
          claimDue: async options => {
            const claims = await inner.claimDue(options)
            for (const { lane, key, email, lease } of claims) {
              const mailbox = mailboxOf(scene, email)
              if (lane === 'live' && mailbox.traits.tree !== undefined && mailbox.traits.tree !== key)
                lists.set(lease.token, { labels: mailbox.labels, resources: mailbox.resources() })
            }
            return claims
          },
          commit: batch => inner.commit({ ...batch, ...lists.get(batch.lease.token) }),
        }
      },
    },
  },
  {
    name: 'folder-forgotten-unasked',
    breaks: 'I1',
    what: 'a folder that goes is forgotten, and nobody asks where its messages are',
    substitutes: {
      store: inner => ({
        ...inner,
        unlisted: async (resourceId, listing, ...rest) =>
          listing.startsWith('gone:') && resourceId.includes('.folders.')
            ? []
            : await inner.unlisted(resourceId, listing, ...rest),
      }),
    },
  },
  {
    name: 'gone-before-stored-forgotten',
    breaks: 'I4',
    what: 'nothing is kept of a message that was gone before it was stored, so a listing in flight brings it back',
    substitutes: {
      plan: (stored, batch) => {
        const writes = plan(stored, batch)
        return { ...writes, tombstones: writes.tombstones.filter(({ version }) => version > 0n) }
      },
    },
  },
  {
    name: 'tree-cursor-after-list',
    breaks: 'I9',
    what: 'the first cursor of the list of folders is taken when the list has been read instead of before',
    substitutes: {
      store: (inner, { state, mailboxes }) => ({
        ...inner,
        commit: batch => {
          const lane = state.resources.get(batch.lease.resourceId)
          const email = state.users.get(batch.userId)?.accounts.get(batch.accountId)?.row.email ?? ''
          const mailbox = mailboxes.get(email)
          const late =
            batch.startListing && lane && mailbox?.traits.tree === lane.key && !mailbox.traits.placed
          return inner.commit(late ? { ...batch, cursor: mailbox.cursor(lane.key) } : batch)
        },
      }),
    },
  },
  {
    name: 'watch-secret-not-compared',
    breaks: 'I13',
    what: 'a push that names a watch is believed whatever secret it carries',
    substitutes: {
      store: (inner, { state }) => ({
        ...inner,
        recordPush: async (event, now) => {
          const named = [...state.resources.values()].find(
            lane => event.watch && lane.watch?.providerId === event.watch.providerId,
          )
          const secret = named?.watch?.secret
          if (!event.watch || !secret) return await inner.recordPush(event, now)
          return await inner.recordPush({ ...event, watch: { ...event.watch, secret } }, now)
        },
      }),
    },
  },
]
