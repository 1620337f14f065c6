import { plan } from '@inlet/sync/plan'
import type { Mutant } from './mutant.ts'

/** Bugs in how states are merged. */
export const planMutants: Mutant[] = [
  {
    name: 'older-state-wins',
    breaks: 'I4',
    what: 'the version of what was fetched is not compared: what comes last is taken for newest',
    substitutes: {
      plan: (stored, batch) => {
        const messages = new Map(
          [...stored.messages].map(([id, message]) => [id, { ...message, version: 0n }]),
        )
        return plan({ ...stored, messages }, batch)
      },
    },
  },
  {
    name: 'version-compare-inverted',
    breaks: 'I4',
    what: 'of two states the older is kept',
    substitutes: {
      plan: (stored, batch) => {
        const flip = <T extends { version: bigint }>(item: T): T => ({
          ...item,
          version: 1_000_000n - item.version,
        })
        const messages = new Map([...stored.messages].map(([id, message]) => [id, flip(message)]))
        const patches = batch.patches.map(flip)
        const writes = plan({ ...stored, messages }, { ...batch, patches, upserts: batch.upserts.map(flip) })
        return { ...writes, messages: writes.messages.map(flip), versions: writes.versions.map(flip) }
      },
    },
  },
  {
    name: 'tombstones-ignored-by-planner',
    breaks: 'I7',
    what: 'a listing in flight brings a deleted message back',
    substitutes: { plan: (stored, batch) => plan({ ...stored, tombstones: new Map() }, batch) },
  },
  {
    name: 'replay-takes-seq',
    breaks: 'I4',
    what: 'a message that comes again is written again',
    substitutes: {
      plan: (stored, batch) => {
        const writes = plan(stored, batch)
        const written = new Set(writes.messages.map(write => write.row.id))
        const again = [...stored.messages.values()]
          .filter(
            message =>
              batch.upserts.some(upsert => upsert.id === message.providerId) && !written.has(message.row.id),
          )
          .map(message => ({ ...message, body: null, attachments: null }))
        return { ...writes, messages: [...writes.messages, ...again] }
      },
    },
  },
  {
    name: 'label-counts-drift',
    breaks: 'I4',
    what: 'a label change does not move the counts',
    substitutes: {
      plan: (stored, batch) => {
        const writes = plan(stored, batch)
        return batch.patches.length > 0 ? { ...writes, labelCounts: new Map() } : writes
      },
    },
  },
  {
    name: 'thread-not-derived-on-delete',
    breaks: 'I2',
    what: 'a thread keeps counting a message that is gone',
    substitutes: {
      plan: (stored, batch) => {
        const writes = plan(stored, batch)
        const gone = new Set(writes.deletions.map(({ id }) => stored.messages.get(id)?.row.threadId))
        return { ...writes, threads: writes.threads.filter(id => !gone.has(id)) }
      },
    },
  },
  {
    name: 'deletion-forgotten',
    breaks: 'I1',
    what: 'deletions of the history are not carried out',
    substitutes: { plan: (stored, batch) => plan(stored, { ...batch, deletions: [] }) },
  },
  {
    name: 'older-fetch-heals',
    breaks: 'I10',
    what: 'a state older than what is stored ends a failed item',
    substitutes: {
      plan: (stored, batch) => {
        const writes = plan(stored, batch)
        const all = batch.heals === false ? [] : batch.upserts
        return { ...writes, healed: all.map(({ id }) => ({ providerId: id, attempts: null })) }
      },
    },
  },
  {
    name: 'unlisted-label-without-row',
    breaks: 'I9',
    what: 'a label that no list has held becomes no row, so no resync looks for who carries it',
    substitutes: {
      plan: (stored, batch) => {
        const writes = plan(stored, batch)
        const listed = new Set(batch.labels?.map(label => label.id))
        return { ...writes, labels: writes.labels.filter(label => listed.has(label.providerId)) }
      },
    },
  },
  {
    name: 'overtaken-fetch-dropped',
    breaks: 'I9',
    what: 'a state that a change overtook while a listing fetched it is dropped, and not fetched again',
    substitutes: {
      plan: (stored, batch) => {
        const writes = plan(stored, batch)
        const failures = writes.failures.filter(({ code }) => code !== 'not_fetched')
        return batch.heals === false ? { ...writes, failures } : writes
      },
    },
  },
  {
    name: 'unstored-patch-dropped',
    breaks: 'I10',
    what: 'a label change on a message that could not be fetched is dropped with the message',
    substitutes: {
      plan: (stored, batch) => {
        const writes = plan(stored, batch)
        return {
          ...writes,
          failures: writes.failures.filter(({ code }) => code !== 'not_fetched' && code !== 'unparsable'),
        }
      },
    },
  },
]
