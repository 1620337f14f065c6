import { corpusMailbox } from '../../corpus/fill.ts'
import type { StoredMessage } from '../../mailbox/types.ts'
import { seeded } from '../../random.ts'
import type { StoredFolder, StoredItem } from './types.ts'
import { FIRST_FOLDER_NUMBER, wellKnownFolders } from './well-known.ts'

interface Filled {
  items: StoredItem[]
  folders: StoredFolder[]
  /** The newest change number used. */
  history: number
  nextFolder: number
}

/** The corpus as an Outlook mailbox: labels become folders, `Lists/FoRK` a folder within a folder. */
export function filledMailbox(options: {
  count: number
  now: number
  seed: number
  firstHistory: number
}): Filled {
  const random = seeded(`outlook:${options.seed}`)
  const folders = wellKnownFolders()
  const none = { messages: [], labels: [], history: options.firstHistory }
  const corpus = options.count > 0 ? corpusMailbox({ ...options, part: 'oldest' }) : none
  let number = FIRST_FOLDER_NUMBER
  const byPath = new Map<string, string>()
  const folderAt = (path: string): string => {
    const known = byPath.get(path)
    if (known !== undefined) return known
    const cut = path.lastIndexOf('/')
    const parent = cut === -1 ? 'msgfolderroot' : folderAt(path.slice(0, cut))
    const folder = { key: `folder_${number}`, number, name: path.slice(cut + 1), parent, hidden: false }
    number++
    folders.push(folder)
    byPath.set(path, folder.key)
    return folder.key
  }
  const byLabel = new Map(corpus.labels.map(label => [label.id, folderAt(label.name)]))
  const items = corpus.messages.map(message =>
    itemOf(message, folderOf(message, byLabel), random.chance(0.03)),
  )
  return { items, folders, history: corpus.history, nextFolder: number }
}

/** A message with an inbox label and a list's label is in the inbox: Outlook files it once. */
function folderOf({ labels }: StoredMessage, byLabel: ReadonlyMap<string, string>): string {
  if (labels.includes('spam')) return 'junkemail'
  if (labels.includes('trash')) return 'deleteditems'
  if (labels.includes('sent')) return 'sentitems'
  if (labels.includes('inbox')) return 'inbox'
  const own = labels.find(label => byLabel.has(label))
  return byLabel.get(own ?? '') ?? 'archive'
}

function itemOf(message: StoredMessage, folder: string, categorised: boolean): StoredItem {
  const { id, threadId, labels, date, history, size, raw, index } = message
  return {
    id,
    threadId,
    folder,
    moves: 0,
    date,
    sent: date,
    created: date,
    modified: date,
    change: history,
    draft: false,
    categories: categorised ? ['Blue category'] : [],
    size,
    raw,
    index,
    ...marksOf(labels),
  }
}

/** The sandbox's labels as Outlook's marks. */
export function marksOf(
  labels: readonly string[],
): Pick<StoredItem, 'read' | 'flag' | 'importance' | 'focused'> {
  const others = ['category_promotions', 'category_social', 'category_updates', 'category_forums']
  return {
    read: !labels.includes('unread'),
    flag: labels.includes('starred') ? 'flagged' : 'notFlagged',
    importance: labels.includes('important') ? 'high' : 'normal',
    focused: !labels.some(label => others.includes(label)),
  }
}
