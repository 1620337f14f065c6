import { corpusFiles, readCorpusFile } from '@inlet/sandbox/corpus/files'
import { describe, expect, test } from 'vitest'
import { toPulledMessage } from '../src/imap/message.ts'
import { threadOf } from '../src/imap/threads.ts'

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

test('real conversations of the corpus come together, and nothing becomes one heap', {
  timeout: 60_000,
}, () => {
  const sizes = new Map<string, number>()
  for (const at of corpusFiles().keys()) {
    const placing = { id: `${at}`, threadId: '', version: 0n, labelIds: [] }
    const thread = threadOf(toPulledMessage(placing, {}, readCorpusFile(at), { bodies: false }))
    sizes.set(thread, (sizes.get(thread) ?? 0) + 1)
  }
  expect(Math.max(...sizes.values())).toBeLessThan(100)
  expect([...sizes.values()].filter(size => size > 1).length).toBeGreaterThan(300)
})
