import type { MailProvider } from '@inlet/sync/engine'
import { type PlaceReader, UID_LAST } from '@inlet/sync/places'
import { NOT_PLACED } from '@inlet/sync/plan-places'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, ProviderPort, PulledPage } from '@inlet/sync/provider-port'
import { ImapMailbox } from '../imap/imap-mailbox.ts'
import { NOTHING } from '../mailbox.ts'
import type { Scene } from '../substitutes.ts'
import type { Mutant } from './mutant.ts'

/** Where messages have places, a port that does this instead. */
const porting =
  (change: (port: ProviderPort, scene: Scene) => Partial<ProviderPort>) =>
  (inner: MailProvider, scene: Scene): MailProvider =>
    inner.port.placed ? { ...inner, port: { ...inner.port, ...change(inner.port, scene) } } : inner

const imapOf = (email: string, resource: string, { mailboxes }: Scene): ImapMailbox | null => {
  const mailbox = mailboxes.get(email)
  return mailbox instanceof ImapMailbox && mailbox.folderOf(resource) ? mailbox : null
}

/** Each copy under a name of its own. */
const named = (id: string, resource: string): string => `${id}@${resource}`
const bare = (id: string): string => id.replace(/@.*/, '')
const reading = (conn: Connection, of: PlaceReader['of']): Connection => ({
  ...conn,
  accountId: conn.accountId,
  email: conn.email,
  places: { ...conn.places, of },
})

/** Bugs in how a server with places is read. */
export const imapMutants: Mutant[] = [
  {
    name: 'status-believed-too-early',
    breaks: 'I1',
    what: 'a folder that was found to have news is taken to have been pulled, though its cursor is as old as then',
    substitutes: {
      provider: porting(port => {
        const told = new Map<string, string>()
        return {
          async survey(conn, cursors, signal) {
            const looks = new Map(await port.survey?.(conn, cursors, signal))
            for (const [key, look] of looks) {
              const name = `${conn.email} ${key}`
              if (look !== 'pull') told.delete(name)
              else if (told.get(name) === cursors.get(key)) looks.set(key, 'same')
              else told.set(name, cursors.get(key) ?? '')
            }
            return looks
          },
        }
      }),
    },
  },
  {
    name: 'survey-by-uids-alone',
    breaks: 'I1',
    what: 'a folder is passed over when nothing has arrived, whatever was expunged or flagged',
    substitutes: {
      provider: porting((port, scene) => ({
        async survey(conn, cursors, signal) {
          const looks = new Map(await port.survey?.(conn, cursors, signal))
          for (const [key, cursor] of cursors) {
            const mailbox = imapOf(conn.email, key, scene)
            if (mailbox && mailbox.position(cursor) === mailbox.latest(key)) looks.set(key, 'same')
          }
          return looks
        },
      })),
    },
  },
  {
    name: 'lost-place-as-deletion',
    breaks: 'I7',
    what: 'what lies at none of its places is gone, also where a folder has grown since',
    substitutes: {
      provider: porting(port => ({
        async *fetch(conn, resource, ids, options, signal) {
          for await (const fetched of port.fetch(conn, resource, ids, options, signal))
            yield fetched.outcome === 'failed' && fetched.code === NOT_PLACED
              ? { id: fetched.id, outcome: 'missing' }
              : fetched
        },
      })),
    },
  },
  {
    name: 'epoch-not-compared',
    breaks: 'I9',
    what: 'another UIDVALIDITY is not noticed: UIDs are taken to mean what they meant',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          try {
            yield* port.pull(conn, resource, cursor, signal)
          } catch (error) {
            if (!(error instanceof ProviderError && error.kind === 'cursor_expired')) throw error
            const now = await port.currentCursor(conn, resource, signal)
            yield { ...NOTHING, cursor: now, labelsChanged: false }
          }
        },
      })),
    },
  },
  {
    name: 'copy-as-another-message',
    breaks: 'I4',
    what: 'ids are made from the folder, too, so two copies count as two messages',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          for await (const page of port.pull(conn, resource, cursor, signal)) {
            if (!page.places) yield page
            else {
              const put = page.places.put.map(place => ({
                ...place,
                messageId: named(bare(place.messageId), resource),
              }))
              const touched = put.map(({ messageId }) => ({ id: messageId, version: 1n }))
              yield { ...page, places: { ...page.places, put }, touched }
            }
          }
        },
        async list(conn, resource, listing, position, signal, whole) {
          const page = await port.list(conn, resource, listing, position, signal, whole)
          const put = page.places?.put.map(place => ({
            ...place,
            messageId: named(place.messageId, resource),
          }))
          const items = page.items.map(item => ({ ...item, id: named(item.id, resource) }))
          return { ...page, items, ...(page.places && put && { places: { ...page.places, put } }) }
        },
        async *fetch(conn, resource, ids, options, signal) {
          for (const id of ids) {
            const of: PlaceReader['of'] = async () => {
              const places = (await conn.places.of([id])).get(id) ?? []
              const own = places.map(place => ({ ...place, messageId: bare(id) }))
              return new Map(own.length > 0 ? [[bare(id), own]] : [])
            }
            for await (const fetched of port.fetch(reading(conn, of), resource, [bare(id)], options, signal))
              yield fetched.outcome === 'message'
                ? { id, outcome: 'message', message: { ...fetched.message, id } }
                : { ...fetched, id }
          }
        },
      })),
    },
  },
  {
    name: 'place-without-message',
    breaks: 'I1',
    what: 'places are stored, and the messages that lie there are never fetched',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          for await (const page of port.pull(conn, resource, cursor, signal)) yield { ...page, touched: [] }
        },
      })),
    },
  },
  {
    name: 'place-cursor-before-page',
    breaks: 'I1',
    what: 'a folder’s cursor is stored before the places that lead to it',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          const now = await port.currentCursor(conn, resource, signal)
          const pages: PulledPage[] = []
          for await (const page of port.pull(conn, resource, cursor, signal)) pages.push(page)
          const moved = pages.some(({ places }) => places !== undefined)
          yield { ...NOTHING, cursor: moved ? now : null, labelsChanged: false }
          yield* pages
        },
      })),
    },
  },
  {
    name: 'expunges-not-compared',
    breaks: 'I1',
    what: 'where a server does not tell of expunges (no QRESYNC), nobody compares who is gone',
    substitutes: {
      provider: porting((port, scene) => ({
        async *pull(conn, resource, cursor, signal) {
          const told = imapOf(conn.email, resource, scene)?.age === 'qresync'
          for await (const page of port.pull(conn, resource, cursor, signal))
            yield told || !page.places ? page : { ...page, places: { ...page.places, gone: [] } }
        },
      })),
    },
  },
  {
    name: 'flags-not-compared',
    breaks: 'I1',
    what: 'where a server numbers no changes (no CONDSTORE), known places are not looked at again',
    substitutes: {
      provider: porting((port, scene) => ({
        async *pull(conn, resource, cursor, signal) {
          const plain = imapOf(conn.email, resource, scene)?.age === 'plain'
          for await (const page of port.pull(conn, resource, cursor, signal)) {
            if (!plain || !page.places) {
              yield page
              continue
            }
            const { epoch } = page.places
            const stored = await conn.places.range(resource, epoch, { first: 1, last: UID_LAST }, 500)
            const known = new Set(stored.map(({ uid }) => uid))
            const put = page.places.put.filter(({ uid }) => !known.has(uid))
            yield { ...page, places: { ...page.places, put } }
          }
        },
      })),
    },
  },
]
