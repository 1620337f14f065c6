import type { IndexedHeaders } from '../mailbox/header-index.ts'
import type { StoredLabel } from '../mailbox/types.ts'
import type { Random } from '../random.ts'
import type { CorpusSet } from './files.ts'

/** Mailing lists of the corpus, by the start of their List-Id, and the folder a subscriber would use. */
const LISTS: readonly (readonly [prefix: string, folder: string])[] = [
  ['fork.', 'Lists/FoRK'],
  ['rpm-', 'Lists/rpm'],
  ['ilug.', 'Lists/ILUG'],
  ['spamassassin-', 'Lists/SpamAssassin'],
  ['exmh-', 'Lists/exmh'],
  ['razor-', 'Lists/Razor'],
  ['social.', 'Lists/Social'],
  ['secprog.', 'Lists/Security'],
]
const FEEDS = 'Feeds'
const NEWSLETTERS = 'Newsletters'

export interface Folders {
  labels: StoredLabel[]
  byName: Map<string, string>
}

/** Creates the user labels that the chosen messages need, in a fixed order. */
export function foldersOf(headers: readonly IndexedHeaders[]): Folders {
  const names =
    headers.length === 0 ? [] : [...new Set(LISTS.map(([, folder]) => folder)), FEEDS, NEWSLETTERS]
  const labels = names.map((name, i) => ({ id: `label_${i + 1}`, name }))
  return { labels, byName: new Map(labels.map(label => [label.name, label.id])) }
}

interface Subject {
  set: CorpusSet
  headers: IndexedHeaders
  /** 0 is the newest message, 1 the oldest. */
  recency: number
  folders: Folders
}

export function labelsFor({ set, headers, recency, folders }: Subject, random: Random): string[] {
  const unread = random.chance(recency < 0.08 ? 0.8 : 0.01)
  const mark = unread ? ['unread'] : []
  if (set.startsWith('spam') && !random.chance(0.02)) return ['spam', ...mark]
  // The corpus was collected by one subscriber, whose own posts carry these masked addresses.
  if (/\b(yyyy|zzzz|jm)@/i.test(headers.index.from)) return ['sent']
  if (random.chance(0.006)) return ['trash', ...mark]

  const folder = folderOf(set, headers)
  const labels = folder ? [folders.byName.get(folder) ?? ''].filter(Boolean) : []
  const keep = recency < 0.15 ? (folder ? 0.7 : 1) : folder ? 0.15 : 0.5
  if (random.chance(keep)) labels.unshift('inbox', categoryOf(folder, random))
  if (random.chance(0.015)) labels.push('starred')
  if (random.chance(folder ? 0.03 : 0.2)) labels.push('important')
  return [...labels, ...mark]
}

function folderOf(set: CorpusSet, headers: IndexedHeaders): string | undefined {
  const list = LISTS.find(([prefix]) => headers.listId.startsWith(prefix))
  if (list) return list[1]
  if (/rssfeeds@/.test(headers.index.from)) return FEEDS
  return set === 'hard-ham-1' ? NEWSLETTERS : undefined
}

function categoryOf(folder: string | undefined, random: Random): string {
  if (folder === undefined) return 'category_personal'
  if (folder === FEEDS) return 'category_updates'
  if (folder === NEWSLETTERS) return random.chance(0.7) ? 'category_promotions' : 'category_updates'
  return folder === 'Lists/Social' ? 'category_social' : 'category_forums'
}
