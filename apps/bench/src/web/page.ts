import { createLiveMirror } from '@inlet/client/live-mirror'
import { threadKeys } from '@inlet/client/thread-keys'
import { createThreadList } from '@inlet/client/thread-list'
import type { FillPage, Upsert } from '@inlet/protocol/changes'
import { Dexie } from 'dexie'

/** What runs in the page: a cold mirror of the real client, and the same rows put into Dexie at once. Times in ms. */

const LIST = 50
const LIMIT_MS = 120_000

export type MirrorTimes = { firstListMs: number; wholeMs: number; messages: number; threads: number }
export type BulkTimes = { wholeMs: number; messages: number; threads: number }

let runs = 0

async function fillMirror(total: number): Promise<MirrorTimes> {
  const userId = `bench-${Date.now()}-${++runs}`
  const began = performance.now()
  const mirror = createLiveMirror({ userId })
  mirror.start()
  const list = createThreadList(mirror, { role: 'inbox', limit: LIST })
  let firstListMs = Number.NaN
  const leave = list.subscribe(() => {
    const { threads, loading } = list.getSnapshot()
    if (Number.isNaN(firstListMs) && !loading && threads.length >= LIST)
      firstListMs = performance.now() - began
  })
  try {
    await until(() => {
      const { fill, cursor } = mirror.state.getSnapshot()
      return cursor !== null && !fill.running && fill.done >= total
    })
    const wholeMs = performance.now() - began
    await until(() => !Number.isNaN(firstListMs))
    const [messages, threads] = await Promise.all([mirror.db.messages.count(), mirror.db.threads.count()])
    return { firstListMs, wholeMs, messages, threads }
  } finally {
    leave()
    await mirror.stop()
    await Dexie.delete(`inlet-${userId}`)
  }
}

/** The rows are here already and nothing is read back: only the writing is timed, one bulkPut a table in one transaction. */
async function bulkPut(): Promise<BulkTimes> {
  const rows = await allRows()
  const messages = rows.flatMap(change =>
    change.kind === 'message' ? [{ ...change.row, seq: change.seq }] : [],
  )
  const threads = rows.flatMap(change =>
    change.kind === 'thread' ? [{ ...change.row, seq: change.seq, keys: threadKeys(change.row) }] : [],
  )
  const db = new Dexie(`bulk-${Date.now()}-${++runs}`)
  db.version(1).stores({ messages: 'id, threadId', threads: 'id, lastMessageAt, *keys' })
  await db.open()
  try {
    const began = performance.now()
    await db.transaction('rw', ['messages', 'threads'], async () => {
      await db.table('messages').bulkPut(messages)
      await db.table('threads').bulkPut(threads)
    })
    return { wholeMs: performance.now() - began, messages: messages.length, threads: threads.length }
  } finally {
    await db.delete()
  }
}

let kept: Promise<Upsert[]> | null = null
function allRows(): Promise<Upsert[]> {
  kept ??= (async () => {
    const rows: Upsert[] = []
    for (let position: string | null = 'start'; position !== null; ) {
      const answer = await fetch(`/api/changes?before=${encodeURIComponent(position)}&limit=500`)
      const page = (await answer.json()) as FillPage
      rows.push(...page.changes)
      position = page.next
    }
    return rows
  })()
  return kept
}

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`Not there after ${LIMIT_MS} ms.`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

Object.assign(window, { bench: { fillMirror, bulkPut } })
