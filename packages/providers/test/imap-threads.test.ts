import { corpusFiles, readCorpusFile } from '@inlet/sandbox/corpus/files'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toPulledMessage } from '../src/imap/message.ts'
import { threadOf } from '../src/imap/read.ts'
import { createThreads, type ThreadLinks, type ThreadRow, tokensOf } from '../src/imap/threads.ts'

const message = (id: string, references: string[] = [], inReplyTo: string | null = null): ThreadLinks => ({
  id,
  messageIdHeader: `<${id}>`,
  inReplyTo: inReplyTo && `<${inReplyTo}>`,
  references: references.map(each => `<${each}>`),
  addresses: [],
})

/** What the database would do: reads the rows a batch needs, writes those it gives back, renames messages' threads. */
function database() {
  const rows = new Map<string, ThreadRow>()
  const messages = new Map<string, string>()
  return {
    messages,
    commit(batch: ThreadLinks[]) {
      const named = new Set(batch.flatMap(tokensOf))
      const touched = new Set([...rows.values()].filter(row => named.has(row.token)).map(row => row.thread))
      const threads = createThreads([...rows.values()].filter(row => touched.has(row.thread)))
      for (const links of batch) threads.add(links)
      const { rows: written, becomes } = threads.changes()
      for (const row of written) rows.set(row.token, row)
      for (const [id, thread] of messages) messages.set(id, becomes.get(thread) ?? thread)
      for (const links of batch) messages.set(links.id, threads.threadOf(links))
    },
  }
}

const threadsOf = (batches: ThreadLinks[][]) => {
  const db = database()
  for (const batch of batches) db.commit(batch)
  return Object.fromEntries([...db.messages].sort(([a], [b]) => (a < b ? -1 : 1)))
}

describe('threads', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'unseen1', 'unseen2')
  const mailbox = fc.uniqueArray(
    fc.record({
      id: names,
      references: fc.array(names, { maxLength: 4 }),
      inReplyTo: fc.option(names),
      anonymous: fc.boolean(),
    }),
    { selector: ({ id }) => id, maxLength: 10 },
  )

  test('are the same whatever the order in which messages arrive, and however they are cut into batches', () => {
    fc.assert(
      fc.property(
        mailbox.chain(all =>
          fc.tuple(
            fc.constant(all),
            fc.shuffledSubarray(all, { minLength: all.length }),
            fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 10, maxLength: 10 }),
          ),
        ),
        ([all, shuffled, sizes]) => {
          const links = (each: (typeof all)[number]) => ({
            ...message(each.id, each.references, each.inReplyTo),
            ...(each.anonymous && { messageIdHeader: null }),
          })
          const expected = threadsOf([all.map(links)])
          const batches: ThreadLinks[][] = []
          const queue = shuffled.map(links)
          for (const size of [...sizes, 100]) batches.push(queue.splice(0, size))
          expect(threadsOf(batches)).toEqual(expected)
          // Seen again, a message changes nothing.
          expect(threadsOf([...batches, ...batches])).toEqual(expected)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('join exactly what is connected', () => {
    fc.assert(
      fc.property(mailbox, all => {
        const threads = threadsOf([all.map(each => message(each.id, each.references, each.inReplyTo))])
        const groups = new Map<string, number>()
        let next = 0
        const merge = (a: string, b: string) => {
          const [from, to] = [groups.get(a) ?? next++, groups.get(b) ?? next++]
          for (const [name, group] of groups) if (group === from) groups.set(name, to)
          groups.set(a, to).set(b, to)
        }
        for (const each of all)
          for (const other of [each.id, ...each.references, ...(each.inReplyTo ? [each.inReplyTo] : [])])
            merge(each.id, other)
        for (const a of all)
          for (const b of all)
            expect(threads[a.id] === threads[b.id]).toBe(groups.get(a.id) === groups.get(b.id))
      }),
    )
  })

  test('keep their id when answers come', () => {
    const db = database()
    db.commit([message('root')])
    const id = db.messages.get('root')
    for (let at = 0; at < 50; at += 1) {
      db.commit([message(`answer ${at}`, ['root', ...(at > 0 ? [`answer ${at - 1}`] : [])])])
      expect(new Set(db.messages.values())).toEqual(new Set([id]))
    }
  })

  test('become one when the message between them turns up', () => {
    const threads = createThreads()
    threads.add(message('a'))
    threads.add(message('c', ['b']))
    const [a, c] = [threads.threadOf(message('a')), threads.threadOf(message('c'))]
    expect(a).not.toBe(c)
    const later = createThreads(threads.changes().rows)
    later.add(message('b', ['a']))
    expect(later.changes().becomes).toEqual(new Map([[c, a]]))
    expect(later.threadOf(message('c'))).toBe(a)
  })

  test('are not joined by an address in In-Reply-To, nor by a missing Message-ID', () => {
    const links = (id: string): ThreadLinks => ({
      ...message(id, [], 'bo@example.org'),
      addresses: ['Bo@example.org'],
    })
    const anonymous = (id: string): ThreadLinks => ({ ...message(id), messageIdHeader: null })
    const all = Object.values(threadsOf([[links('a'), links('b'), anonymous('c'), anonymous('d')]]))
    expect(new Set(all).size).toBe(4)
  })
})

describe('threads of messages that are read one by one', () => {
  const read = (id: string, headers: string) => {
    const source = Buffer.from(`From: Ann <ann@example.org>\r\nTo: Bo <bo@example.org>\r\n${headers}\r\n`)
    const placing = { id, threadId: '', version: 0n, labelIds: [] }
    return threadOf(toPulledMessage(placing, {}, source, { bodies: false }))
  }

  test('are named after the oldest message that one of them names, in whatever order they come', () => {
    const first = read('1', 'Message-ID: <a@x>\r\n')
    expect(read('2', 'Message-ID: <b@x>\r\nIn-Reply-To: <a@x>\r\n')).toBe(first)
    expect(read('3', 'Message-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\nReferences: <a@x> <b@x>\r\n')).toBe(first)
    // An answer that names its own side instead of a message, and messages without a name, join nobody.
    const alone = [
      read('4', 'Message-ID: <d@x>\r\nIn-Reply-To: <Bo@example.org>\r\n'),
      read('5', 'Message-ID: <e@x>\r\nIn-Reply-To: <Bo@example.org>\r\n'),
      read('6', ''),
      read('7', ''),
    ]
    expect(new Set([first, ...alone]).size).toBe(5)
    expect(read('6', '')).toBe(alone[2])
  })
})

test('real conversations of the corpus come together, in either direction, and nothing becomes one heap', {
  timeout: 60_000,
}, () => {
  const all = corpusFiles().map((_, at) => {
    const { messageIdHeader, inReplyTo, references, from, to } = toPulledMessage(
      { id: `${at}`, threadId: '', version: 0n, labelIds: [] },
      {},
      readCorpusFile(at),
      { bodies: false },
    )
    const addresses = [from, ...to].map(({ email }) => email)
    return { id: `${at}`, messageIdHeader, inReplyTo, references, addresses }
  })
  const threads = createThreads()
  for (const links of all) threads.add(links)
  const backwards = createThreads()
  for (const links of all.toReversed()) backwards.add(links)
  const sizes = new Map<string, number>()
  for (const links of all) {
    const thread = threads.threadOf(links)
    expect(backwards.threadOf(links)).toBe(thread)
    sizes.set(thread, (sizes.get(thread) ?? 0) + 1)
  }
  expect(Math.max(...sizes.values())).toBeLessThan(100)
  expect([...sizes.values()].filter(size => size > 1).length).toBeGreaterThan(300)
})
