import type { MailProvider } from '@inlet/sync/engine'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { ProviderPort } from '@inlet/sync/provider-port'
import type { Mutant } from './mutant.ts'

const porting =
  (change: (port: ProviderPort) => Partial<ProviderPort>) =>
  (inner: MailProvider): MailProvider => ({ ...inner, port: { ...inner.port, ...change(inner.port) } })

/** Bugs in how the provider's answers are taken. */
export const providerMutants: Mutant[] = [
  {
    name: 'batch-error-as-deletion',
    breaks: 'I7',
    what: 'an item that failed in its batch is taken for gone',
    substitutes: {
      provider: porting(port => ({
        async *fetch(conn, resource, ids, options, signal) {
          for await (const fetched of port.fetch(conn, resource, ids, options, signal))
            yield fetched.outcome === 'failed' ? { id: fetched.id, outcome: 'missing' } : fetched
        },
      })),
    },
  },
  {
    name: 'bad-item-blocks-all',
    breaks: 'I10',
    what: 'one item that cannot be read fails the whole run',
    substitutes: {
      provider: porting(port => ({
        async *fetch(conn, resource, ids, options, signal) {
          for await (const fetched of port.fetch(conn, resource, ids, options, signal)) {
            if (fetched.outcome === 'failed') throw new ProviderError('permanent', fetched.message)
            yield fetched
          }
        },
      })),
    },
  },
  {
    name: 'cursor-of-first-page',
    breaks: 'I1',
    what: 'the newest cursor is committed with the first page of the history',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          const newest = await port.currentCursor(conn, resource, signal)
          for await (const page of port.pull(conn, resource, cursor, signal))
            yield { ...page, cursor: page.cursor ?? newest }
        },
      })),
    },
  },
  {
    name: 'gap-capped',
    breaks: 'I1',
    what: 'only the first pages of a long history are read, then the cursor jumps ahead',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          for await (const page of port.pull(conn, resource, cursor, signal)) {
            if (page.cursor !== null) return yield page
            return yield { ...page, cursor: await port.currentCursor(conn, resource, signal) }
          }
        },
      })),
    },
  },
  {
    name: 'send-twice',
    breaks: 'I4',
    what: 'a mail whose answer was lost is sent again under another id',
    substitutes: {
      provider: (inner, { clock }) =>
        porting(port => ({
          mutate: (conn, change, signal) =>
            port.mutate(
              conn,
              'clientId' in change ? { ...change, clientId: `${change.clientId}${clock.now()}` } : change,
              signal,
            ),
        }))(inner),
    },
  },
  {
    name: 'label-sets-not-walked',
    breaks: 'I9',
    what: 'a resync compares which messages there are and not their labels',
    substitutes: {
      provider: porting(port => ({
        listings: async (conn, resource, signal) => (await port.listings(conn, resource, signal)).slice(0, 1),
      })),
    },
  },
  {
    name: 'empty-answer-for-expired',
    breaks: 'I9',
    what: 'an expired cursor is answered with an empty success',
    substitutes: {
      provider: porting(port => ({
        async *pull(conn, resource, cursor, signal) {
          try {
            yield* port.pull(conn, resource, cursor, signal)
          } catch (error) {
            if (!(error instanceof ProviderError && error.kind === 'cursor_expired')) throw error
            const now = await port.currentCursor(conn, resource, signal)
            yield { upserts: [], touched: [], patches: [], deletions: [], cursor: now, labelsChanged: false }
          }
        },
      })),
    },
  },
]
