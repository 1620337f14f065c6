import { createHash } from 'node:crypto'

/**
 * Threads for servers that have none of their own: messages belong together that name each other in Message-ID,
 * References or In-Reply-To, directly or through others (JWZ without its merging by subject, which depends on what came
 * first).
 *
 * The unit is not the message but the Message-ID, whether or not its message was ever seen: a set of Message-IDs that
 * belong together is a thread, and a message joins all those it names (union-find). The thread's id is that of its root:
 * the one Message-ID in the set that nobody knows a parent of. With several such, or none, the least by hash. Both
 * depend on which messages were seen and not on their order, and a reply never changes the id of the thread it joins,
 * since it brings its own parent with it. Ids change only where an older part of a conversation turns up: then one
 * thread *becomes* another, and its rows are moved.
 *
 * To store: one row `(account, token, thread, root)` for each Message-ID. A batch of messages needs the rows of
 * `tokensOf` them and all rows of the threads of those; it gives back rows to write and threads to rename, in the
 * transaction that writes the messages. Deleting a message deletes no row: what it joined stays together.
 */
export type ThreadLinks = {
  /** The message's own id, which stands in for a missing Message-ID. */
  id: string
  messageIdHeader: string | null
  inReplyTo: string | null
  references: readonly string[]
  /** Of its people: some programs put an address in brackets into In-Reply-To, and would join all mail to it. */
  addresses: readonly string[]
}

export type ThreadRow = {
  token: string
  thread: string
  /** Nothing that was seen says that it answers something. */
  root: boolean
}

export type ThreadChanges = {
  rows: ThreadRow[]
  /** Threads that are no more, each with the one in whose place it is. */
  becomes: Map<string, string>
}

export type Threads = {
  /** Joins a message. Its thread may be renamed by later ones; ask `threadOf` when all of a batch are in. */
  add(links: ThreadLinks): void
  threadOf(links: ThreadLinks): string
  /** Everything that is different from the rows it was made with. */
  changes(): ThreadChanges
}

/** What must be looked up for a message: first its own token, then those of its ancestors, the oldest first. */
export function tokensOf(links: ThreadLinks): string[] {
  const own = links.messageIdHeader ?? `no Message-ID: ${links.id}`
  const people = new Set(links.addresses.map(address => `<${address.toLowerCase()}>`))
  const ancestors = [...links.references, ...(links.inReplyTo === null ? [] : [links.inReplyTo])]
  const named = ancestors.filter(id => id.length > 2 && id !== own && !people.has(id.toLowerCase()))
  return [...new Set([own, ...named])].map(token)
}

const token = (messageId: string): string =>
  createHash('sha256').update(messageId).digest('base64url').slice(0, 22)

type Group = { members: Set<string>; stored: Set<string> }

export function createThreads(stored: Iterable<ThreadRow> = []): Threads {
  const before = new Map([...stored].map(row => [row.token, row]))
  const groups = new Map<string, Group>()
  const answers = new Set<string>()
  const byThread = new Map<string, Group>()
  for (const row of before.values()) {
    const group = byThread.get(row.thread) ?? { members: new Set(), stored: new Set([row.thread]) }
    byThread.set(row.thread, group)
    group.members.add(row.token)
    groups.set(row.token, group)
    if (!row.root) answers.add(row.token)
  }

  function groupOf(member: string): Group {
    const group = groups.get(member) ?? { members: new Set([member]), stored: new Set() }
    groups.set(member, group)
    return group
  }

  function join(a: Group, b: Group): Group {
    if (a === b) return a
    const [small, large] = a.members.size < b.members.size ? [a, b] : [b, a]
    for (const member of small.members) {
      large.members.add(member)
      groups.set(member, large)
    }
    for (const thread of small.stored) large.stored.add(thread)
    return large
  }

  function nameOf({ members }: Group): string {
    let root: string | null = null
    let any: string | null = null
    for (const member of members) {
      if (any === null || member < any) any = member
      if (!answers.has(member) && (root === null || member < root)) root = member
    }
    return `T${root ?? any ?? ''}`
  }

  return {
    add(links) {
      const [own = '', ...ancestors] = tokensOf(links)
      let group = groupOf(own)
      for (const each of ancestors) group = join(group, groupOf(each))
      // Each but the oldest answers the one before it.
      for (const each of [...ancestors.slice(1), ...(ancestors.length > 0 ? [own] : [])]) answers.add(each)
    },
    threadOf: links => nameOf(groupOf(tokensOf(links)[0] ?? '')),
    changes() {
      const rows: ThreadRow[] = []
      const becomes = new Map<string, string>()
      for (const group of new Set(groups.values())) {
        const thread = nameOf(group)
        for (const old of group.stored) if (old !== thread) becomes.set(old, thread)
        for (const member of group.members) {
          const row = { token: member, thread, root: !answers.has(member) }
          const old = before.get(member)
          if (old?.thread !== row.thread || old.root !== row.root) rows.push(row)
        }
      }
      return { rows, becomes }
    },
  }
}
