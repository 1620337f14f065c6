import { setTimeout as sleep } from 'node:timers/promises'
import { type ChangesPage, ChangesPage as PageSchema } from '@inlet/protocol/changes'
import type { Random } from '../random.ts'
import type { Person } from './person.ts'

/** What a plain reader of GET /api/changes has made of the feed. */
export type Followed = {
  cursor: number
  head: number
  /** By kind and id. */
  rows: Map<string, { seq: number; row: object }>
}

export const nothingFollowed = (): Followed => ({ cursor: 0, head: 0, rows: new Map() })

/** Takes in a page that was asked for with `state.cursor`; answers what is wrong with it, or null. */
export function follow(state: Followed, page: ChangesPage): string | null {
  const { cursor } = state
  if (page.after !== cursor) return `The page after ${cursor} says that it comes after ${page.after}.`
  if (page.head < state.head) return `The head went back from ${state.head} to ${page.head}.`
  let last = cursor
  for (const change of page.changes) {
    const key = `${change.kind} ${change.id}`
    if (change.seq <= last) return `${key} has seq ${change.seq}, after ${last}.`
    last = change.seq
    const known = state.rows.get(key)
    if (known && known.seq >= change.seq) return `${key} comes as ${change.seq} after ${known.seq}.`
    if (change.op === 'upsert') state.rows.set(key, { seq: change.seq, row: change.row })
    else state.rows.delete(key)
  }
  if (page.next < last) return `The page leads to ${page.next}, and holds seq ${last}.`
  if (page.next > page.head) return `The page leads to ${page.next}, beyond the head ${page.head}.`
  if (!page.more && page.next !== page.head)
    return `The last page leads to ${page.next}, the head is ${page.head}.`
  if (page.more && page.next <= cursor) return `There is more, and the page leads to ${page.next}.`
  state.cursor = page.next
  state.head = page.head
  return null
}

/** Reads the feed with a cursor of its own until aborted, in pages of many sizes. */
export async function followFeed(
  person: Person,
  random: Random,
  state: Followed,
  report: (what: string) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let more = false
    try {
      const limit = random.pick([3, 20, 200])
      const response = await person.request(`/api/changes?after=${state.cursor}&limit=${limit}`)
      const page = PageSchema.parse(await response.json())
      const wrong = follow(state, page)
      if (wrong) return report(wrong)
      more = page.more
    } catch (error) {
      if (/answered (400|410)/.test(String(error))) return report(`The follower was refused: ${error}`)
    }
    if (!more) await sleep(random.int(400, 1_200), undefined, { signal }).catch(() => {})
  }
}
