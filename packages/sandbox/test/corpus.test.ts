import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'
import { corpusFiles, readCorpusFile } from '../src/corpus/files.ts'
import { corpusMailbox } from '../src/corpus/fill.ts'
import { messageResource } from '../src/google/gmail/message-resource.ts'
import { ANNA, gmailFor, sandboxForTest } from './helpers.ts'

const NOW = Date.UTC(2026, 10, 21)

test('the whole corpus is there, and every message of it can be read in full', async () => {
  expect(corpusFiles()).toHaveLength(6046)
  const sandbox = await sandboxForTest({ accounts: [{ email: ANNA, messages: 'all' }] })
  const mailbox = sandbox.control.mailbox(ANNA)
  expect(mailbox.size).toBe(6046)
  const gmail = gmailFor(sandbox)
  expect((await gmail.users.getProfile({ userId: 'me' })).data.messagesTotal).toBe(6046)
  let bodies = 0
  for (const message of mailbox.all()) {
    const { payload } = messageResource(mailbox, message, 'full')
    if (payload?.body?.data || payload?.parts) bodies++
  }
  expect(bodies).toBeGreaterThan(6000)
}, 60_000)

test('the mailbox looks lived in: newest minutes ago, order kept, threads, labels', () => {
  const { messages, labels } = corpusMailbox({
    count: Number.POSITIVE_INFINITY,
    now: NOW,
    seed: 1,
    firstHistory: 1,
  })
  const dates = messages.map(m => m.date)
  expect(dates).toEqual([...dates].sort((a, b) => a - b))
  expect(NOW - (dates.at(-1) ?? 0)).toBeLessThan(10 * 60_000)
  const share = (label: string): number =>
    messages.filter(m => m.labels.includes(label)).length / messages.length
  expect(share('unread')).toBeGreaterThan(0.05)
  expect(share('unread')).toBeLessThan(0.1)
  expect(share('inbox')).toBeGreaterThan(0.15)
  expect(share('spam')).toBeGreaterThan(0.25)
  for (const label of [
    'sent',
    'starred',
    'important',
    'category_forums',
    'category_promotions',
    'category_updates',
  ]) {
    expect([label, share(label) > 0]).toEqual([label, true])
  }
  expect(messages.some(m => m.labels.includes('spam') && m.labels.includes('inbox'))).toBe(false)
  expect(labels.map(label => label.name)).toContain('Lists/ILUG')
  const threads = new Set(messages.map(m => m.threadId)).size
  expect(threads).toBeGreaterThan(3000)
  expect(threads).toBeLessThan(5000)
})

test('the same seed, time and count give the same mailbox; fewer messages are the newest', () => {
  const make = (seed: number) => corpusMailbox({ count: 200, now: NOW, seed, firstHistory: 1 }).messages
  expect(make(3)).toEqual(make(3))
  expect(make(4).map(m => m.id)).not.toEqual(make(3).map(m => m.id))
  expect(make(3)).toHaveLength(200)
})

test('raw messages are the file’s bytes without the mbox envelope line', async () => {
  const raw = readCorpusFile(0)
  expect(raw.toString('latin1', 0, 12)).toBe('Return-Path:')
  const parsed = await new PostalMime().parse(raw)
  expect(parsed.subject).toBe('Re: New Sequences Window')
})
