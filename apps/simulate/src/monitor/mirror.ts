import type { Browser } from '../browser.ts'
import type { TableName } from '../mirror-disk.ts'
import type { Watched } from './watched.ts'

/** After each transaction of a mirror: what its cursor says it has, it has (I3, I5). */
export function watchMirror(watched: Watched, browser: Browser): void {
  const feed = browser.feed()
  const user = watched.state.users.get(browser.userId)
  if (!feed || feed.cursor === null || !user) return
  const { cursor } = feed
  if (cursor > user.head)
    watched.violations.report('I5', `${browser.name} is at ${cursor}, the feed ends at ${user.head}.`)
  const beyond = (kind: string, seq: number) =>
    watched.violations.report('I4', `${browser.name} holds a ${kind} at ${seq}, beyond the head.`)
  // Rows at or below the head at which the fill began are complete only when it has ended.
  const filled = feed.fill.position === null
  for (const [kind, table, rows] of tablesOf(browser, user)) {
    let known = 0
    for (const [id, { seq }] of rows) {
      const held = table.get(id)
      if (held) known += 1
      if (held && held.seq > user.head) beyond(kind, held.seq)
      if (seq > cursor || held?.seq === seq || (!filled && held === undefined)) continue
      watched.violations.report(
        'I5',
        `${browser.name} is at ${cursor} and holds the ${kind} of seq ${seq} ${held ? `as of ${held.seq}` : 'not at all'}.`,
      )
    }
    if (known === table.size) continue
    for (const [id, held] of table) {
      if (rows.has(id)) continue
      if (held.seq > user.head) beyond(kind, held.seq)
      const tombstone = user.tombstones.get(`${kind} ${id}`)
      // One without a seq is of what was gone before it was stored, or whose own was pruned before it was asked for again.
      if ((tombstone?.seq ?? user.floor) > cursor) continue
      watched.violations.report(
        'I5',
        `${browser.name} is at ${cursor} and still holds a ${kind} that was deleted at ${tombstone?.seq ?? 'a pruned seq'}.`,
      )
    }
  }
}

type Rows = ReadonlyMap<string, { seq: number }>
/** A mirror's tables, each with the rows of which it is a copy. */
export function tablesOf(
  browser: Browser,
  user: { accounts: Rows; labels: Rows; messages: Rows; threads: Rows },
): ['account' | 'label' | 'message' | 'thread', Rows, Rows][] {
  const table = (name: TableName) => browser.disk.table(name) as ReadonlyMap<string, unknown> as Rows
  return [
    ['account', table('accounts'), user.accounts],
    ['label', table('labels'), user.labels],
    ['message', table('messages'), user.messages],
    ['thread', table('threads'), user.threads],
  ]
}
