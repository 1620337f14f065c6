import { FILL_START, type FillPage } from '@inlet/protocol/changes'
import type { FillChunk } from './mirror.ts'

/** Rows of one fill transaction: 30 to 50 ms in Chromium on two busy cores. A live page waits no longer than that. */
const FILL_CHUNK = 350

/**
 * Cuts a page into transactions: what lists are made of, then the messages. Of the first page the first chunk is just
 * that, so that a list is there before its messages are. Never empty: an empty page moves the position too.
 */
export function fillChunks(page: FillPage, asked: string): Pick<FillChunk, 'changes' | 'reaches' | 'last'>[] {
  const messages = page.changes.filter(change => change.kind === 'message')
  const others = page.changes.filter(change => change.kind !== 'message')
  const rows = [...others, ...messages]
  const chunks: Pick<FillChunk, 'changes' | 'reaches' | 'last'>[] = []
  let start = 0
  do {
    const size = start === 0 && asked === FILL_START && others.length > 0 ? others.length : FILL_CHUNK
    const end = Math.min(rows.length, start + size)
    const changes = rows.slice(start, end)
    chunks.push({ changes, reaches: end >= others.length, last: end >= rows.length })
    start = end
  } while (start < rows.length)
  return chunks
}
